"""Sends prompts through the input file and waits for the result of each, by its id."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hosting import follow, send, spawn

PROMPTS = ["list", "write note.txt: made by a script", "read note.txt"]


def main() -> None:
    """Runs the prompts in order; every command is acknowledged, every turn has a result."""
    with tempfile.TemporaryDirectory(prefix="inject-") as name:
        folder = Path(name)
        out, commands = folder / "events.jsonl", folder / "commands.jsonl"
        commands.touch()
        channels = ["--json-file", str(out), "--input-file", str(commands), "--input-from", "start"]
        process = spawn([*channels, "--approval-mode", "auto-edit"], folder)
        for number, prompt in enumerate(PROMPTS):
            send(commands, type="submit", text=prompt, id=f"prompt-{number}")
        send(commands, type="submit", text="/quit")
        for event in follow(out):
            if event.get("subtype") == "command_receipt":
                print(event["data"]["id"], event["data"]["status"])
            elif event["type"] == "result" and event["command_id"]:
                print(event["command_id"], event["subtype"], repr(event["result"][-60:]))
        process.wait()


if __name__ == "__main__":
    main()
