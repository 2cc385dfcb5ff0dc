"""A page without a browser: the messages of its WebSockets, and what it keeps of them."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import anyio

from qwen_dual.web.access_records import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.websockets import WebSocket

    from qwen_dual.protocol.command_shapes import Right

EVERYTHING: frozenset[Right] = frozenset(("observe", "approve", "submit", "control"))


def visitor(
    name: str = "anna",
    rights: frozenset[Right] = EVERYTHING,
    session: str | None = None,
    id: str = "browser-1",
) -> Client:
    """Who looks at it."""
    return Client(name, rights, session, id)


class Socket:
    """The server's side of a WebSocket whose other side is the test.

    Attributes:
        sent: what the server has sent and the test has not taken.
        reads: whether what the server sends is taken from it; else it waits, as for a full connection.
        closed: the code with which the server has closed it.
    """

    def __init__(self) -> None:
        self.sent: deque[dict[str, Any]] = deque()
        self.reads = anyio.Event()
        self.reads.set()
        self.closed = 0
        self._said: deque[dict[str, Any]] = deque()
        self._came, self._spoke = anyio.Event(), anyio.Event()

    @property
    def asgi(self) -> WebSocket:
        """For the server."""
        return cast("WebSocket", self)

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        await anyio.lowlevel.checkpoint()
        self.sent.append(message)
        self._came.set()

    async def receive(self) -> dict[str, Any]:
        while not self._said:
            self._spoke = anyio.Event()
            await self._spoke.wait()
        return self._said.popleft()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed = code
        self._came.set()

    def say(self, message: dict[str, Any] | bytes) -> None:
        """What the page sends."""
        content = (
            {"bytes": message} if isinstance(message, bytes) else {"text": json.dumps(message)}
        )
        self._said.append({"type": "websocket.receive", **content})
        self._spoke.set()

    def cut(self) -> None:
        """The connection breaks."""
        self._said.append({"type": "websocket.disconnect", "code": 1006})
        self._spoke.set()

    async def next(self) -> dict[str, Any]:
        """The next message of the server's."""
        while not self.sent:
            self._came = anyio.Event()
            await self._came.wait()
        return self.sent.popleft()


class ChatPage:
    """A page's chat: what it has, over all of its connections."""

    def __init__(self) -> None:
        self.socket = Socket()
        self.items: list[dict[str, Any]] = []
        self._waiting: deque[dict[str, Any]] = deque()
        self.epoch = ""
        self.seq: int | None = None

    async def until(self, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Takes what comes up to the first item of which it holds; that one."""
        while True:
            while not self._waiting:
                self._waiting.extend(json.loads((await self.socket.next())["text"]))
            item = self._waiting.popleft()
            self._take(item)
            if holds(item):
                return item

    def _take(self, item: dict[str, Any]) -> None:
        if item["type"] == "web" and item["subtype"] == "hello":
            if item["whole"] or item["epoch"] != self.epoch:
                self.items.clear()
                self.seq = None
            self.epoch = item["epoch"]
        elif isinstance(item.get("seq"), int):
            assert self.seq is None or item["seq"] > self.seq, "it comes twice"
            self.seq = item["seq"]
        self.items.append(item)

    async def until_kind(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next item of a `type/subtype` or `type`, with such fields."""
        return await self.until(
            lambda item: (
                kind in (item["type"], f"{item['type']}/{item.get('subtype')}")
                and all(item.get(name) == value for name, value in fields.items())
            )
        )

    def again(self) -> Socket:
        """A new connection of the same page; what the last one had brought and was not looked at is lost."""
        self._waiting.clear()
        self.socket = Socket()
        return self.socket


class TerminalPage:
    """A page's terminal: its bytes by their offset, and what it was told between."""

    def __init__(self, *, acknowledges: bool = True) -> None:
        self.socket = Socket()
        self.acknowledges = acknowledges
        self.told: list[dict[str, Any]] = []
        self.screen = bytearray()
        self.fresh = 0
        self.offset: int | None = None
        self.epoch = ""

    async def step(self) -> dict[str, Any]:
        """Takes one message."""
        message = await self.socket.next()
        data = message.get("bytes")
        if data is not None:
            assert self.offset is not None
            self.screen += data
            self.offset += len(data)
            if self.acknowledges:
                self.socket.say({"type": "ack", "offset": self.offset})
            return {"subtype": "bytes"}
        told: dict[str, Any] = json.loads(message["text"])
        self.told.append(told)
        if told["subtype"] == "screen":
            self.epoch, self.offset = told["epoch"], told["offset"]
            if told["fresh"]:
                self.fresh += 1
                self.screen.clear()
        return told

    async def until(self, holds: Callable[[], object]) -> None:
        """Takes messages until something holds."""
        while not holds():
            await self.step()

    async def until_told(self, subtype: str) -> dict[str, Any]:
        """The next message of a kind."""
        while (told := await self.step())["subtype"] != subtype:
            pass
        return told
