"""Servers at an address that misbehave: what they send is bounded, and what is wrong is said."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.mcp.bounds import MAX_MESSAGE
from qwen_dual.mcp.config import ServerConfig
from tests.mcp.support import hostile, run, running
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = [
    {"name": name, "inputSchema": {"type": "object"}}
    for name in ("echo", "huge", "huge-event", "words", "gone", "cut", "flood")
]
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "web", "version": "1"},
}


class Handler(BaseHTTPRequestHandler):
    """Answers in the way that the server was made for."""

    protocol_version = "HTTP/1.1"
    server: Web

    def log_message(self, *_: Any) -> None:
        """Prints nothing."""

    def do_GET(self) -> None:
        self.answer(405, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.headers_seen.append(dict(self.headers))
        request = json.loads(body)
        if self.server.way == "sign in":
            self.answer(401, b"{}", "application/json")
        elif self.server.way == "elsewhere":
            self.send_response(307)
            self.send_header("location", "http://127.0.0.2:1/mcp")
            self.send_header("content-length", "0")
            self.end_headers()
        elif self.server.way == "page":
            self.answer(200, b"<html>Welcome</html>", "text/html")
        elif "id" not in request:
            self.answer(202, b"", "text/plain")
        else:
            self.called(request)

    def called(self, request: dict[str, Any]) -> None:
        method = request["method"]
        name = request.get("params", {}).get("name")
        if method == "initialize":
            self.result(request, HELLO)
        elif method == "tools/list":
            self.result(request, {"tools": TOOLS})
        elif name == "huge":
            self.result(request, {"content": [{"type": "text", "text": "x" * (MAX_MESSAGE + 9)}]})
        elif name == "huge-event":
            self.begin_events()
            self.wfile.write(b"data: " + b"x" * (MAX_MESSAGE + 9) + b"\n\n")
        elif name == "flood":
            self.begin_events()
            told = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": 7}}
            event = b"data: " + json.dumps(told).encode() + b"\n\n"
            for _ in range(2_000):
                self.wfile.write(event)
            result = {"jsonrpc": "2.0", "id": request["id"], "result": {"content": []}}
            self.wfile.write(b"data: " + json.dumps(result).encode() + b"\n\n")
        elif name == "words":
            self.answer(200, b"no JSON at all", "application/json")
        elif name == "gone":
            self.answer(404, b"", "text/plain")
        elif name == "cut":
            self.begin_events()
        elif name == "echo":
            self.result(request, {"content": [{"type": "text", "text": "here"}]})
        else:
            error = {"code": -32601, "message": "no such method"}
            told = {"jsonrpc": "2.0", "id": request["id"], "error": error}
            self.answer(200, json.dumps(told).encode(), "application/json")

    def begin_events(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True

    def result(self, request: dict[str, Any], result: dict[str, Any]) -> None:
        told = {"jsonrpc": "2.0", "id": request["id"], "result": result}
        self.answer(200, json.dumps(told).encode(), "application/json")

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if self.server.way == "session":
            self.send_header("mcp-session-id", "s1")
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass  # it has heard enough


class Web(ThreadingHTTPServer):
    """A server that behaves in a way."""

    daemon_threads = True

    def __init__(self, way: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.way = way
        self.headers_seen: list[dict[str, str]] = []

    def handle_error(self, *_: Any) -> None:
        """Prints nothing."""

    @property
    def config(self) -> ServerConfig:
        """What it is asked for by."""
        url = f"http://127.0.0.1:{self.server_port}/mcp"
        headers = {"X-Key": "mine"}
        return ServerConfig(
            name="web", transport="http", url=url, headers=headers, discovery_timeout=20
        )


@contextmanager
def web(way: str = "good") -> Iterator[Web]:
    server = Web(way)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("huge", f"more than the {MAX_MESSAGE:,} bytes"),
        ("huge-event", "SSE stream failed"),
        ("words", "Failed to parse JSON response"),
        ("cut", "SSE stream ended without a response"),
    ],
)
def test_an_answer_that_cannot_be_taken_fails_that_call_alone(tool: str, said: str) -> None:
    async def main() -> None:
        with web() as server:
            async with running(server.config, hostile("good", name="good")) as seen:
                result = await seen.call(f"mcp__web__{tool}")
                assert result.is_error
                assert said in result.text
                assert (await seen.call("mcp__web__echo")).text == "here"
                assert (await seen.call("mcp__good__echo", {"text": "x"})).text == "echo: x"

    run(main)


def test_a_stream_of_notices_that_are_none_does_not_keep_the_answer_away() -> None:
    async def main() -> None:
        with web() as server:
            async with running(server.config) as seen:
                assert (await seen.call("mcp__web__flood")).text == "(the tool gave nothing back)"

    run(main)


def test_one_that_has_forgotten_the_session_is_said_hello_to_again() -> None:
    async def main() -> None:
        with web("session") as server:
            async with running(server.config) as seen:
                result = await seen.call("mcp__web__gone")
                assert "the connection was lost" in result.text
                assert (await seen.call("mcp__web__echo")).text == "here"

    run(main)


@pytest.mark.parametrize(
    ("way", "state", "said"),
    [
        ("sign in", "needs_auth", "it asks for signing in (HTTP 401)"),
        ("elsewhere", "failed", "Redirect to http://127.0.0.2:1/mcp not followed"),
        ("page", "failed", "Unexpected content type: text/html"),
    ],
)
def test_what_is_no_server_is_said_to_be_none(way: str, state: str, said: str) -> None:
    async def main() -> None:
        with web(way) as server:
            async with running(server.config) as seen:
                status = seen.status("web")
                assert (status.state, said in status.error) == (state, True), status.error
                if state == "needs_auth":
                    assert status.retry_in is None

    run(main)


def test_the_headers_of_the_settings_go_with_each_request() -> None:
    async def main() -> None:
        with web() as server:
            async with running(server.config) as seen:
                await seen.call("mcp__web__echo")
                await until(lambda: len(server.headers_seen) >= 3)
            assert all(headers["X-Key"] == "mine" for headers in server.headers_seen)

    run(main)
