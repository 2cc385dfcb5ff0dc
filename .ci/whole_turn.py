"""Hosts an installed qwen-dual in a PTY and checks one whole turn on its channels.

Usage: whole_turn.py COMMAND FOLDER. Needs nothing of the checkout: only what the wheel installed.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptyprocess import PtyProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE = time.monotonic() + 60


def follow(path: Path) -> Iterator[dict[str, Any]]:
    """Every event of the file, waiting for more."""
    half = b""
    offset = 0
    while time.monotonic() < DEADLINE:
        if path.exists():
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read()
            offset += len(data)
            *lines, half = (half + data).split(b"\n")
            yield from map(json.loads, lines)
        select.select([], [], [], 0.02)
    sys.exit("whole_turn: no further event within the deadline")


def expect(events: Iterator[dict[str, Any]], matches: Callable[[dict[str, Any]], bool]) -> Any:
    """The next event that matches."""
    return next(event for event in events if matches(event))


def drain(process: PtyProcess) -> None:
    """Reads the screen, so that the program is never held up by its terminal."""
    try:
        while process.read(65536):
            pass
    except EOFError:
        pass


def main(command: str, folder: str) -> None:
    """Spawns, submits, approves, quits; exits non-zero with what was missing."""
    out, commands = Path(folder, "events.jsonl"), Path(folder, "commands.jsonl")
    commands.touch()
    process = PtyProcess.spawn(
        [command, "--json-file", str(out), "--input-file", str(commands)],
        cwd=folder,
        env={**os.environ, "TERM": "xterm-256color"},
        dimensions=(24, 80),
    )
    threading.Thread(target=drain, args=(process,), daemon=True).start()
    events = follow(out)

    def send(**line: Any) -> None:
        with commands.open("a") as file:
            file.write(json.dumps(line) + "\n")

    start = next(events)
    assert (start["subtype"], start["data"]["protocol_version"]) == ("session_start", 2), start
    send(type="submit", text="run echo made-by-ci | tee made", id="c1")
    request = expect(events, lambda event: event["type"] == "control_request")
    assert request["request"]["input"]["command"] == "echo made-by-ci | tee made", request
    send(type="confirmation_response", request_id=request["request_id"], allowed=True)
    done = expect(events, lambda event: event["type"] == "control_response")
    assert done["response"]["response"] == {"allowed": True}, done
    shown = expect(events, lambda event: event["type"] == "user")
    assert "made-by-ci" in shown["message"]["content"][0]["content"], shown
    result = expect(events, lambda event: event["type"] == "result")
    assert (result["subtype"], result["command_id"]) == ("success", "c1"), result
    send(type="submit", text="/quit")
    expect(events, lambda event: event.get("subtype") == "session_end")
    assert process.wait() == 0, process.exitstatus
    print("whole turn of the installed wheel: ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
