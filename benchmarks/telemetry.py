"""What telemetry costs a session: on the loop's thread, and in all.

The collector is a program of its own, which takes what comes and does nothing with it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_dual.telemetry.observer import Observer
from qwen_dual.telemetry.options import options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BUDGET_DELTA_US = 1.0
BUDGET_TURN_MS = 10.0
SPANS = 5
"""In a turn: itself, two model calls, a tool call and the wait for leave."""
_DELTAS = 200_000
_BEHIND = 2_000
"""Events that may wait for the thread before the next turn."""
_COLLECTOR = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What was measured.

    Attributes:
        delta_us: microseconds on the loop's thread for a delta.
        event_us: the same for another event.
        turn_ms: milliseconds of CPU for a turn, by all threads.
        lost: what the collector did not get, if anything.
    """

    delta_us: float
    event_us: float
    turn_ms: float
    lost: bool


def measure(turns: int) -> Telemetry:
    """Has so many turns told to a collector."""
    with subprocess.Popen(
        [sys.executable, "-c", _COLLECTOR], stdout=subprocess.PIPE, text=True
    ) as collector:
        try:
            assert collector.stdout is not None
            url = f"http://127.0.0.1:{collector.stdout.readline().strip()}"
            return _measure(url, turns)
        finally:
            collector.terminate()


def _measure(url: str, turns: int) -> Telemetry:
    said: list[str] = []
    asked = options({"enabled": True, "otlpEndpoint": url}, {}, {})
    observer = Observer(asked, "0", said.append, provider=lambda model: "")
    observer.start()
    for event in _turn(0):  # what is imported once is no cost of a turn
        observer(event)
    _caught_up(observer)
    began, taken, on_loop = time.process_time(), 0, 0.0
    for number in range(1, turns + 1):
        events = _turn(number)
        before = time.thread_time()
        for event in events:
            observer(event)
        on_loop += time.thread_time() - before
        taken += len(events)
        if observer.waiting > _BEHIND:
            _caught_up(observer)
    _caught_up(observer)
    turn_ms = (time.process_time() - began) / turns * 1000
    observer(_stream("message_start", message={"id": "m", "model": "m"}))
    delta = _stream("content_block_delta", delta={"type": "text_delta", "text": "word "})
    before = time.thread_time()
    for _ in range(_DELTAS):
        observer(delta)
    delta_us = (time.thread_time() - before) / _DELTAS * 1e6
    observer.close()
    return Telemetry(delta_us, on_loop / taken * 1e6, turn_ms, bool(said))


def _caught_up(observer: Observer) -> None:
    while observer.waiting:
        time.sleep(0.001)


def _stream(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "stream_event",
        "parent_tool_use_id": None,
        "event": {"type": kind, **more},
    }


def _turn(number: int) -> Sequence[Mapping[str, Any]]:
    """The events of a turn but for its deltas."""

    def system(subtype: str, **data: Any) -> dict[str, Any]:
        return {"type": "system", "subtype": subtype, "data": data}

    def message(kind: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
        inner = {"role": kind, "model": "m", "id": "m", "content": list(blocks)}
        return {"type": kind, "message": inner, "parent_tool_use_id": None, **more}

    start = _stream("message_start", message={"id": "m", "model": "m"})
    stop = _stream("message_stop")
    used = system("usage", model="m", input_tokens=9, output_tokens=9, context_tokens=9)
    call = {"type": "tool_use", "id": "1", "name": "run_shell_command", "input": {"command": "ls"}}
    asks = {"tool_use_id": "1", "tool_name": "run_shell_command"}
    allows = {"request_id": "r", "response": {"allowed": True}, "resolved_by": "keyboard"}
    result = {"type": "tool_result", "tool_use_id": "1", "content": "x" * 2000}
    thinks, words = (
        system("state", state="thinking", turn_id="t"),
        {"type": "text", "text": "Done."},
    )
    return [
        message("user", {"type": "text", "text": "go"}, uuid=str(number), origin="keyboard"),
        *(thinks, start, message("assistant", call), stop, used),
        {"type": "control_request", "request_id": "r", "request": asks},
        {"type": "control_response", "response": allows},
        system("tool_progress", tool_use_id="1", status="started", text="ls"),
        message("user", result, tool_use_result={"exit_code": 0}),
        *(thinks, start, message("assistant", words), stop, used),
        {"type": "result", "subtype": "success", "stop_reason": "end_turn", "turn_id": "t"},
    ]
