"""An OpenAI-compatible chat completions server on 127.0.0.1, for programs that need one.

Runs in a process of its own, so that neither its work nor its garbage disturbs the host's clock:
``running()`` starts it and ends it. It knows only what ``answers`` asks for; it is no model.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.answers import Answer, answer_in, call_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = "bench"
MAX_BODY = 16 << 20
DRAIN_EVERY = 16


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Starts the server; gives its base URL, and ends it afterwards.

    Raises:
        RuntimeError: it did not say where it listens.
    """
    root = Path(__file__).resolve().parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port.isdigit():
            raise RuntimeError(f"the model server did not start: it said {port!r}")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    """One server-sent event of a streamed answer."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _event({"choices": [choice]})


def usage_chunk(answer: Answer) -> bytes:
    """The last event before ``[DONE]``: the tokens."""
    return _event({"choices": [], "usage": _usage(answer)})


def call_delta(command: str) -> dict[str, Any]:
    """The delta that asks for ``command``."""
    return {"role": "assistant", "tool_calls": [{"index": 0, **_call(command)}]}


def completion(answer: Answer) -> bytes:
    """The answer to a request without ``stream``."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": answer.text * answer.deltas,
    }
    if answer.command is not None:
        message = {"role": "assistant", "content": None, "tool_calls": [_call(answer.command)]}
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": "stop" if answer.command is None else "tool_calls",
    }
    body = {**_head("chat.completion"), "choices": [choice], "usage": _usage(answer)}
    return json.dumps(body).encode()


def _call(command: str) -> dict[str, Any]:
    function = {"name": "run_shell_command", "arguments": json.dumps(call_arguments(command))}
    # Each its own: a program may take a repeated id for a repeated call.
    return {"id": f"call_{time.monotonic_ns()}", "type": "function", "function": function}


def _usage(answer: Answer) -> dict[str, int]:
    return {
        "prompt_tokens": 10,
        "completion_tokens": answer.deltas,
        "total_tokens": 10 + answer.deltas,
    }


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-bench", "object": kind, "created": 0, "model": MODEL}


def _event(body: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % json.dumps({**_head("chat.completion.chunk"), **body}).encode()


async def _serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # A client that leaves or sends nonsense ends its own connection only.
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while await _serve_request(reader, writer):
            pass
    writer.close()


async def _serve_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in rest)}
    length = int(headers.get("content-length") or 0)
    if length > MAX_BODY:
        _respond(writer, "413 Content Too Large", b"{}")
        return False
    body = await reader.readexactly(length)
    method, path, _ = first.split(" ", 2)
    if method != "POST" or not path.endswith("/chat/completions"):
        _respond(writer, "404 Not Found", b'{"error":{"message":"POST /v1/chat/completions"}}')
        await writer.drain()
        return True
    request = json.loads(body)
    answer = answer_in(request)
    if request.get("stream"):
        await _stream(writer, answer)
    else:
        _respond(writer, "200 OK", completion(answer))
        await writer.drain()
    return True


def _respond(writer: asyncio.StreamWriter, status: str, body: bytes) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n".encode() + body)


async def _stream(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    if answer.command is None:
        delta = _http_chunk(chunk({"content": answer.text}))
        began = time.monotonic()
        for count in range(answer.deltas):
            ahead = began + count / answer.rate - time.monotonic() if answer.rate else 0.0
            if ahead > 0 or count % DRAIN_EVERY == 0:
                await writer.drain()
                await asyncio.sleep(max(0.0, ahead))
            writer.write(delta)
        writer.write(_http_chunk(chunk({}, "stop")))
    else:
        writer.write(_http_chunk(chunk(call_delta(answer.command))))
        writer.write(_http_chunk(chunk({}, "tool_calls")))
    writer.write(_http_chunk(usage_chunk(answer) + b"data: [DONE]\n\n"))
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _main() -> None:
    server = await asyncio.start_server(_serve_connection, "127.0.0.1", 0)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # The end of stdin is the end of the benchmark, however that came about.
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
