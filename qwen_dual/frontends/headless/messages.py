"""Our events as the messages of a headless run: the stream-json wire that scripts and SDKs read. Pure.

What a reader of the reference's wire does not know stays off it: what a session says of itself
(``state``, ``notice`` …), the echo of the prompt, and ``seq``, since most of the sequence is left out.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from qwen_dual import __version__
from qwen_dual.protocol.events import ENTERED_CALL, new_uuid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.frontends.headless.endings import Ending
    from qwen_dual.protocol.events import Event

    Message = dict[str, Any]

NO_USAGE = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}

_ADDED = ("duration_ms", "duration_api_ms", "num_turns", "permission_denials")
_OF_HOOKS = ("hook_started", "hook_response")
_OF_TASKS = ("task_started", "task_notification")
_PASSED_ON = ("assistant", "user")


def init(
    *,
    session_id: str,
    cwd: str,
    tools: Iterable[str],
    slash_commands: Iterable[str],
    model: str,
    permission_mode: str,
    mcp_servers: Iterable[Mapping[str, str]] = (),
    agents: Iterable[str] = (),
    skills: Iterable[str] = (),
) -> Message:
    """The first message.

    Args:
        session_id: of the session; the message's own id, too.
        cwd: the folder of the session.
        tools: the names of the tools that the model is told of.
        slash_commands: the names of those that there are.
        model: the model in force.
        permission_mode: the approval mode in force.
        mcp_servers: the name and the status of each.
        agents: the names of those that a model can set to work.
        skills: the names of those that a model may use.
    """
    return {
        "type": "system",
        "subtype": "init",
        "uuid": session_id,
        "session_id": session_id,
        "cwd": cwd,
        "tools": list(tools),
        "mcp_servers": list(mcp_servers),
        "model": model,
        "permission_mode": permission_mode,
        "slash_commands": sorted(slash_commands),
        "qwen_code_version": __version__,
        "agents": list(agents),
        "skills": list(skills),
        "agent": "qwen-dual",
    }


def message_of(
    event: Event, *, partials: bool = False, hook_events: bool = False
) -> Message | None:
    """The message that tells what ``event`` does; None for one that is not told.

    A ``result`` is told by ``result``, since how a run ended is not the session's to say.

    Args:
        event: as the bus publishes it.
        partials: whether what streams in is told.
        hook_events: whether it is told which hooks run, and what became of them.
    """
    kind = event["type"]
    if hook_events and event.get("subtype") in _OF_HOOKS:
        return _of_hook(event)
    if kind == "stream_event":
        return without_seq(event) if partials else None
    if event.get("subtype") in _OF_TASKS:
        return without_seq(event)
    if kind not in _PASSED_ON:
        return None
    # Of what somebody submitted; an agent's is told as the reference does.
    origin = event.get("origin")
    if origin is not None and origin != "agent":
        return None
    if kind == "user" and any(
        block.get("tool_use_id", "").startswith(ENTERED_CALL)
        for block in event["message"]["content"]
    ):
        return None  # no message has made that call; what it came to stands in the prompt
    return {name: value for name, value in without_seq(event).items() if name != "origin"}


def _of_hook(event: Event) -> Message:
    """As claude-agent-sdk reads it: no ``data``, and the outcomes that it knows."""
    data = dict(event["data"])
    message = {**without_seq(event), **data}
    del message["data"]
    if event["subtype"] == "hook_response":
        message["output"] = data.get("stdout", "")
        ended = {"blocked": "error", "timeout": "cancelled"}
        message["outcome"] = ended.get(data["outcome"], data["outcome"])
    return message


def result(
    event: Event,
    ending: Ending,
    *,
    context_tokens: int | None = None,
    context_window: int | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Message:
    """The last message of a turn.

    Args:
        event: the session's own ``result``.
        ending: how the run ended.
        context_tokens: what the last request and its answer took of the window.
        context_window: the model's.
        more: further fields, or others in their place.
    """
    message: Message = {
        "type": "result",
        "subtype": ending.subtype,
        "uuid": event["uuid"],
        "session_id": event["session_id"],
        "is_error": ending.is_error,
        "duration_ms": event["duration_ms"],
        "duration_api_ms": event["duration_api_ms"],
        "num_turns": event["num_turns"],
    }
    if not ending.is_error:
        message["result"] = event["result"]
    message["usage"] = {**NO_USAGE, **event["usage"]}
    message["permission_denials"] = event["permission_denials"]
    message["stop_reason"] = ending.stop_reason
    message["total_cost_usd"] = event.get("total_cost_usd")  # null where no price is known
    message["context_tokens"] = context_tokens
    message["context_window"] = context_window
    if ending.is_error:
        message["error"] = {**event.get("error", {}), "message": ending.message}
    return {**message, **more}


def never_began(session_id: str) -> Event:
    """The ``result`` of a prompt that never began to run, since the session was ended first."""
    return {
        "uuid": new_uuid(),
        "session_id": session_id,
        "stop_reason": "interrupted",
        "result": "",
        "duration_ms": 0,
        "duration_api_ms": 0,
        "num_turns": 0,
        "usage": {**NO_USAGE, "total_tokens": 0},
        "permission_denials": [],
    }


def added(results: Sequence[Event]) -> Event:
    """The ``result`` of several turns that answer one prompt: the last, with what all of them took."""
    first, *rest = results
    for result in rest:
        total = {key: first[key] + result[key] for key in _ADDED}
        keys = {**first["usage"], **result["usage"]}
        usage = {key: first["usage"].get(key, 0) + result["usage"].get(key, 0) for key in keys}
        first = {**result, **total, "usage": usage}
    return first


def without_seq(event: Event) -> Message:
    """An event as a message: most of the sequence that it is numbered in is not told here."""
    return {name: value for name, value in event.items() if name != "seq"}
