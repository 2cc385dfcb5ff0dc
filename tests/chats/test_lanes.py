"""A chat keeps the main conversation: what sub-agents say in between is none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.chats.load import load
from qwen_dual.core.answer import Answer
from qwen_dual.core.model import TokenUsage
from qwen_dual.core.results import instant_result
from qwen_dual.protocol import events
from tests.chats.support import Recording, feed, text, use
from tests.support.lanes import interleaved, of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.events import Event

DIFF = {"kind": "diff", "title": "x.py", "text": "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new"}


def message(*blocks: dict[str, Any]) -> list[Event]:
    """The events of a whole message."""
    made: list[Event] = []
    answer = Answer("fake", made.append)
    for block in blocks:
        feed(answer, block)
    answer.feed(TokenUsage(10, 4, 3))
    answer.finish()
    return made


def asks(call_id: str) -> Event:
    return events.control_request(f"r-{call_id}", {"tool_use_id": call_id, "preview": DIFF})


def main_lane() -> list[Event]:
    return [
        events.user_text("go", "keyboard"),
        *message(text("I look."), use("call_1", "edit", path="mine.py")),
        events.tool_result("call_1", "mine", is_error=False),
        *message(text("Done.")),
        instant_result("Done.", None, "end_turn"),
    ]


def sub_lane() -> list[Event]:
    return [
        events.user_text("the task of the sub-agent", "agent"),
        *message(text("theirs"), use("call_1", "write_file", path="theirs.py")),
        asks("call_1"),
        events.tool_progress("call_1", "write_file", "started", "theirs.py", DIFF),
        events.notice("theirs"),
        events.tool_result("call_1", "theirs", is_error=True),
        *message(text("theirs too")),
        instant_result("theirs", None, "error"),
    ]


def said(recording: Recording) -> list[Any]:
    return [
        (record["type"], record.get("subtype"), record.get("message"), record.get("toolCallResult"))
        for record in recording.records()
    ]


@pytest.mark.parametrize("seed", range(10))
def test_a_chat_is_the_same_whatever_sub_agents_say_in_between(tmp_path: Path, seed: int) -> None:
    alone, together = Recording(tmp_path / "a"), Recording(tmp_path / "b")
    main = main_lane()
    for event in main:
        alone.bus.publish(event)
    for event in interleaved(seed, main, of("task_1", sub_lane()), of("task_2", sub_lane())):
        together.bus.publish(event)
    for recording in (alone, together):
        recording.later.run()
        recording.recorder.close()
    assert said(together) == said(alone)
    assert load(together.path).history == load(alone.path).history
    assert b"theirs" not in together.path.read_bytes()


def test_what_is_open_when_the_process_dies_is_the_main_agents_alone(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(text("half of mine"))
    for event in of("task_1", message(text("theirs"))):
        recording.bus.publish(event)
    recording.bus.publish(events.text_delta(0, ", and more"))
    recording.later.run()
    [_, answer] = load(recording.path).history
    assert answer["content"] == [{"type": "text", "text": "half of mine, and more"}]
