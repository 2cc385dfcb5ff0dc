"""A real HTTP server on loopback that sends exactly the bytes a test wants, when it wants them.

    async with serve(reply(status=429, headers={"Retry-After": "1"}), sse({"choices": []})) as server:
        ...  # POST to server.url
    server.requests[0].json["model"]

Each request takes the next reply of the script; one that is a callable is given the request. A
request beyond the script gets a 400 that says so. Outside a loop (a program in a PTY):

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serve(...)) as server:

It speaks HTTP/1.1 without TLS, and as much of it as a client of models needs.
"""

from __future__ import annotations

import gzip
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from qwen_dual.protocol.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence

HEAD_LIMIT = 65_536
GONE = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError)

End = Literal["keep", "close", "hold", "reset"]
"""What comes after the pieces: the next request on the same connection; an orderly end of the
connection; silence until the client leaves; a TCP reset. A chunked body gets its final chunk with
``keep`` only, so the others break off in the middle of it."""


@dataclass(frozen=True)
class Reply:
    """One scripted answer.

    Attributes:
        pieces: bytes are written at once, each as one chunk; an event is waited for.
        status: 0 sends no head: the pieces are the raw bytes of the answer.
        chunked: False sends the pieces without a length, the end of the connection ends them.
    """

    pieces: Sequence[bytes | anyio.Event] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = True
    end: End = "keep"


@dataclass(frozen=True)
class Received:
    """One request; the names of ``headers`` are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:
        return decode(self.body)


def reply(
    body: bytes | str | Mapping[str, Any] | Sequence[bytes | anyio.Event] = b"",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    end: End = "keep",
) -> Reply:
    """An answer of text, of JSON (a mapping), or of pieces."""
    kind = "text/plain"
    pieces: Sequence[bytes | anyio.Event]
    if isinstance(body, bytes | str):
        pieces = (body.encode() if isinstance(body, str) else body,)
    elif hasattr(body, "keys"):
        pieces, kind = (encode(body),), "application/json"
    else:
        pieces = tuple(body)
    return Reply(pieces, status, {"Content-Type": kind, **(headers or {})}, end=end)


def event(data: Mapping[str, Any] | str, name: str = "", newline: str = "\n") -> bytes:
    """One server-sent event; ``data`` is JSON, or text as it is."""
    text = data if isinstance(data, str) else encode(data).decode().rstrip("\n")
    head = f"event: {name}{newline}" if name else ""
    return f"{head}data: {text}{newline}{newline}".encode()


def sse(
    *parts: Mapping[str, Any] | str | bytes | anyio.Event,
    headers: Mapping[str, str] | None = None,
    end: End = "keep",
) -> Reply:
    """A stream: mappings and texts become events, bytes are sent as they are, events waited for."""
    pieces = [part if isinstance(part, bytes | anyio.Event) else event(part) for part in parts]
    return Reply(pieces, 200, {"Content-Type": "text/event-stream", **(headers or {})}, end=end)


def no_answer() -> Reply:
    """Takes the request and stays silent."""
    return Reply(status=0, end="hold")


def cut(answer: Reply, size: int) -> Reply:
    """``answer`` in pieces of ``size`` bytes, wherever that cuts them."""
    whole = b"".join(piece for piece in answer.pieces if isinstance(piece, bytes))
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    return replace(answer, pieces=pieces)


def gzipped(answer: Reply) -> Reply:
    """``answer`` with its whole body compressed, in one piece."""
    whole = b"".join(piece for piece in answer.pieces if isinstance(piece, bytes))
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return replace(answer, pieces=[gzip.compress(whole)], headers=headers)


class Server:
    """What the tests see of it.

    Attributes:
        url: ``http://127.0.0.1:<port>``.
        requests: all so far, in order.
        connections: how many were accepted.
        leaving: set when a client leaves an answer that holds.
    """

    def __init__(self, url: str, script: Iterable[Reply | Callable[[Received], Reply]]) -> None:
        self.url = url
        self.requests: list[Received] = []
        self.connections = 0
        self.leaving = anyio.Event()
        self._script: Iterator[Reply | Callable[[Received], Reply]] = iter(script)
        self._news = anyio.Condition()

    async def requested(self, count: int = 1) -> None:
        """Waits until so many requests have come."""
        async with self._news:
            while len(self.requests) < count:
                await self._news.wait()

    async def handle(self, stream: anyio.abc.SocketStream) -> None:
        """Serves one connection."""
        self.connections += 1
        reader = BufferedByteReceiveStream(stream)
        async with stream:
            try:
                while await self._answer(stream, reader) == "keep":
                    pass
            except GONE:
                pass

    async def _answer(
        self, stream: anyio.abc.SocketStream, reader: BufferedByteReceiveStream
    ) -> End:
        request = await _receive(reader)
        async with self._news:
            self.requests.append(request)
            self._news.notify_all()
        step = next(self._script, None)
        if step is None:
            step = reply("the script has no further reply", status=400)
        answer = step if isinstance(step, Reply) else step(request)
        await _send(stream, answer)
        if answer.end == "hold":
            try:
                while True:
                    await reader.receive()
            except GONE:
                self.leaving.set()
                raise
        if answer.end == "reset":
            raw = stream.extra(anyio.abc.SocketAttribute.raw_socket)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await anyio.aclose_forcefully(stream)
        return answer.end if answer.chunked else "close"


async def _receive(reader: BufferedByteReceiveStream) -> Received:
    head = (await reader.receive_until(b"\r\n\r\n", HEAD_LIMIT)).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.receive_exactly(int(headers.get("content-length", 0)))
    return Received(method, target, headers, body)


async def _send(stream: anyio.abc.SocketStream, answer: Reply) -> None:
    chunked = answer.chunked and answer.status != 0
    if answer.status:
        lines = [f"HTTP/1.1 {answer.status} Scripted"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines.append("Transfer-Encoding: chunked" if chunked else "Connection: close")
        await stream.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
    for piece in answer.pieces:
        if isinstance(piece, anyio.Event):
            await piece.wait()
        elif piece:
            await stream.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked and answer.end == "keep":
        await stream.send(b"0\r\n\r\n")


@asynccontextmanager
async def serve(*script: Reply | Callable[[Received], Reply]) -> AsyncIterator[Server]:
    """Serves the script on a free port of 127.0.0.1 until the block is left."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    server = Server(f"http://127.0.0.1:{port}", script)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, server.handle)
        yield server
        tasks.cancel_scope.cancel()
