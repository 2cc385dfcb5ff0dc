"""The ``result`` that ends a turn, or a prompt that needed no model. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import events

if TYPE_CHECKING:
    from qwen_dual.core.turns.stopping import Stop
    from qwen_dual.protocol.events import Event


def instant_result(
    text: str, command_id: str | None, stop_reason: str, host: str | None = None
) -> Event:
    """The ``result`` of a prompt that needed no model, such as a slash command.

    Args:
        text: what it came to.
        command_id: of the command that it was submitted with.
        stop_reason: why it ended.
        host: who sent that.
    """
    body = turn_result(
        stop_reason,
        turn_id=events.new_uuid(),
        command_id=command_id,
        host=host,
        text=text,
        duration_ms=0,
        duration_api_ms=0,
        num_turns=0,
        usage={"input_tokens": 0, "output_tokens": 0},
        permission_denials=[],
    )
    if stop_reason == "error":
        body["error"] = {"kind": "command", "message": text, "status": None, "remedy": None}
    return body


def turn_result(stop_reason: str, *, text: str, host: str | None = None, **fields: Any) -> Event:
    """The body of a ``result``; ``host`` is who sent the command that it names."""
    if host is not None:
        fields["host"] = host
    failed = stop_reason in ("interrupted", "error", "budget")
    return {
        "type": "result",
        "subtype": "error_during_execution" if failed else "success",
        "is_error": failed,
        "result": text,
        "stop_reason": stop_reason,
        **fields,
    }


def failure(error: dict[str, Any] | None, why: Stop) -> Event:
    """What a ``result`` says besides where a model call failed, or the turn was stopped for a reason."""
    if error is not None:
        return {"error": error}
    if not why.message:
        return {}
    kind = "hook" if why.reason == "denied" else why.reason
    told = {"kind": kind, "message": why.message, "status": None}
    return {"error": told, "is_error": True, "subtype": "error_during_execution"}
