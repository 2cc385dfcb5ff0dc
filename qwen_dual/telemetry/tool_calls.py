"""Tool calls, and the requests for leave before them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.agents import agent_call
from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry import fields
from qwen_dual.telemetry.operations import Call, Wait
from qwen_dual.telemetry.signal_builder import mcp_tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.telemetry.open_operations import OpenOperations
    from qwen_dual.telemetry.operations import Agent

MAX_WAITS = 10_000
"""Requests without an answer that are kept."""
_FOR_LEAVE = "can_use_tool"


class ToolCalls:
    """Follows those of each agent.

    Args:
        operations: those that have not ended.
    """

    def __init__(self, operations: OpenOperations) -> None:
        self._operations = operations

    def called(self, block: Mapping[str, Any], agent: Agent, lane: str | None, at: int) -> None:
        """Takes a ``tool_use`` block of an agent's answer."""
        call_id, given = fields.name(block.get("id")), fields.mapping(block.get("input"))
        call = Call(
            agent.ids.child("call", call_id, agent.made),
            fields.name(block.get("name")) or "unknown",
            call_id,
            at,
            given if self._operations.builder.wants_content else {},
        )
        set_to_work = None if mcp_tool(call.tool)[0] else agent_call(given)
        if set_to_work is None:
            self._operations.lanes.called(agent, lane, call)
            return
        call.agent, call.background = fields.name(set_to_work.name), set_to_work.background
        self._operations.lanes.called(
            agent, lane, call, self._operations.content(set_to_work.prompt)
        )

    def progressed(self, data: Mapping[str, Any], lane: str | None, at: int) -> None:
        """Takes that a call began to run, or what it is about to change."""
        call = self._operations.lanes.find(lane, fields.name(data.get("tool_use_id")))
        if call is None:
            return
        if data.get("status") == "started":
            call.started = call.started or at
        call.added, call.removed = _lines(data.get("preview")) or (call.added, call.removed)

    def finished(
        self, event: Mapping[str, Any], block: Mapping[str, Any], lane: str | None, at: int
    ) -> None:
        """Takes a ``tool_result`` block, which the ``user`` event ``event`` has."""
        agent, call_id = self._operations.lanes.of(lane), fields.name(block.get("tool_use_id"))
        call = None if agent is None else agent.calls.pop(call_id, None)
        if agent is None or call is None:
            return
        self._operations.end_chat(agent)
        failed = bool(block.get("is_error"))
        working = self._operations.lanes.of(call_id) if call.agent else None
        if working is not None and (failed or not self._operations.lanes.in_background(call_id)):
            working.error = names.TOOL_ERROR if failed else ""
            self._operations.end_agent(call_id, working, at, "")
        told = fields.mapping(event.get("tool_use_result"))
        exit_code = told.get("exit_code")
        self._operations.signals += self._operations.builder.call(
            call,
            agent,
            at,
            error=_error(call, fields.text(told.get("note"))) if failed or call.denied else "",
            result=self._operations.content(_text(block.get("content"))),
            exit_code=exit_code if isinstance(exit_code, int) else None,
        )
        agent.ready = at

    def requested(self, event: Mapping[str, Any], lane: str | None, at: int) -> None:
        """Takes a request for leave."""
        request, waits = fields.mapping(event.get("request")), self._operations.waits
        request_id = fields.name(event.get("request_id"))
        if request.get("subtype", _FOR_LEAVE) != _FOR_LEAVE or request_id in waits:
            return
        call_id = fields.name(request.get("tool_use_id"))
        call = self._operations.lanes.find(lane, call_id)
        preview = fields.mapping(request.get("preview"))
        if call is not None:
            call.added, call.removed = _lines(preview) or (call.added, call.removed)
        agent = self._operations.working(lane, at)
        self._operations.end_chat(agent)
        tool, kind = fields.name(request.get("tool_name")), fields.name(preview.get("kind"))
        ids = agent.ids.child("wait", request_id)
        waits[request_id] = Wait(ids, lane, call_id, tool, at, kind)
        if len(waits) > MAX_WAITS:
            self._operations.end_wait(next(iter(waits)), at, "cancelled")

    def resolved(self, event: Mapping[str, Any], at: int) -> None:
        """Takes the answer to one."""
        response = fields.mapping(event.get("response"))
        answer = fields.mapping(response.get("response"))
        request_id = fields.name(response.get("request_id"))
        if response.get("subtype") == "error":
            return
        behaviour = answer.get("behavior")  # as Claude Code's SDKs put it
        allowed = answer.get("allowed", behaviour == "allow") is True
        by = fields.name(response.get("resolved_by"))
        cancelled = not allowed and by in ("interrupt", "shutdown")
        decision = "allowed" if allowed else "cancelled" if cancelled else "denied"
        self._operations.end_wait(request_id, at, decision, by)


def _error(call: Call, note: str) -> str:
    if call.denied:
        return "denied"
    return {"timed out": "timeout", "interrupted": "interrupted"}.get(note, names.TOOL_ERROR)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return fields.texts([part for part in parts if isinstance(part, dict)])


def _lines(preview: Any) -> tuple[int, int] | None:
    """Lines that a change adds and removes; None where it does not tell."""
    files = fields.mapping(preview).get("files")
    if not isinstance(files, list):
        return None
    told = (fields.mapping(file) for file in files)
    pairs = [(fields.count(file.get("added")), fields.count(file.get("removed"))) for file in told]
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
