"""Whatever writes a settings file leaves all else in it as its owner wrote it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.fs.projects import permissions_file
from qwen_dual.settings import keys
from qwen_dual.settings.choices import keep_choices
from qwen_dual.settings.editing import CannotKeep, edit_settings
from qwen_dual.settings.files import parse_object
from qwen_dual.settings.insertion import with_changes
from qwen_dual.settings.keep import keep_rule, keep_trust, save_provider

if TYPE_CHECKING:
    from collections.abc import Callable

RULE = "Bash(git log *)"
PROJECT = "/p"


@dataclass(frozen=True)
class Writer:
    """One that writes to a settings file below a home folder.

    Attributes:
        path: the file, from the home folder.
        write: writes.
        wrote: what it put in, from what the file holds.
        private: nobody else may read the file afterwards.
    """

    path: Callable[[str], str]
    write: Callable[[str], object]
    wrote: Callable[[dict[str, Any]], object]
    private: bool = False


def own(home: str) -> str:
    return os.path.join(home, "settings.json")


def provider(home: str) -> None:
    save_provider(own(home), "openai", {"id": "m", "baseUrl": "http://h/v1"}, "MY_KEY", "secret")


WRITERS = {
    "choice": Writer(
        own,
        lambda home: keep_choices(home, {keys.THEME: "dark"}),
        lambda found: found["ui"]["theme"] == "dark",
    ),
    "rule": Writer(
        own,
        lambda home: keep_rule(RULE, "user", PROJECT, home),
        lambda found: found["permissions"]["allow"][-1] == RULE,
    ),
    "project rule": Writer(
        lambda home: permissions_file(home, PROJECT),
        lambda home: keep_rule(RULE, "project", PROJECT, home),
        lambda found: found[PROJECT]["permissions"]["allow"] == [RULE],
    ),
    "provider": Writer(
        own,
        provider,
        lambda found: (
            found["modelProviders"]["openai"][-1]["id"] == "m"
            and found["env"]["MY_KEY"] == "secret"
            and found["model"]["name"] == "m"
        ),
        private=True,
    ),
    "trust": Writer(
        lambda home: os.path.join(home, "trustedFolders.json"),
        lambda home: keep_trust(home, PROJECT, "TRUST_FOLDER", home),
        lambda found: found[PROJECT] == "TRUST_FOLDER",
        private=True,
    ),
}

COMMENTED = """\
// mine
{
  // what may run
  "permissions": {
    "allow": [
      "Bash(ls)", // to look around
    ],
    deny: ["Read(.env)"], /* never */
  },
  "ui": { "theme": "light" /* by day */, hideTips: true }, // looks
  "modelProviders": {
    "openai": [
      { "id": "mine", "baseUrl": "http://mine/v1" }, // the old one
    ],
  },
  'model': { "name": "mine" },
}
// the end
"""

TEXTS = {
    "comments and trailing commas": COMMENTED,
    "line ends of Windows": COMMENTED.replace("\n", "\r\n"),
    "mixed line ends": COMMENTED.replace("{\n", "{\r\n"),
    "a byte order mark": "\ufeff" + COMMENTED,
    "nothing": "",
    "blanks": "\n\n",
    "a comment only": "// nothing yet",
    "one line": '{"ui": {"theme": "light"}, "permissions": {"allow": ["Bash(ls)"]}}',
    "tabs": '{\n\t"permissions": {\n\t\t"allow": []\n\t}\n}',
    "null": '{"permissions": null, "ui": null, "model": null, "env": null}',
}


def comments(text: str) -> list[str]:
    return re.findall(r"//[^\r\n\"]*|/\*.*?\*/", text.replace("http://", ""))


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest) -> Writer:
    return WRITERS[request.param]


def place(writer: Writer, home: Path, raw: bytes) -> str:
    path = writer.path(str(home))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(raw)
    os.chmod(path, 0o640)
    return path


@pytest.mark.parametrize("kind", TEXTS)
def test_all_else_in_the_file_stays(writer: Writer, tmp_path: Path, kind: str) -> None:
    before = TEXTS[kind]
    path = place(writer, tmp_path, before.encode())
    writer.write(str(tmp_path))
    with open(path, "rb") as file:
        after = file.read().decode()
    assert after.startswith("\ufeff") == before.startswith("\ufeff")
    found = parse_object(path, after.removeprefix("\ufeff"))
    assert writer.wrote(found)
    assert comments(after) == comments(before)
    if "\r\n" in before and "\n" not in before.replace("\r\n", ""):
        assert "\n" not in after.replace("\r\n", "")
    known = {line.strip().rstrip(",") for line in after.splitlines()}
    kept = [line.strip().rstrip(",") for line in before.splitlines() if "theme" not in line]
    if "\n" in before.strip():
        changed = ("mine" in line or "}" in line or "[" in line for line in kept)
        assert all(line in known for line, may in zip(kept, changed, strict=True) if not may)
    mode = stat.S_IMODE(os.stat(path).st_mode)
    assert mode == (0o600 if writer.private else 0o640)
    assert [name for name in os.listdir(os.path.dirname(path)) if name.endswith(".tmp")] == []
    writer.write(str(tmp_path))
    with open(path, "rb") as file:
        assert file.read().decode() == after, "the same once more changes nothing"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{\n  "ui": {\n  oops\n}', "does not parse at line 4"),
        ('{"a": 1}}', "does not parse at line 1, column"),
        ("[1]", "expected an object, not list"),
        ("\udcff", "is not UTF-8 at its byte 0"),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_never_overwritten(
    writer: Writer, tmp_path: Path, text: str, why: str
) -> None:
    raw = text.encode("utf-8", "surrogateescape")
    path = place(writer, tmp_path, raw)
    with pytest.raises(CannotKeep) as caught:
        writer.write(str(tmp_path))
    told = str(caught.value)
    assert f"{path} {why}" in told
    assert "it is left as it is: mend it and try again, or add " in told
    assert "secret" not in told
    with open(path, "rb") as file:
        assert file.read() == raw
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


def test_a_symbolic_link_stays_one_whether_or_not_it_leads_anywhere(
    writer: Writer, tmp_path: Path
) -> None:
    home, there = tmp_path / "home", tmp_path / "dotfiles" / "x.json"
    there.parent.mkdir()
    path = writer.path(str(home))
    os.makedirs(os.path.dirname(path))
    os.symlink(there, path)
    for _ in range(2):
        writer.write(str(home))
        assert os.path.islink(path)
        assert writer.wrote(parse_object("x", there.read_text()))
        there.write_text("{} // mine")
    assert not (there.parent / "copies").exists()


def test_a_new_file_is_private(writer: Writer, tmp_path: Path) -> None:
    writer.write(str(tmp_path / "home"))
    path = writer.path(str(tmp_path / "home"))
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path) as file:
        assert writer.wrote(json.load(file))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": 1, "b": 2}', '{"b": 2}'),
        ('{"b": 2, "a": 1}', '{"b": 2}'),
        ('{\n  "a": 1, // one\n  "b": 2\n}\n', '{\n  "b": 2\n}\n'),
        ('{\n  "b": 2, // two\n  "a": 1 // one\n}\n', '{\n  "b": 2 // two\n}\n'),
        ('{"a": 1, "b": 2, "a": {"c": [1]},}', '{"b": 2, }'),
        ('{"a": 1}', "{}"),
    ],
)
def test_what_is_taken_out_takes_its_line_and_comma_along(before: str, after: str) -> None:
    held = parse_object("x", before)
    made = with_changes(before, held, {name: held[name] for name in held if name != "a"})
    assert made == after


def test_what_the_editor_misreads_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    raw = b'{"a": 1, // old line ends\r"b": 2}'
    file.write_bytes(raw)
    with pytest.raises(CannotKeep, match="not understood; do it by hand"):
        edit_settings(str(file), lambda values: values.update(b=3), "do it by hand")
    assert file.read_bytes() == raw


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)
objects = st.dictionaries(st.sampled_from(["a", "b", "c", "x:y", '"', "//"]), values, max_size=5)


@given(objects, objects, st.sampled_from([None, 1, 2, "\t"]), st.booleans())
def test_any_object_becomes_any_other(
    before: dict[str, object], after: dict[str, object], indent: int | str | None, commas: bool
) -> None:
    text = json.dumps(before, indent=indent)
    if commas and indent is not None:
        text = re.sub(r"(?<=[^\s\[{,])(?=\n\s*[}\]])", ",", text)
    assert parse_object("x", with_changes(text, before, after)) == after


def test_sessions_that_change_it_at_the_same_moment_lose_none(tmp_path: Path) -> None:
    path, names = str(tmp_path / "settings.json"), [f"name{n}" for n in range(12)]
    start = threading.Barrier(len(names))

    def session(name: str) -> None:
        start.wait(10)
        edit_settings(path, lambda values: values.update({name: 1}), "")

    threads = [threading.Thread(target=session, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert json.loads(Path(path).read_text()) == dict.fromkeys(names, 1)


def test_a_session_that_never_ends_its_change_holds_nobody_up(tmp_path: Path) -> None:
    stuck = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(stuck, fcntl.LOCK_EX)
    try:
        edit_settings(own(str(tmp_path)), lambda values: values.update(a=1), "")
    finally:
        os.close(stuck)
    assert json.loads((tmp_path / "settings.json").read_text()) == {"a": 1}
