"""An OpenAI-compatible service on loopback whose answers follow from the last message, and from nothing else.

Speaks as much HTTP as that takes. ``script`` says what is understood.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from qwen_dual.conformance.script import ANSWER, reply_to
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from anyio.abc import SocketStream, TaskStatus

MODEL = "scripted"
_HEAD = 1 << 16


class ModelServer:
    """The service, from ``run`` until it is cancelled.

    Attributes:
        url: its base address.
        asked: the bodies of all requests.
        gate: while it is closed, answers that wait for it stand still.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.gate = anyio.Event()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serves."""
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        self.url = f"http://127.0.0.1:{port}/v1"
        task_status.started()
        async with listener:
            await listener.serve(self._serve)

    def close_gate(self) -> None:
        """Lets answers that are asked to wait, wait."""
        self.gate = anyio.Event()

    async def _serve(self, stream: SocketStream) -> None:
        try:
            async with stream:
                await self._answer(stream)
        except (
            anyio.BrokenResourceError,
            anyio.IncompleteRead,
            anyio.DelimiterNotFound,
            ValueError,
        ):
            return  # the program hung up, or it is no request of a model's client

    async def _answer(self, stream: SocketStream) -> None:
        buffered = BufferedByteReceiveStream(stream)
        head = (await buffered.receive_until(b"\r\n\r\n", _HEAD)).decode("latin-1")
        request, *lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        size = int(headers.get("content-length", "0"))
        body = await buffered.receive_exactly(size) if size else b""
        if request.startswith("GET"):
            listed = {"object": "list", "data": [{"id": MODEL, "object": "model"}]}
            await _whole(stream, 200, listed)
            return
        asked = json.loads(body)
        self.asked.append(asked)
        reply = reply_to(asked.get("messages") or [])
        if reply.status != 200:
            await _whole(stream, reply.status, {"error": {"message": reply.text, "type": "test"}})
        elif asked.get("stream"):
            await self._stream(stream, reply)
        else:
            await _whole(stream, 200, _completion(reply))

    async def _stream(self, stream: SocketStream, reply: Any) -> None:
        await stream.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        )
        for number, piece in enumerate(reply.pieces):
            if reply.waits and number == 1:
                await self.gate.wait()
            await _chunk(stream, {"content": piece})
        if reply.waits and len(reply.pieces) < 2:
            await self.gate.wait()
        for number, call in enumerate(reply.calls):
            await _chunk(stream, {"tool_calls": [{"index": number, **call}]})
        await _chunk(stream, {}, "tool_calls" if reply.calls else "stop")
        await stream.send(b"data: " + encode(_USAGE) + b"\n\ndata: [DONE]\n\n")


_USAGE = {
    "id": "1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": MODEL,
    "choices": [],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}


async def _chunk(stream: SocketStream, delta: dict[str, Any], finish: str | None = None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {**_USAGE, "choices": [choice], "usage": None}
    await stream.send(b"data: " + encode(chunk).rstrip() + b"\n\n")


async def _whole(stream: SocketStream, status: int, value: dict[str, Any]) -> None:
    body = encode(value)
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    await stream.send(head.encode() + body)


def _completion(reply: Any) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or ANSWER}
    if reply.calls:
        message["tool_calls"] = reply.calls
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": "tool_calls" if reply.calls else "stop",
    }
    return {**_USAGE, "object": "chat.completion", "choices": [choice]}
