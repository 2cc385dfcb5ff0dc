"""Builds event bodies: plain dicts in the shape of the wire, so that every observer sees one truth.

A body has all fields but the envelope; ``stamp`` adds that. Nothing here checks or copies what it
is given: it is on the path of every delta.
"""

from __future__ import annotations

from os import register_at_fork, urandom
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.protocol.content_shapes import SubmittedImage
    from qwen_dual.protocol.shapes import ContentBlock, ResultContent, ToolOutcome, Usage

Event = dict[str, Any]
"""An event or the body of one; ``schema.Event`` is the union of what it may hold."""

ENTERED_CALL = "entered_"
"""How the ids of calls begin that a person's command makes; no message of a model has one."""

_AHEAD = 64
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_random: list[str] = []  # hexadecimal digits of ids to come; ``pop`` is one step for all threads
register_at_fork(after_in_child=_random.clear)


def new_uuid() -> str:
    """A random (version 4) UUID as text; ``uuid.uuid4`` takes six times as long."""
    try:
        text = _random.pop()
    except IndexError:
        digits = urandom(16 * _AHEAD).hex()
        _random.extend(digits[at : at + 32] for at in range(32, len(digits), 32))
        text = digits[:32]
    variant = _VARIANT[text[16]]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def stamp(body: Event, *, session_id: str, seq: int, agent: str | None = None) -> Event:
    """The whole event: ``body`` with its envelope, in the field order of the wire.

    ``agent`` is the tool call that a sub-agent works for, None for the main agent; the control
    events say it only of a sub-agent, and have no ``uuid``. An assistant event brings its own
    ``uuid``, since it equals the message's id.
    """
    kind = body["type"]
    if kind == "control_request" or kind == "control_response":
        event = {**body, "session_id": session_id, "seq": seq}
        if agent is not None:
            event["parent_tool_use_id"] = agent
        return event
    uuid = body.get("uuid") or new_uuid()
    if "subtype" in body:
        return {
            "type": kind,
            "subtype": body["subtype"],
            "uuid": uuid,
            "session_id": session_id,
            "parent_tool_use_id": agent,
            "seq": seq,
            **body,
        }
    return {
        "type": kind,
        "uuid": uuid,
        "session_id": session_id,
        "parent_tool_use_id": agent,
        "seq": seq,
        **body,
    }


# -- system ------------------------------------------------------------------------------------


def system(subtype: str, data: dict[str, Any]) -> Event:
    """A ``system`` event; ``data`` as protocol.md lists it for ``subtype``."""
    return {"type": "system", "subtype": subtype, "data": data}


def notice(text: str, level: str = "info", **more: Any) -> Event:
    """Something to tell whoever watches: ``level`` is ``info``, ``warning`` or ``error``."""
    return system("notice", {"level": level, "text": text, **more})


def receipt(
    command_id: str,
    status: str,
    code: str | None = None,
    message: str | None = None,
    position: int | None = None,
    **more: Any,
) -> Event:
    """What became of a command that carries an id; without the keys that say nothing."""
    extra = {"code": code, "message": message, "position": position, **more}
    told = {key: value for key, value in extra.items() if value is not None}
    return system("command_receipt", {"id": command_id, "status": status, **told})


def tool_progress(
    tool_use_id: str, tool_name: str, status: str, text: str = "", preview: Any = None
) -> Event:
    """A tool call that started (``started``) or printed something (``output``).

    Args:
        tool_use_id: the call's id.
        tool_name: its tool.
        status: ``started`` or ``output``.
        text: its essential argument, or its latest lines.
        preview: a ``shapes.Preview`` of a change that no request has shown.
    """
    data = {"tool_use_id": tool_use_id, "tool_name": tool_name, "status": status, "text": text}
    return system("tool_progress", data if preview is None else {**data, "preview": preview})


def side_call(purpose: str, model: str, usage: Mapping[str, int], **more: str) -> Event:
    """A model was asked outside of the conversation: see ``model_shapes.SideCallData``."""
    return system("side_call", {"purpose": purpose, **more, "model": model, "usage": usage})


def auto_verdict(tool_use_id: str, tool_name: str, verdict: dict[str, Any]) -> Event:
    """What a model that judges calls said of one (``system_shapes.AutoVerdictData``)."""
    data = {"tool_use_id": tool_use_id, "tool_name": tool_name, **verdict}
    return system("auto_verdict", data)


def tools_changed(tools: Sequence[str], added: Sequence[str], removed: Sequence[str]) -> Event:
    """What the model can call is another by now: ``tools`` is all of it, by name."""
    data = {"tools": list(tools), "added": list(added), "removed": list(removed)}
    return system("tools_changed", data)


def mcp(servers: Sequence[dict[str, Any]], *, complete: bool) -> Event:
    """MCP servers as they are now (``system_shapes.McpServerData``); ``complete``: it is all of them."""
    return system("mcp", {"servers": list(servers), "complete": complete})


# -- conversation ------------------------------------------------------------------------------


def user_text(
    text: str,
    origin: str,
    command_id: str | None = None,
    images: Sequence[SubmittedImage] = (),
    proposed: str | None = None,
) -> Event:
    """What somebody submitted; ``origin`` is ``keyboard``, ``input``, ``cli`` or ``sdk``.

    ``proposed`` is what a host had submitted, where a person made ``text`` of it.
    """
    body: Event = {
        "type": "user",
        "message": {"role": "user", "content": [{"type": "text", "text": text}, *images]},
        "origin": origin,
    }
    if command_id is not None:
        body["command_id"] = command_id
    if proposed:
        body["proposed"] = proposed
    return body


def slash_command(
    text: str, origin: str, command_id: str | None = None, proposed: str | None = None
) -> Event:
    """A slash command that somebody gave, in place of a ``user`` event; ``text`` is as typed."""
    command, _, args = text.strip().removeprefix("/").partition(" ")
    data = {"command": command, "args": args.strip(), "origin": origin, "command_id": command_id}
    if proposed:
        data["proposed"] = proposed
    return system("slash_command", data)


def tool_result(
    tool_use_id: str, content: ResultContent, *, is_error: bool, outcome: ToolOutcome | None = None
) -> Event:
    """The result of one tool call; ``content`` is already bounded (``codec.bound_text``)."""
    block = result_block(tool_use_id, content, is_error=is_error)
    body: Event = {"type": "user", "message": {"role": "user", "content": [block]}}
    return {**body, "tool_use_result": outcome} if outcome else body


def result_block(tool_use_id: str, content: ResultContent, *, is_error: bool) -> dict[str, Any]:
    """A ``tool_result`` block, as the wire and the conversation hold it."""
    return {
        "type": "tool_result",
        "tool_use_id": tool_use_id,
        "is_error": is_error,
        "content": content,
    }


def stream(event: dict[str, Any]) -> Event:
    """A ``stream_event`` around one of the inner events below."""
    return {"type": "stream_event", "event": event}


def message_start(message_id: str, model: str) -> Event:
    """A model call begins to answer."""
    message = {"id": message_id, "role": "assistant", "model": model, "content": []}
    return stream({"type": "message_start", "message": message})


def block_start(index: int, block: ContentBlock | dict[str, Any]) -> Event:
    """A content block begins; ``block`` is empty but for its kind (and a tool's id and name)."""
    return stream({"type": "content_block_start", "index": index, "content_block": block})


def text_delta(index: int, text: str) -> Event:
    """A piece of a text block."""
    delta = {"type": "text_delta", "text": text}
    return stream({"type": "content_block_delta", "index": index, "delta": delta})


def thinking_delta(index: int, text: str) -> Event:
    """A piece of a thinking block."""
    delta = {"type": "thinking_delta", "thinking": text}
    return stream({"type": "content_block_delta", "index": index, "delta": delta})


def json_delta(index: int, partial_json: str) -> Event:
    """A piece of a tool call's arguments."""
    delta = {"type": "input_json_delta", "partial_json": partial_json}
    return stream({"type": "content_block_delta", "index": index, "delta": delta})


def block_stop(index: int) -> Event:
    """A content block is complete."""
    return stream({"type": "content_block_stop", "index": index})


def message_stop() -> Event:
    """The model call is over."""
    return stream({"type": "message_stop"})


def assistant(
    message_id: str,
    model: str,
    content: Sequence[Any],
    *,
    stop_reason: str | None,
    usage: Usage | dict[str, int],
) -> Event:
    """One run of blocks of one kind; its ``uuid`` is the message's id."""
    return {
        "type": "assistant",
        "uuid": message_id,
        "message": {
            "id": message_id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": list(content),
            "stop_reason": stop_reason,
            "usage": usage,
        },
    }


# -- approvals ---------------------------------------------------------------------------------


def control_request(request_id: str, request: dict[str, Any]) -> Event:
    """A tool call asks for leave; ``request`` is a ``shapes.PermissionRequest``."""
    return {"type": "control_request", "request_id": request_id, "request": request}


def control_response(
    request_id: str, *, allowed: bool, resolved_by: str, message: str | None = None
) -> Event:
    """How a request ended, and why not; exactly one for each ``control_request``."""
    return {
        "type": "control_response",
        "response": {
            "subtype": "success",
            "request_id": request_id,
            "response": {"allowed": allowed, **({"message": message} if message else {})},
            "resolved_by": resolved_by,
        },
    }


UNKNOWN_REQUEST = "unknown request_id (already resolved, cancelled, or never issued)"


def control_error(request_id: str, error: str = UNKNOWN_REQUEST) -> Event:
    """An answer to a request that is not pending."""
    response = {"subtype": "error", "request_id": request_id, "error": error}
    return {"type": "control_response", "response": response}
