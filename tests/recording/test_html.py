"""A recording as one page: all of it is inside, and nothing of it is taken for a part of the page."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from qwen_dual.cli.replay_command import main
from qwen_dual.recording import html
from qwen_dual.recording.folder import RecordingError
from qwen_dual.recording.html import PageParts, html_of
from qwen_dual.recording.recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path

PARTS = PageParts(b"start();\n", b"main { margin: 0 }\n")
HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \u2028 ]]>"


def recording(folder: Path, text: str = "hello") -> Recorded:
    """A folder as ``qwen-dual record`` makes it, in which ``text`` is said and shown everywhere."""
    place = folder / "r"
    place.mkdir()
    header = {"version": 3, "term": {"cols": 80, "rows": 24}, "title": text, "idle_time_limit": 3}
    cast = [header, [0.5, "o", text], [0.5, "m", "seq=1 user"]]
    event = {"type": "user", "seq": 1, "message": {"content": [{"type": "text", "text": text}]}}
    lines = [json.dumps(event).encode(), b"not json", json.dumps({"type": text}).encode()]
    (place / "terminal.cast").write_text("".join(f"{json.dumps(line)}\n" for line in cast))
    (place / "events.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    entries = ({"t": 0.5, "offset": 0}, {"t": 1.25, "offset": len(lines[0]) + 1})
    (place / "index.jsonl").write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    (place / "meta.json").write_text(json.dumps({"command": [text]}))
    return Recorded(str(place))


def part(page: str, name: str) -> str:
    """What the page has packed under a name."""
    found = re.search(rf'id="recording-{name}">([^<]*)</script>', page)
    assert found is not None
    return gzip.decompress(base64.b64decode(found[1])).decode() if found[1] else ""


@pytest.mark.parametrize("text", ["hello", HOSTILE], ids=["plain", "hostile"])
def test_all_of_the_recording_is_in_the_page(tmp_path: Path, text: str) -> None:
    recorded = recording(tmp_path, text)
    page = html_of(recorded, parts=PARTS).decode()
    assert part(page, "cast") == (tmp_path / "r" / "terminal.cast").read_text()
    moments = [json.loads(line.partition(",")[0][1:]) for line in part(page, "events").splitlines()]
    assert moments == [0.5, 1.25, 1.25]
    assert part(page, "events").splitlines()[1] == "[1.250,not json]"
    assert json.loads(part(page, "meta")) == {"title": text, "idleLimit": 3.0}


def test_nothing_of_the_recording_stands_in_the_page_as_it_is(tmp_path: Path) -> None:
    pages = []
    for name, text in (("plain", "x"), ("hostile", HOSTILE)):
        folder = tmp_path / name
        folder.mkdir()
        page = html_of(recording(folder, text), parts=PARTS).decode()
        pages.append(re.sub(r'(id="recording-\w+">)[A-Za-z0-9+/=]*<', r"\1<", page))
    assert pages[0] == pages[1]


def test_the_policy_lets_only_the_pages_own_script_and_style_run(tmp_path: Path) -> None:
    page = html_of(recording(tmp_path), parts=PARTS).decode()
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    policy = dict(one.split(" ", 1) for one in found[1].split("; "))
    for kind, text in (("script-src", PARTS.script), ("style-src", PARTS.style)):
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        assert policy.pop(kind).split()[0] == f"'sha256-{digest}'"
        assert text.decode() in page
    assert policy == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert re.findall(r'(?:src|href)="', page) == []


def test_the_page_is_private_and_what_is_too_large_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recording(tmp_path, "x" * 10_000)
    monkeypatch.setattr(html, "page_parts", lambda: PARTS)
    path = tmp_path / "page.html"
    path.write_text("before")
    arguments = [str(tmp_path / "r"), "--html", str(path), "--idle-limit", "1.5"]
    with monkeypatch.context() as bounded:
        bounded.setattr(html, "MAX_BYTES", 20_000)
        assert main(arguments) == 1
    assert "more in it than a browser can show" in capsys.readouterr().err
    assert path.read_text() == "before"
    assert main(arguments) == 0
    assert f"{path}: 0.0 MB" in capsys.readouterr().err
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(part(path.read_text(), "meta"))["idleLimit"] == 1.5
    assert {entry.name for entry in tmp_path.iterdir()} == {"r", "page.html"}


def test_events_alone_make_a_page_too(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text('{"type":"user"}\n{"type":"result"}\n')
    page = html_of(Recorded(str(events)), parts=PARTS).decode()
    assert part(page, "cast") == ""
    assert part(page, "events") == '[null,{"type":"user"}]\n[null,{"type":"result"}]\n'


def test_who_cannot_write_there_is_told_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recording(tmp_path)
    monkeypatch.setattr(html, "page_parts", lambda: PARTS)
    assert main([str(tmp_path / "r"), "--html", str(tmp_path)]) == 1
    assert f"qwen-dual: {tmp_path}: is no regular file" in capsys.readouterr().err
    nowhere = tmp_path / "r" / "meta.json" / "page.html"
    assert main([str(tmp_path / "r"), "--html", str(nowhere)]) == 1
    assert f"qwen-dual: {nowhere}: Not a directory" in capsys.readouterr().err


def test_without_the_built_page_it_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwen_dual.recording.html.resources.files", lambda package: tmp_path)
    with pytest.raises(RecordingError, match="make page"):
        html_of(recording(tmp_path))
