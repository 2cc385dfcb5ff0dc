"""Model calls: from when one may have been asked to when its answer, and what it took, is told. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.api_error import begins_api_error, message_in
from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry import fields
from qwen_dual.telemetry.operations import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.telemetry.open_operations import OpenOperations
    from qwen_dual.telemetry.operations import Agent, Chat

MAX_PARTS = 100
"""Parts of an answer that are sent to who asked for content."""


class ModelCalls:
    """Follows those of each agent.

    Args:
        operations: those that have not ended.
    """

    def __init__(self, operations: OpenOperations) -> None:
        self._operations = operations
        self._tells_usage = False

    def stream(self, event: Mapping[str, Any], lane: str | None, at: int, chunks: int) -> None:
        """Takes a piece of an answer, of which only the first and the last tell anything here."""
        inner = fields.mapping(event.get("event"))
        kind = inner.get("type")
        if kind == "message_start":
            agent = self._operations.working(lane, at)
            self._operations.end_chat(agent)
            message = fields.mapping(inner.get("message"))
            chat = self._operations.open_chat(agent)
            chat.streamed = True
            chat.response_id = fields.name(message.get("id"))
            chat.model = fields.name(message.get("model"))
            return
        found = self._operations.lanes.of(lane)
        open_one = None if found is None else found.chat
        if open_one is None or open_one.end:
            return
        if kind == "message_stop":
            open_one.end, open_one.chunks = at, chunks
        elif kind in ("content_block_start", "content_block_delta"):
            open_one.first_chunk = open_one.first_chunk or at

    def answered(self, event: Mapping[str, Any], lane: str | None, at: int) -> Agent:
        """Takes a part of an answer that is whole; returns whose it is."""
        message = fields.mapping(event.get("message"))
        agent = self._operations.working(lane, at)
        chat = agent.chat
        if chat is None or (chat.end and chat.streamed):
            self._operations.end_chat(agent)
            chat = self._operations.open_chat(agent, at)
        if not chat.streamed:
            chat.end = at
        chat.model = fields.name(message.get("model")) or chat.model
        chat.response_id = chat.response_id or fields.name(message.get("id"))
        chat.stop_reason = fields.name(message.get("stop_reason")) or chat.stop_reason
        agent.model = chat.model or agent.model
        usage = fields.mapping(message.get("usage"))
        if not self._tells_usage and fields.count(usage.get("input_tokens")):
            chat.used = _tokens(usage)
        blocks = fields.blocks(event)
        text = fields.texts(blocks)
        if begins_api_error(text):
            chat.error = agent.error = chat.error or names.OTHER_ERROR
            chat.message = agent.message = self._operations.content(message_in(text) or "")
        elif text:
            agent.answer, agent.error = self._operations.content(text), ""
        for block in blocks:
            self._add_part(chat, block)
        return agent

    def _add_part(self, chat: Chat, block: Mapping[str, Any]) -> None:
        content = self._operations.content
        if not self._operations.builder.wants_content or len(chat.said) >= MAX_PARTS:
            return
        match block.get("type"):
            case "text":
                chat.said.append(
                    {"type": "text", "content": content(fields.text(block.get("text")))}
                )
            case "thinking":
                thought = content(fields.text(block.get("thinking")))
                chat.said.append({"type": "reasoning", "content": thought})
            case "tool_use":
                call_id, tool = fields.name(block.get("id")), fields.name(block.get("name"))
                chat.said.append({"type": "tool_call", "id": call_id, "name": tool})

    def used(self, data: Mapping[str, Any], lane: str | None, at: int) -> None:
        """Takes what a model call took, which has ended then."""
        self._tells_usage = True
        used, model = _tokens(data), fields.name(data.get("model"))
        agent = self._operations.lanes.of(lane)
        if agent is not None:
            agent.used.add(used)
        if agent is None or data.get("context_tokens", 0) is None:  # of no conversation
            self._operations.signals += self._operations.builder.used(used, model)
            return
        chat = agent.chat or self._operations.open_chat(agent, at)
        chat.end = chat.end or at
        chat.used, chat.model = used, model or chat.model
        self._operations.end_chat(agent, counted=True)

    def retried(self, data: Mapping[str, Any], lane: str | None, at: int) -> None:
        """Takes that a model call failed, and is made again."""
        agent = self._operations.lanes.of(lane)
        self._operations.count(names.RETRIES, 1)
        attempt, delay = fields.count(data.get("attempt")), fields.count(data.get("delay_ms"))
        said = {names.ERROR: fields.text(data.get("message"))}
        told = {names.ATTEMPT: attempt, names.DELAY: delay / 1000}
        body = f"a model call failed, attempt {attempt}"
        self._operations.log(
            names.MODEL_RETRY, at, body, told, agent=agent, failed=True, content=said
        )
        if agent is not None:
            chat = agent.chat or self._operations.open_chat(agent, at)
            chat.end, chat.error = chat.end or at, names.OTHER_ERROR
            chat.model = chat.model or agent.model
            self._operations.end_chat(agent)
            agent.ready = at + delay * 1_000_000


def _tokens(usage: Mapping[str, Any]) -> Tokens:
    def known(*keys: str) -> int | None:
        found = next((usage[key] for key in keys if usage.get(key) is not None), None)
        return None if found is None else fields.count(found)

    return Tokens(
        fields.count(usage.get("input_tokens")),
        fields.count(usage.get("output_tokens")),
        known("cache_read_input_tokens"),
        known("cache_creation_input_tokens"),
        known("reasoning_output_tokens", "thoughts_tokens"),
        fields.amount(usage.get("cost_usd")),
    )
