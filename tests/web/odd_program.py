"""A program with dual output whose events are of shapes that no program has."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

START = {"type": "system", "subtype": "session_start", "session_id": "odd", "data": {}}
ODD: tuple[Any, ...] = (
    {**START, "session_id": 17, "data": {"session_id": ["x"], "cwd": {"a": 1}, "model": [1]}},
    {"type": "system", "subtype": "model_changed", "data": {"model": {"a": 1}}},
    {"type": "system", "subtype": "model_changed", "data": {"model": "m" * 1_000_000}},
    {"type": "user", "session_id": 9, "message": {"role": 1, "content": [{"type": "text"}]}},
    {"type": "user", "message": {"role": "user", "content": "\x1b]52;c;AAAA\x07" * 100_000}},
    {"type": 17},
    {"type": ["x"]},
    [1],
    "x",
    {"type": "control_request", "request_id": ["x"], "request": 7},
    {"type": "control_response", "response": {"request_id": {"a": 1}}},
    {"type": "control_response", "response": "x"},
    {"type": "stream_event", "event": "x", "parent_tool_use_id": [1]},
    {"type": "system", "subtype": ["x"], "data": [1]},
    {"type": "system", "subtype": "state", "data": "x", "parent_tool_use_id": {}},
    {"type": "system", "subtype": "proposals", "data": {"proposals": {"a": 1}}},
    {"type": "system", "subtype": "tool_progress", "data": {"tool_use_id": {}, "status": [1]}},
    {"type": "system", "subtype": "command_receipt", "data": {"id": [1]}, "command_id": {}},
    {"type": "result", "result": "told it all"},
)
RAW = (b'\xff\xfe{"type":"x"}', b'{"type":"\\ud800"}', b"[" * 100_000, b"{bad", bytes(5000))

arguments = sys.argv[1:]
with open(arguments[arguments.index("--json-file") + 1], "wb", buffering=0) as out:
    for line in (json.dumps(START).encode(), *RAW, *(json.dumps(one).encode() for one in ODD)):
        rest = line + b"\n"
        while rest:
            rest = rest[os.write(out.fileno(), rest) :]
    sys.stdin.read()
