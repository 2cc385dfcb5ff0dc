"""Observes a session through a FIFO: one line for each event, until the session ends.

From a shell, with the program in another terminal (`qwen-dual --json-file events.fifo`):

    mkfifo -m 600 events.fifo
    jq -c '[.seq, .type, .subtype]' < events.fifo
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from hosting import send, spawn


def main() -> None:
    """Runs a session of one prompt and prints what the FIFO carries."""
    with tempfile.TemporaryDirectory(prefix="observe-") as name:
        folder = Path(name)
        fifo, commands = folder / "events.fifo", folder / "commands.jsonl"
        os.mkfifo(fifo)
        commands.touch()
        process = spawn(
            ["--json-file", str(fifo), "--input-file", str(commands), "--input-from", "start"],
            folder,
        )
        send(commands, type="submit", text="say 5 words")
        send(commands, type="submit", text="/quit")
        with fifo.open() as lines:
            for line in lines:
                event = json.loads(line)
                detail = event.get("subtype") or event.get("event", {}).get("type") or ""
                print(event["seq"], event["type"], detail)
        process.wait()


if __name__ == "__main__":
    main()
