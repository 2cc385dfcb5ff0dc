"""The prompts of a folder on disk: private, bounded, without keys, each folder its own."""

from __future__ import annotations

import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.chats import prompt_history
from qwen_dual.chats.prompt_history import PromptHistory
from qwen_dual.core.prompts.prompt import Entered
from qwen_dual.core.secrets import Secrets
from qwen_dual.fs.private import open_checked

if TYPE_CHECKING:
    from pathlib import Path


def history(home: Path, cwd: str = "/w/app", secrets: Secrets | None = None) -> PromptHistory:
    return PromptHistory(str(home), cwd, (secrets or Secrets()).scrub)


def texts(found: list[Entered]) -> list[str]:
    return [entered.text for entered in found]


def files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


def test_a_later_session_has_what_an_earlier_one_sent(tmp_path: Path) -> None:
    assert history(tmp_path).load() == []
    sent = [
        Entered("run the tests"),
        Entered("ls -la", shell=True),
        Entered(
            "see [Pasted text #1 +20 lines]", pastes={"[Pasted text #1 +20 lines]": "a\n" * 20}
        ),
    ]
    first = history(tmp_path)
    for entered in sent:
        first.append(entered)
    assert history(tmp_path).load() == sent


def test_its_file_and_folder_are_this_users_alone(tmp_path: Path) -> None:
    home = tmp_path / ".qwen"
    history(home).append(Entered("x"))
    (file,) = files(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_file_that_others_may_read_is_made_private(tmp_path: Path) -> None:
    history(tmp_path).append(Entered("x"))
    (file,) = files(tmp_path)
    file.chmod(0o644)
    assert texts(history(tmp_path).load()) == ["x"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_in_its_place_is_neither_read_nor_written(tmp_path: Path) -> None:
    history(tmp_path).append(Entered("x"))
    (file,) = files(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    with pytest.raises(OSError):
        history(tmp_path).load()
    with pytest.raises(OSError):
        history(tmp_path).append(Entered("y"))
    assert elsewhere.read_bytes() == before


def test_keys_in_use_are_not_kept(tmp_path: Path) -> None:
    secrets = Secrets()
    secrets.add("sk-verysecret", "API key")
    entered = Entered("use sk-verysecret", pastes={"[p]": "KEY=sk-verysecret"})
    history(tmp_path, secrets=secrets).append(entered)
    assert all(b"sk-verysecret" not in file.read_bytes() for file in files(tmp_path))
    assert texts(history(tmp_path).load()) == ["use [API key]"]


def test_folders_whose_names_on_disk_are_the_same_have_entries_of_their_own(tmp_path: Path) -> None:
    history(tmp_path, "/w/my.app").append(Entered("dot"))
    history(tmp_path, "/w/my-app").append(Entered("dash"))
    assert len(files(tmp_path)) == 1
    assert texts(history(tmp_path, "/w/my.app").load()) == ["dot"]
    assert texts(history(tmp_path, "/w/my-app").load()) == ["dash"]


def test_it_is_bounded_and_keeps_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt_history, "MAX_FILE", 4096)
    kept = history(tmp_path)
    for number in range(300):
        kept.append(Entered(f"prompt {number}"))
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 2 * 4096
    found = texts(history(tmp_path).load())
    assert found == [f"prompt {number}" for number in range(300 - len(found), 300)]
    assert len(found) > 20


def test_an_entry_that_is_too_long_is_not_kept(tmp_path: Path) -> None:
    history(tmp_path).append(Entered("x" * 100_000))
    assert history(tmp_path).load() == []


@pytest.mark.parametrize(
    "line",
    [b'{"text": "cut o', b"[]", b'{"cwd": "/w/app"}', b'{"text": 1, "cwd": "/w/app"}', b"\xff"],
)
def test_a_line_that_cannot_be_read_costs_itself_alone(tmp_path: Path, line: bytes) -> None:
    kept = history(tmp_path)
    kept.append(Entered("before"))
    (file,) = files(tmp_path)
    with file.open("ab") as out:
        out.write(line + b"\n")
    kept.append(Entered("after"))
    assert texts(history(tmp_path).load()) == ["before", "after"]


def test_sessions_that_find_the_file_full_at_once_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = [history(tmp_path) for _ in range(8)]
    long, fit = "x" * 30_000, 17  # the next one does not fit any more
    for _ in range(fit):
        sessions[0].append(Entered(long))
    together, met = threading.Barrier(len(sessions)), threading.local()

    def open_together(*arguments: Any, **options: Any) -> int:
        fd = open_checked(*arguments, **options)
        if not hasattr(met, "others"):
            met.others = together.wait(20)  # every session has the full file open by now
        return fd

    monkeypatch.setattr(prompt_history, "open_checked", open_together)
    with ThreadPoolExecutor(len(sessions)) as threads:
        list(threads.map(lambda session: session.append(Entered(long)), sessions))
    monkeypatch.undo()
    assert len(files(tmp_path)) == 2
    assert len(sessions[0].load()) == fit + len(sessions)


def test_each_line_says_where_and_when(tmp_path: Path) -> None:
    history(tmp_path).append(Entered("x"))
    (file,) = files(tmp_path)
    entry = json.loads(file.read_text())
    assert entry["cwd"] == "/w/app"
    assert entry["at"] > 1_700_000_000
