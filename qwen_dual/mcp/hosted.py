"""Servers that live in the program which runs this one: each message goes by way of that program.

It takes one message of MCP at a time and answers it; a request with the server's answer, anything else
with something that says nothing. What the server sends by itself comes in through ``take``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio

from qwen_dual.core.errors import HostFailed
from qwen_dual.mcp.errors import ServerFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectSendStream

    from qwen_dual.mcp.config import ServerConfig
    from qwen_dual.mcp.transports import Streams

log = logging.getLogger(__name__)

Send: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Takes a server's name and a message for it, and gives the message that it is answered with.

Raises ``HostFailed`` where there is none."""

FAILED = -32603
"""The code (an internal error) of an answer that stands for one that never came."""

WAITING = 256
"""Messages of one server that may wait to be read."""


class Hosted:
    """The servers of one such program.

    Args:
        send: brings messages there.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._open: dict[str, _Line] = {}

    def take(self, server: str, message: Mapping[str, Any]) -> None:
        """Takes a message that a server sends by itself.

        Raises:
            ServerFailure: nobody is connected to it, or nobody reads, or it is no message of MCP.
        """
        line = self._open.get(server)
        if line is None:
            raise ServerFailure(f"nobody is connected to a server {server!r}")
        line.take(message)

    @asynccontextmanager
    async def transport(self, config: ServerConfig) -> AsyncIterator[Streams]:
        """Carries the messages of one connection: a ``TransportFactory``."""
        incoming, read = anyio.create_memory_object_stream[Any](WAITING)
        write, outgoing = anyio.create_memory_object_stream[Any](0)
        async with incoming, read, write, outgoing, anyio.create_task_group() as group:
            line = self._open[config.name] = _Line(config.name, self._send, incoming, group)
            group.start_soon(line.run, outgoing)
            try:
                yield read, write
            finally:
                if self._open.get(config.name) is line:
                    del self._open[config.name]
                group.cancel_scope.cancel()


class _Line:
    """One connection: what goes out of it, and what is awaited."""

    def __init__(
        self, server: str, send: Send, incoming: MemoryObjectSendStream[Any], group: TaskGroup
    ) -> None:
        self._server = server
        self._send = send
        self._incoming = incoming
        self._group = group
        self._asked: dict[object, anyio.CancelScope] = {}

    async def run(self, outgoing: AsyncIterator[Any]) -> None:
        """Sends what the SDK sends, each message on its way before the next one is looked at."""
        async for item in outgoing:
            sent = item.message.model_dump(by_alias=True, mode="json", exclude_unset=True)
            if sent.get("method") == "notifications/cancelled":
                self._give_up(sent.get("params", {}).get("requestId"))
            # Tasks begin in the order in which they were started, and each sends at its beginning.
            self._group.start_soon(self._exchange, sent)

    def take(self, message: Any) -> None:
        """Hands a message on to the SDK.

        Raises:
            ServerFailure: it is none, or too many wait.
        """
        try:
            self._incoming.send_nowait(_read(message))
        except anyio.WouldBlock:
            raise ServerFailure(f"{WAITING} of its messages are still to be read") from None
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise ServerFailure("the connection is just being closed") from None

    async def _exchange(self, sent: dict[str, Any]) -> None:
        asks = "method" in sent and "id" in sent
        if not asks:
            try:
                await self._send(self._server, sent)
            except HostFailed as error:  # nothing waits for it
                log.info("%s: %s was not taken: %s", self._server, sent.get("method"), error)
            return
        with anyio.CancelScope() as scope:
            self._asked[sent["id"]] = scope
            try:
                await self._hand_on(sent["id"], await self._answered(sent))
            finally:
                self._asked.pop(sent["id"], None)

    async def _answered(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The server's answer to a request, or one that says why there is none."""
        try:
            answer = await self._send(self._server, sent)
        except HostFailed as error:
            why = str(error)
        else:
            if isinstance(answer, dict) and ("result" in answer) != ("error" in answer):
                return {**answer, "jsonrpc": "2.0", "id": sent["id"]}
            why = "its answer is not what MCP says"
        return _failure(sent["id"], why)

    async def _hand_on(self, asked: object, answer: dict[str, Any]) -> None:
        try:
            read = _read(answer)
        except ServerFailure as error:
            read = _read(_failure(asked, str(error)))
        await self._incoming.send(read)

    def _give_up(self, asked: object) -> None:
        """Nobody waits any more for the answer to a request."""
        if (scope := self._asked.pop(asked, None)) is not None:
            scope.cancel()


def _read(message: Any) -> Any:
    """A message as the SDK has it.

    Raises:
        ServerFailure: it is none.
    """
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter
    from pydantic import ValidationError

    try:
        return SessionMessage(jsonrpc_message_adapter.validate_python(message, by_name=False))
    except ValidationError:
        raise ServerFailure("that is no message of MCP") from None


def _failure(asked: object, why: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": asked, "error": {"code": FAILED, "message": why}}
