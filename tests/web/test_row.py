"""The row of a session in the list, as far as the events of its program show it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from qwen_dual.host import Event, Session
from qwen_dual.web.row import Row


def test_a_row_is_ready_once_the_message_that_ends_a_turn_stops() -> None:
    program = SimpleNamespace(
        greeting=SimpleNamespace(cwd="/work", agent="qwen-code"),
        session_id="s",
        model="m",
        approval_mode="",
        state="thinking",
        pending=(),
    )
    row = Row("key", 0.0, lambda: None)

    def say(**event: Any) -> str:
        row.take(Event(event, 0, 0), cast("Session", program))
        return str(row.as_dict()["state"])

    assert say(type="user", message={"role": "user", "content": "hi"}) == "thinking"
    program.state = "idle"
    assert say(type="stream_event", event={"type": "content_block_stop"}) == "thinking"
    assert say(type="stream_event", event={"type": "message_stop"}) == "idle"
