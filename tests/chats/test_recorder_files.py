"""The files a recorder writes to: others' files, resumed ones, and those that cannot be written."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from qwen_dual.chats.chain import STEP
from qwen_dual.chats.journal import ChatBusy
from qwen_dual.chats.load import BOUNDS, load
from qwen_dual.chats.partial import Partial, read_leftover
from qwen_dual.chats.paths import chat_path, partial_path
from qwen_dual.core.bus import Bus
from qwen_dual.protocol import events
from qwen_dual.protocol.long_json import LONG, PIECE
from qwen_dual.runtime.saved import earlier, resume_hint
from tests.chats.support import CWD, SESSION, Recording, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwen_dual.protocol.events import Event


OTHER = "11111111-1111-4111-8111-111111111111"


def test_a_cleared_session_goes_on_in_a_file_of_its_own(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("first")
    old = recording.path
    data = {"from": SESSION, "to": OTHER, "origin": "keyboard"}
    recording.bus.publish(events.system("session_changed", data))
    recording.bus = recording.bus.successor(OTHER)
    assert recording.recorder.path is None
    recording.submit("second")
    assert recording.path == old.with_name(f"{OTHER}.jsonl")
    [record] = recording.records()
    assert (record["sessionId"], record["parentUuid"]) == (OTHER, None)
    assert load(old).interrupted


def test_a_resumed_chat_is_gone_on_with(tmp_path: Path) -> None:
    first = Recording(tmp_path)
    first.submit("one")
    first.answer(text("answer")).finish()
    first.end_turn()
    first.recorder.close()
    chat = load(first.path)
    second = Recording(tmp_path, resume=chat)
    assert second.path == first.path
    second.submit("two")
    records = second.records()
    assert records[-1]["parentUuid"] == chat.last == records[-2]["uuid"]
    assert [message["role"] for message in load(second.path).history] == [
        "user",
        "assistant",
        "user",
    ]


def test_a_chat_that_is_resumed_later_is_entered_when_the_session_changes(tmp_path: Path) -> None:
    first = Recording(tmp_path)
    first.submit("one")
    first.recorder.close()
    second = Recording(tmp_path, bus=Bus(OTHER))
    second.submit("other")
    second.recorder.resume(load(first.path))
    assert second.path.stem == OTHER
    data = {"from": OTHER, "to": SESSION, "origin": "keyboard"}
    second.bus.publish(events.system("session_changed", data))
    second.bus = second.bus.successor(SESSION)
    second.submit("two")
    assert second.path == first.path
    assert len(second.records()) == 2


def test_a_second_writer_is_told_who_has_the_chat_open(tmp_path: Path) -> None:
    first = Recording(tmp_path)
    first.submit("one")
    chat = load(first.path)
    with pytest.raises(ChatBusy, match=f"open in process {os.getpid()}") as caught:
        Recording(tmp_path, resume=chat)
    assert caught.value.pid == os.getpid()
    first.recorder.close()
    Recording(tmp_path, resume=chat).recorder.close()


def test_a_chat_that_cannot_be_made_is_told_once_and_hurts_nothing(tmp_path: Path) -> None:
    (tmp_path / "projects").write_text("in the way")
    recording = Recording(tmp_path)
    recording.submit("one")
    recording.submit("two")
    recording.later.run()
    [failure] = recording.failures
    assert "this session is not saved any more" in failure
    assert "projects" in failure
    assert recording.recorder.path is None


def test_a_full_disk_ends_the_recording_with_one_warning(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("one")
    with no_room_beyond(4000):
        recording.answer(text("half" * 4000))
        recording.later.run()
        recording.submit("two")
        recording.later.run()
    [failure] = recording.failures
    assert "File too large" in failure
    assert "mend that and start again" in failure
    assert recording.recorder.failure == failure
    assert recording.recorder.path is None  # so that nobody is told to resume it


def test_a_session_after_one_that_was_saved_no_more_is_saved_again(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    with no_room_beyond(100):
        recording.submit("one")
        recording.later.run()
    assert "or begin a new session" in str(recording.recorder.failure)
    data = {"from": SESSION, "to": OTHER, "origin": "keyboard"}
    recording.bus.publish(events.system("session_changed", data))
    recording.bus = recording.bus.successor(OTHER)
    assert recording.recorder.failure is None
    recording.submit("two")
    [record] = recording.records()
    assert record["sessionId"] == OTHER
    with no_room_beyond(100):
        recording.submit("three")
        recording.later.run()
    assert len(recording.failures) == 2, "told once for each session"


def test_an_event_it_cannot_take_ends_the_recording_with_one_warning(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("one")
    path = recording.path
    seen: list[Event] = []
    recording.bus.subscribe(seen.append)
    recording.bus.publish({"type": "user", "message": {"role": "user", "content": [{}]}})
    recording.submit("two")
    recording.later.run()
    [failure] = recording.failures
    assert failure.startswith("this session is not saved any more — KeyError: 'type'.")
    assert str(path) in failure
    assert "/bug" in failure
    assert recording.recorder.path is None
    assert [event["type"] for event in seen] == ["user", "user"]
    assert resume_hint(recording.recorder, SESSION) == f"qwen-dual: {failure}"


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """No file grows over ``size`` bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_link_in_place_of_what_lies_beside_a_chat_is_not_followed(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    path = chat_path(str(tmp_path), CWD, SESSION)
    path.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("theirs")
    partial_path(path).symlink_to(tmp_path / "elsewhere")
    recording.submit("one")
    recording.answer(text("half"))
    recording.later.run()
    assert "Too many levels of symbolic links" in recording.failures[0]
    assert (tmp_path / "elsewhere").read_text() == "theirs"


def test_an_existing_chat_is_never_written_by_accident(tmp_path: Path) -> None:
    first = Recording(tmp_path)
    first.submit("one")
    first.recorder.close()
    second = Recording(tmp_path)
    second.submit("two")
    second.later.run()
    assert "File exists" in second.failures[0]
    assert len(first.records()) == 1


def test_a_torn_last_line_does_not_spoil_what_follows(tmp_path: Path) -> None:
    first = Recording(tmp_path)
    first.submit("one")
    first.submit("two")
    first.recorder.close()
    first.path.write_bytes(first.path.read_bytes()[:-9])
    for bounds in (None, BOUNDS):
        assert "A line of it could not be read and is left out." in earlier(
            load(first.path, bounds)
        )
    second = Recording(tmp_path, resume=load(first.path))
    second.submit("three")
    chat = load(second.path)
    texts = [block.get("text") for block in chat.history[0]["content"]]
    assert texts == ["one", "three"]
    assert chat.skipped == 1


def test_megabytes_are_written_a_part_in_a_pass_and_at_once_when_something_follows(
    tmp_path: Path,
) -> None:
    recording = Recording(tmp_path)
    long = "word " * (LONG // 2)
    recording.submit("go")
    before = recording.path.stat().st_size
    recording.answer(text(long)).finish()
    grown = []
    while recording.later.callbacks:
        recording.later.callbacks.pop(0)()
        now = recording.path.stat().st_size
        grown.append(now - before)
        before = now
    assert max(grown) <= STEP + PIECE and sum(grown) > len(long) > 2 * STEP
    assert [record["type"] for record in recording.records()] == ["user", "assistant"]
    assert read_leftover(recording.path).message is None
    recording.answer(text(long)).finish()
    recording.later.callbacks.pop(0)()  # the first part
    recording.end_turn()
    records = recording.records()
    assert [record["type"] for record in records] == ["user", "assistant", "assistant", "system"]
    assert [record["parentUuid"] for record in records[1:]] == [
        record["uuid"] for record in records[:-1]
    ]
    recording.answer(text(long)).finish()
    recording.recorder.close()
    assert recording.records()[-1]["message"]["parts"] == [{"text": long}]


def test_a_long_message_is_in_the_side_file_until_it_is_in_the_chat(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    long = "word " * (LONG // 4)
    recording.submit("go")
    answer = recording.answer(text(long))
    recording.later.run()
    answer.finish()
    left = read_leftover(recording.path)
    assert left.message is not None and left.blocks[0][1] == long


def test_a_queued_prompt_of_megabytes_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew: list[object] = []
    monkeypatch.setattr(Partial, "_rewrite", lambda self: anew.append(self))
    partial = Partial(str(tmp_path / "chat.jsonl"), lambda text: text)
    partial.queue(["x" * 3_000_000])
    partial.flush()
    assert not anew and len(read_leftover(tmp_path / "chat.jsonl").queue[0]) == 3_000_000
    partial.close()
