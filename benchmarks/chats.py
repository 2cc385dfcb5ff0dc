"""A long chat gone on with: the start, the first key and the memory, whatever lies on disk.

The chat is written in the form that ours and Qwen Code share; it is removed afterwards.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks import process
from benchmarks.program import Run

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.measure import Samples
    from benchmarks.program import Program

_PATIENCE = 60.0
_SETTLED = 3.0
_PROMPT = "What does this part do, and who calls it? "
_ANSWER = "It reads the records of a chat and gives those that count. "


def measure(program: Program, samples: Samples, megabytes: int) -> None:
    """Goes on with a chat of so many megabytes.

    Adds ``chat_first_event`` and ``chat_first_paint`` (seconds since the spawn) and ``chat_memory``
    (bytes, proportional).

    Raises:
        TimeoutError: the program did not start.
    """
    session_id = str(uuid.uuid4())
    path = program.home / ".qwen" / "projects" / "-benchmark" / "chats" / f"{session_id}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, session_id, megabytes * 1_000_000)
    try:
        with Run(replace(program, argv=(*program.argv, "--resume", session_id))) as run:
            painted = run.terminal.accept_key(_PATIENCE)
            first = run.events.wait_for(
                b"session_start", lambda event: event.get("subtype") == "session_start", _PATIENCE
            )
            samples.add("chat_first_event", (first.ns - run.terminal.spawned) / 1e9)
            samples.add("chat_first_paint", (painted - run.terminal.spawned) / 1e9)
            time.sleep(_SETTLED)
            samples.add("chat_memory", process.memory(run.terminal.pid).pss)
    finally:
        path.unlink()


def write(path: Path, session_id: str, size: int) -> None:
    """Writes a chat of at least ``size`` bytes: prompts, answers, and the ends of turns."""
    parent: str | None = None
    number = written = 0
    with path.open("wb") as file:
        while written < size:
            number += 1
            for kind, said in (
                ("user", {"role": "user", "parts": [{"text": f"{number}. {_PROMPT}"}]}),
                ("assistant", {"role": "model", "parts": [{"text": _ANSWER * 200}]}),
                ("system", None),
            ):
                record: dict[str, Any] = {
                    "uuid": str(uuid.uuid4()),
                    "parentUuid": parent,
                    "sessionId": session_id,
                    "timestamp": "2026-01-01T00:00:00.000Z",
                    "type": kind,
                    "cwd": "/benchmark",
                    "version": "0",
                }
                if said is None:
                    record |= {"subtype": "turn_result", "systemPayload": {"state": "completed"}}
                else:
                    record |= {"message": said}
                parent = str(record["uuid"])
                written += file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
