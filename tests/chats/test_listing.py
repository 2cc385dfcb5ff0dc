"""The chats that a picker offers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.chats.listing import HEAD_BYTES, find, latest, recent
from qwen_dual.chats.paths import chat_path, partial_path
from qwen_dual.protocol.blocks import text_block
from qwen_dual.protocol.codec import encode
from tests.chats.support import CWD, SESSION, Recording, text

if TYPE_CHECKING:
    from pathlib import Path


def session(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def write(home: Path, number: int, prompt: str, *, cwd: str = CWD, **more: Any) -> Path:
    """A chat with one prompt, last written to at ``number`` seconds."""
    path = chat_path(str(home), cwd, session(number))
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "uuid": f"u{number}",
        "parentUuid": None,
        "sessionId": session(number),
        "timestamp": "2026-01-01T00:00:00.000Z",
        "type": "user",
        "cwd": cwd,
        "message": {"role": "user", "parts": [{"text": prompt}]},
        **more,
    }
    path.write_bytes(encode(record))
    os.utime(path, (number, number))
    return path


def test_chats_come_newest_first_and_no_more_than_wanted(tmp_path: Path) -> None:
    for number in (2, 3, 1):
        write(tmp_path, number, f"prompt\n {number}")
    found = recent(str(tmp_path), CWD)
    assert [summary.prompt for summary in found] == ["prompt 3", "prompt 2", "prompt 1"]
    assert [summary.changed for summary in found] == [3, 2, 1]
    assert len(recent(str(tmp_path), CWD, 2)) == 2
    newest = latest(str(tmp_path), CWD)
    assert newest is not None
    assert newest == found[0].path
    assert found[0].size == newest.stat().st_size


def test_a_chat_is_read_again_only_once_it_has_changed(tmp_path: Path) -> None:
    known: dict[Any, Any] = {}
    path = write(tmp_path, 1, "one")
    assert recent(str(tmp_path), CWD, known=known)[0].prompt == "one"
    write(tmp_path, 1, "two")  # as long, and of the same time
    assert recent(str(tmp_path), CWD, known=known)[0].prompt == "one"
    os.utime(path, (2, 2))
    assert recent(str(tmp_path), CWD, known=known)[0].prompt == "two"


def test_a_folder_without_chats_has_none(tmp_path: Path) -> None:
    assert recent(str(tmp_path), CWD) == []
    assert latest(str(tmp_path), CWD) is None
    assert find(str(tmp_path), CWD, SESSION) is None


def test_folders_whose_names_fall_together_keep_their_chats_apart(tmp_path: Path) -> None:
    write(tmp_path, 1, "one", cwd="/a/b")
    write(tmp_path, 2, "two", cwd="/a-b")
    assert [summary.folder for summary in recent(str(tmp_path), "/a/b")] == ["/a/b"]
    assert [summary.folder for summary in recent(str(tmp_path), "/a-b")] == ["/a-b"]


def test_what_lies_beside_a_chat_is_none(tmp_path: Path) -> None:
    path = write(tmp_path, 1, "one")
    partial_path(path).write_bytes(path.read_bytes())
    path.with_name("notes.jsonl").write_bytes(path.read_bytes())
    path.with_name(f"{session(2)}.jsonl").mkdir()
    path.with_name(f"{session(3)}.jsonl").touch()
    assert [summary.session_id for summary in recent(str(tmp_path), CWD)] == [session(1)]


def test_prompts_are_counted_but_not_what_takes_their_place(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    for number in range(3):
        prompt = f'prompt {number} {{"timestamp":"Z","type":"user",'
        recording.submit(prompt)
        recording.recorder.expanded([text_block(prompt), text_block("a file")])
        recording.answer(text("ok")).finish()
        recording.end_turn()
    [summary] = recent(str(tmp_path), CWD)
    assert summary.prompts == 3


def test_prompts_at_the_edge_of_what_is_read_at_once_are_counted_once(tmp_path: Path) -> None:
    first = write(tmp_path, 1, "one").read_bytes()
    path = write(tmp_path, 2, "x")
    second = path.read_bytes()
    at = second.index(b'"type"')
    for shift in range(-2, 20):
        filler = HEAD_BYTES - len(first) - at - shift
        path.write_bytes(first + b" " * (filler - 1) + b"\n" + second + second)
        [summary, _] = recent(str(tmp_path), CWD)
        assert summary.prompts == 3, shift


@pytest.mark.parametrize("prompt", ["x" * 200_000, 'a "b\\' * 40_000, "\n\té€😀" * 40_000])
def test_a_first_prompt_longer_than_the_head_is_shown_by_its_beginning(
    tmp_path: Path, prompt: str
) -> None:
    write(tmp_path, 1, prompt)
    [summary] = recent(str(tmp_path), CWD)
    wanted = " ".join(prompt.split())
    assert summary.prompt
    assert wanted.startswith(summary.prompt)
    assert len(summary.prompt) > 30


def test_a_chat_is_found_by_its_id_or_an_unambiguous_beginning(tmp_path: Path) -> None:
    one = write(tmp_path, 10, "one")
    write(tmp_path, 11, "two")
    elsewhere = write(tmp_path, 20, "three", cwd="/other")
    assert find(str(tmp_path), CWD, session(10).upper()) == one
    assert find(str(tmp_path), CWD, "00000010") == one
    assert find(str(tmp_path), CWD, "0000001") is None
    assert find(str(tmp_path), CWD, "0000002") == elsewhere
    assert find(str(tmp_path), CWD, "") is None
