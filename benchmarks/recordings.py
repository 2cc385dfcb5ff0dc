"""What recording a session costs beside it, and how long an audit of much takes.

The recorded program is a few lines that tell events and paint at a rate, so that what is measured is the
recorder. The audited file is made of such events; it is removed afterwards.
"""

from __future__ import annotations

import json
import os
import select
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import process
from qwen_dual.host.pty import Child
from qwen_dual.recording.audit import audit
from qwen_dual.recording.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 3_000
"""Deltas a second."""
BUDGET_PERCENT = 2.0
BUDGET_SECONDS = 10.0
"""For a gigabyte."""
_WARM = 1.0
_AUDITED = 200_000_000
_PROGRAM = """
import os, sys, time
events = os.open(sys.argv[sys.argv.index("--json-file") + 1], os.O_WRONLY)
rate, seconds = int(sys.argv[1]), float(sys.argv[2])
delta = '{"type":"stream_event","uuid":"%s","session_id":"s","parent_tool_use_id":null,"seq":%d,' \
    '"event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word "}}}\\n'
began, seq, frame = time.monotonic(), 0, 0
while (passed := time.monotonic() - began) < seconds:
    due = int(passed * rate)
    os.write(events, "".join(delta % ("0" * 36, n) for n in range(seq, due)).encode())
    seq = due
    if passed * 30 > frame:
        frame += 1
        os.write(1, b"\\x1b[?2026h\\x1b[10;1H" + b"a line that is drawn again\\x1b[K\\r\\n" * 12 + b"\\x1b[?2026l")
    time.sleep(0.01)
"""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was measured.

    Attributes:
        percent: of one CPU that the recorder took at ``RATE`` deltas a second.
        deltas: how many it kept.
        audit_seconds: for a gigabyte of events, by what a fifth of it took.
    """

    percent: float
    deltas: int
    audit_seconds: float


def measure(seconds: float) -> Recording:
    """Records a program for so long, then audits a long stream."""
    with tempfile.TemporaryDirectory(prefix="dual-bench-") as folder:
        percent, deltas = _record(Path(folder), seconds)
        return Recording(percent, deltas, _audit(Path(folder)))


def _record(folder: Path, seconds: float) -> tuple[float, int]:
    script = folder / "program.py"
    script.write_text(_PROGRAM)
    program = [sys.executable, str(script), str(RATE), str(seconds + 3 * _WARM)]
    command = [sys.executable, "-m", "qwen_dual", "record", "-o", str(folder / "r"), "--", *program]
    child = Child(command, cwd=None, env=dict(os.environ), columns=100, rows=30)
    try:
        _drain(child, lambda: (folder / "r" / "events.jsonl").exists())
        _drain(child, _after(_WARM))
        before, began = process.own_seconds(child.pid), time.monotonic()
        _drain(child, _after(seconds))
        used = process.own_seconds(child.pid) - before
        percent = 100 * used / (time.monotonic() - began)
        _drain(child, lambda: child.poll() is not None)
    finally:
        child.kill()
        child.close()
    kept = (folder / "r" / "events.jsonl").read_bytes().count(b"\n")
    return percent, kept


def _audit(folder: Path) -> float:
    path = folder / "events.jsonl"
    delta = (
        b'{"type":"stream_event","seq":1,"event":{"type":"content_block_delta","index":0,'
        + b" " * 150
    )
    call = {"type": "tool_use", "id": "c", "name": "run_shell_command", "input": {"command": "ls"}}
    message = json.dumps({"type": "assistant", "message": {"content": [call]}}).encode()
    part = (delta + b'"delta":{}}}\n') * 200 + message + b"\n"
    with path.open("wb") as file:
        for _ in range(_AUDITED // len(part)):
            file.write(part)
    began = time.process_time()
    audit(Recorded(str(path)), "long")
    return (time.process_time() - began) * 1_000_000_000 / path.stat().st_size


def _after(seconds: float) -> Callable[[], bool]:
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline


def _drain(child: Child, until: Callable[[], bool]) -> None:
    while not until():
        if select.select([child.fd], [], [], 0.05)[0]:
            child.read()
