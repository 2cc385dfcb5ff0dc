"""A long chat is read from its end: what a session needs of it, and no more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qwen_dual.chats.conversation import CUT
from qwen_dual.chats.journal import ChatBusy, Journal
from qwen_dual.chats.load import BOUNDS, load, open_chat
from qwen_dual.chats.recorder import Recorder
from qwen_dual.chats.tail import CHUNK_BYTES, Bounds, read_tail
from qwen_dual.protocol import events
from tests.chats.support import CWD, Recording, text, use
from tests.chats.test_round_trip import check_valid

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.chats.tail import Tail


def recorded(folder: Path, turns: int, answer: str = "Done.") -> Recording:
    recording = Recording(folder)
    for number in range(turns):
        recording.submit(f"prompt {number}")
        recording.answer(text(answer)).finish()
        recording.end_turn()
    return recording


def tail_of(path: Path, bounds: Bounds) -> Tail:
    fd = os.open(path, os.O_RDONLY)
    try:
        return read_tail(fd, bounds)
    finally:
        os.close(fd)


def prompts_in(history: object) -> list[str]:
    assert isinstance(history, list)
    return [
        block["text"]
        for message in history
        if message["role"] == "user"
        for block in message["content"]
        if block["type"] == "text"
    ]


@pytest.mark.parametrize("answer", ["Done.", "x" * (CHUNK_BYTES // 3), "x" * (2 * CHUNK_BYTES + 7)])
def test_read_whole_or_from_the_end_a_chat_is_the_same(tmp_path: Path, answer: str) -> None:
    recording = recorded(tmp_path, 4, answer)
    recording.recorder.close()
    whole, end = load(recording.path), load(recording.path, BOUNDS)
    assert end.history == whole.history
    assert (end.last, end.cwd, end.started, end.before) == (whole.last, CWD, whole.started, 0)
    assert (end.interrupted, end.skipped) == (False, 0)


@pytest.mark.parametrize(
    "bounds", [Bounds(said=5_000), Bounds(records=30), Bounds(size=20_000)], ids=str
)
def test_of_a_long_chat_only_the_end_is_read(tmp_path: Path, bounds: Bounds) -> None:
    recording = recorded(tmp_path, 200, "y" * 500)
    recording.recorder.close()
    chat = load(recording.path, bounds)
    size = recording.path.stat().st_size
    assert size / 2 < chat.before < size
    check_valid(chat.history)
    prompts = prompts_in(chat.history)
    assert prompts[0] == CUT
    assert prompts[1:] == [f"prompt {number}" for number in range(201 - len(prompts), 200)]
    assert chat.cwd == CWD
    assert chat.last == recording.records()[-1]["uuid"]


def test_what_stands_before_a_compaction_is_read_as_far_as_it_is_shown(tmp_path: Path) -> None:
    recording = recorded(tmp_path, 50)
    recording.history = [{"role": "user", "content": [{"type": "text", "text": "so far"}]}]
    data = {"trigger": "auto", "tokens_before": 9, "tokens_after": 1, "summary": "so far"}
    recording.bus.publish(events.system("compact_boundary", data))
    recording.submit("and now")
    recording.answer(text("Fine.")).finish()
    recording.end_turn()
    recording.recorder.close()
    chat = load(recording.path, Bounds(replayed=6))
    assert prompts_in(chat.history) == ["so far", "and now"]
    assert chat.history == load(recording.path).history
    assert chat.before == 0, "nothing is missing that was not summarised"
    assert len(tail_of(recording.path, Bounds(replayed=6)).every) == 6 + 1 + 3


def test_a_branch_that_goes_on_from_before_a_compaction_is_read_to_there(tmp_path: Path) -> None:
    recording = recorded(tmp_path, 10)
    recording.answer().fail("[API Error: 500]")
    lines = recording.path.read_bytes().splitlines(keepends=True)
    recording.history = [{"role": "user", "content": [{"type": "text", "text": "so far"}]}]
    data = {"trigger": "auto", "tokens_before": 9, "tokens_after": 1, "summary": "so far"}
    recording.bus.publish(events.system("compact_boundary", data))
    recording.recorder.close()
    compaction = recording.path.read_bytes().splitlines(keepends=True)[len(lines) :]
    uuid = recording.records()[5]["uuid"].encode()
    fork = lines[-1].replace(b'"uuid":"', b'"uuid":"f', 1)
    start = fork.index(b'"parentUuid":"') + len(b'"parentUuid":"')
    fork = fork[:start] + uuid + fork[start + len(uuid) :]
    recording.path.write_bytes(b"".join((*lines, *compaction, fork)))
    assert load(recording.path, Bounds(replayed=0)).history == load(recording.path).history


def test_a_line_that_cannot_be_read_is_counted_from_the_end_too(tmp_path: Path) -> None:
    recording = recorded(tmp_path, 3)
    recording.recorder.close()
    lines = recording.path.read_bytes().splitlines(keepends=True)
    recording.path.write_bytes(b"".join((*lines[:4], b"no record\n", *lines[4:], b'{"uuid":"to')))
    chat = load(recording.path, BOUNDS)
    assert chat.skipped == 2
    assert prompts_in(chat.history) == ["prompt 0", "prompt 1", "prompt 2"]


def test_calls_of_the_part_that_is_left_out_leave_no_result_behind(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(use("call_1")).finish()
    recording.bus.publish(events.tool_result("call_1", "z" * 900, is_error=False))
    recording.answer(text("Done.")).finish()
    recording.end_turn()
    recording.recorder.close()
    for records in range(1, 6):
        check_valid(load(recording.path, Bounds(records=records)).history)


def test_a_chat_is_locked_before_it_is_read(tmp_path: Path) -> None:
    recording = recorded(tmp_path, 1)
    path = recording.path
    with pytest.raises(ChatBusy):
        open_chat(path)
    recording.submit("the last one")
    recording.end_turn()
    recording.recorder.close()
    chat = open_chat(path)
    assert "the last one" in prompts_in(chat.history)
    with pytest.raises(ChatBusy):
        Journal(path, new=False)
    following = Recording(tmp_path, resume=chat)
    following.submit("and on")
    assert following.records()[-1]["parentUuid"] == chat.last
    following.recorder.close()
    Journal(path, new=False).close()


def test_a_chat_that_cannot_be_loaded_is_given_free(tmp_path: Path) -> None:
    recording = recorded(tmp_path, 1)
    recording.recorder.close()
    recording.path.write_bytes(b"nothing\n")
    with pytest.raises(Exception, match="no record"):
        open_chat(recording.path)
    Journal(recording.path, new=False).close()


def test_what_is_shown_of_a_long_chat_begins_with_a_prompt(tmp_path: Path) -> None:
    recording = recorded(tmp_path, 400, "w" * 2_000)
    recording.recorder.close()
    replay = load(recording.path, BOUNDS).replay
    assert replay[0]["type"] == "user"
    assert sum(event["type"] == "user" for event in replay) < 201
    assert isinstance(recording.recorder, Recorder)
