"""Events in, signals out: what of a session is a span, a value of a metric, a log record. Pure.

A turn is a trace. Its outermost span is the main agent's; its model calls, tool calls and waits for leave
are in it, and within a call that set a sub-agent to work all that this one does. What ended is told once
it has: what is outside comes after what is in it. Works with any program with dual output, and with what
Qwen Code and its like print with ``stream-json``: nothing is taken for granted but ``type``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry import fields
from qwen_dual.telemetry.model_calls import ModelCalls
from qwen_dual.telemetry.open_operations import OpenOperations
from qwen_dual.telemetry.session_facts import SessionFacts
from qwen_dual.telemetry.signal_builder import MAX_CONTENT
from qwen_dual.telemetry.tool_calls import ToolCalls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.telemetry.operations import Agent
    from qwen_dual.telemetry.signal_builder import SignalBuilder
    from qwen_dual.telemetry.signals import Signal

_NOT_OF_MODELS = frozenset(("budget", "command", "hook"))
"""Kinds of errors that no model call ended with."""


class Reducer:
    """Takes the events of one session, one after the other.

    Args:
        builder: makes the signals of what ended.
    """

    def __init__(self, builder: SignalBuilder) -> None:
        self._operations = OpenOperations(builder)
        self._models = ModelCalls(self._operations)
        self._tools = ToolCalls(self._operations)
        self._facts = SessionFacts(self._operations)
        self._tells_state = False  # the program says when its turns end

    def take(self, event: Mapping[str, Any], at: int, chunks: int = 0) -> list[Signal]:
        """What an event brought to its end.

        Args:
            event: as it came, or as it is published.
            at: when, in nanoseconds since the epoch.
            chunks: with ``message_stop``: how many pieces the answer had; 0 where nobody counted.
        """
        lane = fields.name(event.get("parent_tool_use_id")) or None
        match event.get("type"):
            case "system":
                self._system(event, lane, at)
            case "stream_event":
                self._models.stream(event, lane, at, chunks)
            case "assistant":
                agent = self._models.answered(event, lane, at)
                for block in fields.blocks(event):
                    if block.get("type") == "tool_use":
                        self._tools.called(block, agent, lane, at)
            case "user":
                self._user(event, lane, at)
            case "control_request":
                self._tools.requested(event, lane, at)
            case "control_response":
                self._tools.resolved(event, at)
            case "control_cancel_request":
                request_id = fields.name(event.get("request_id"))
                self._operations.end_wait(request_id, at, "cancelled")
            case "result" if lane is None:
                self._result(event, at)
        return self._operations.drain()

    def finish(self, at: int) -> list[Signal]:
        """What has not ended when nothing more comes: a turn of a program that tells of their ends was cut off."""
        main = self._operations.lanes.of(None)
        if main is not None and self._tells_state:
            main.error = main.error or names.OTHER_ERROR
        self._end_all(at)
        return self._operations.drain()

    def _end_all(self, at: int) -> None:
        for lane, agent in self._operations.lanes:
            if agent.chat is not None and agent.chat.end:
                self._operations.end_chat(agent)
            # Where nobody tells when a turn ends, it did with the answer, if nothing is open.
            over = not self._tells_state and agent.chat is None and not agent.calls
            self._operations.end_agent(lane, agent, agent.ready if over else at, "")

    def _system(self, event: Mapping[str, Any], lane: str | None, at: int) -> None:
        data = fields.mapping(event.get("data")) or event
        match event.get("subtype"):
            case "state":
                self._state(data, at)
            case "usage":
                self._models.used(data, lane, at)
            case "model_retry":
                self._models.retried(data, lane, at)
            case "tool_progress":
                self._tools.progressed(data, lane, at)
            case "task_started":
                self._operations.lanes.detach(fields.name(data.get("tool_use_id")))
            case "task_notification":
                self._task_ended(data, at)
            case "session_end":
                self._end_all(at)
                self._operations.log(names.SESSION_END, at, "the session ended")
            case subtype:
                self._facts.take(fields.text(subtype), data, at)

    def _state(self, data: Mapping[str, Any], at: int) -> None:
        self._tells_state = True
        main, state = self._operations.lanes.of(None), data.get("state")
        if main is None:
            return
        main.turn_id = fields.name(data.get("turn_id")) or main.turn_id
        if state in ("thinking", "compacting") and (main.chat is None or main.chat.end):
            main.ready = at

    def _user(self, event: Mapping[str, Any], lane: str | None, at: int) -> None:
        blocks = fields.blocks(event)
        said = False
        for block in blocks:
            if block.get("type") == "tool_result":
                self._tools.finished(event, block, lane, at)
            elif block.get("type") in ("text", "image"):
                said = True
        if said and lane is not None:
            agent = self._operations.working(lane, at)
            self._operations.end_chat(agent)
            agent.prompt = agent.prompt or self._operations.content(fields.texts(blocks))
            agent.ready = at
        elif said:
            self._prompted(event, fields.texts(blocks), at)

    def _prompted(self, event: Mapping[str, Any], text: str, at: int) -> None:
        main, origin = self._operations.lanes.of(None), fields.name(event.get("origin"))
        if main is not None and (event.get("steered") or self._tells_state):
            self._operations.end_chat(main)
            main.ready = at
        else:
            if main is not None:  # nobody tells there when a turn ends
                self._operations.end_chat(main)
                self._operations.end_agent(None, main, main.ready, "")
            main = self._operations.begin(fields.name(event.get("uuid")), at)
            main.origin, main.prompt = origin, self._operations.content(text)
        told = {names.ORIGIN: origin, names.PROMPT_LENGTH: len(text)}
        body = f"a prompt of {len(text):,} characters"
        said = {names.PROMPT: text[:MAX_CONTENT]}
        self._operations.log(names.USER_PROMPT, at, body, told, agent=main, content=said)

    def _result(self, event: Mapping[str, Any], at: int) -> None:
        operations, main = self._operations, self._operations.lanes.of(None)
        if main is None:
            return
        error = fields.mapping(event.get("error"))
        stop_reason = fields.name(event.get("stop_reason"))
        if event.get("is_error") or error:
            interrupted = stop_reason if stop_reason == "interrupted" else ""
            main.error = fields.name(error.get("kind")) or interrupted or names.OTHER_ERROR
            main.message = operations.content(
                fields.text(error.get("message") or event.get("result"))
            )
            self._failed_call(main, at, told=bool(error))
        main.answer = operations.content(fields.text(event.get("result"))) or main.answer
        main.turn_id = fields.name(event.get("turn_id")) or main.turn_id
        for lane, agent in operations.lanes:
            if lane is not None and not operations.lanes.outlives_turn(lane):
                operations.end_agent(lane, agent, at, stop_reason)
        operations.end_agent(None, main, at, stop_reason or fields.name(event.get("subtype")))

    def _failed_call(self, main: Agent, at: int, *, told: bool) -> None:
        """Has the model call fail that the turn failed with, where it was one."""
        chat = main.chat
        if chat is not None and chat.end and not chat.error:  # this one went well
            self._operations.end_chat(main)
            chat = None
        if told and main.error not in _NOT_OF_MODELS:
            chat = chat or self._operations.open_chat(main, at)
        if chat is not None:
            chat.error, chat.message = main.error, main.message

    def _task_ended(self, data: Mapping[str, Any], at: int) -> None:
        lane, status = fields.name(data.get("tool_use_id")), fields.name(data.get("status"))
        agent = self._operations.lanes.of(lane)
        if agent is not None and status != "running":
            agent.error = "" if status in ("completed", "") else status
            self._operations.end_agent(lane, agent, at, status)
