"""What hooks are told of each event, field by field as the reference documents it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from qwen_dual.protocol.blocks import text_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.core.turns.hooks import HookedCall, TodoChange

HookInput: TypeAlias = dict[str, Any]
"""What a hook is told: a JSON object."""

MODES = {"auto-edit": "auto_edit"}
"""Approval modes by the names that hooks know."""


class Facts(Struct):
    """What every input says of the session.

    Attributes:
        cwd: its folder.
        session_id: now.
        transcript: the path of its saved chat; empty where there is none.
        mode: the approval mode in force.
        turn_id: of the turn that runs; None between turns.
        agent_type: the sub-agent that it is about; empty for the main one.
        agent_transcript: the path of what is saved of a sub-agent, by the call that it works for.
    """

    cwd: str
    session_id: Callable[[], str]
    transcript: Callable[[], str]
    mode: Callable[[], str]
    turn_id: Callable[[], str | None]
    agent_type: str = ""
    agent_transcript: Callable[[str], str] = lambda call: ""

    def of(self, event: str, agent: str | None = None, **fields: Any) -> HookInput:
        """The input of an event."""
        mode = self.mode()
        common: HookInput = {
            "session_id": self.session_id(),
            "transcript_path": self.transcript(),
            "cwd": self.cwd,
            "hook_event_name": event,
            "timestamp": datetime.now(UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "permission_mode": MODES.get(mode, mode),
        }
        if (turn_id := self.turn_id()) is not None:
            common["prompt_id"] = turn_id
        if agent is not None:
            common["agent_id"] = agent
        if self.agent_type:
            common["agent_type"] = self.agent_type
        return {**common, **fields}


def of_call(call: HookedCall) -> HookInput:
    """The fields that name a call."""
    return {
        "tool_name": call.tool_name,
        "tool_input": call.tool_input,
        "tool_use_id": call.tool_use_id,
        "tool_call_id": call.tool_use_id,
    }


def of_todo(change: TodoChange) -> HookInput:
    """The fields of one item of the list: of a new one its status, of one that is done what it was."""
    item = change.item
    status = (
        {"todo_status": item.status}
        if change.before is None
        else {"previous_status": change.before}
    )
    return {"todo_id": item.id, "todo_content": item.content, **status}


def of_response(result: ToolResult) -> HookInput:
    """A result: what the model gets, and what a person is shown."""
    shown = result.shown
    return {
        "llmContent": result.content,
        "returnDisplay": text_in(result.content) if shown is None else shown.output,
    }


def of_batch(calls: Sequence[tuple[HookedCall, ToolResult]]) -> list[HookInput]:
    """All calls of a message."""
    return [
        {
            **of_call(call),
            "status": "error" if result.is_error else "success",
            "tool_response": of_response(result),
        }
        for call, result in calls
    ]
