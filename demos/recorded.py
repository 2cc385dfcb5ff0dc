"""A session is recorded, sent again to a file byte for byte, and told of: what was done, and when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ptyprocess import PtyProcess

PROGRAM = [sys.executable, "-m", "qwen_dual"]


def record(run: Path, env: dict[str, str]) -> None:
    """A person at the UI as usual, beside whom it is recorded."""
    command = [*PROGRAM, "record", "-o", str(run), "--", *PROGRAM, "--offline"]
    terminal = PtyProcess.spawn(command, env=env, cwd=run.parent)
    events = run / "events.jsonl"
    while b"Type a prompt" not in terminal.read():
        pass
    for keys, until in ((b"say 3 words\r", b'"type":"result"'), (b"\x04", b'"session_end"')):
        terminal.write(keys)
        while until not in events.read_bytes():  # it grows as the events come
            terminal.read()
    terminal.wait()


def seconds_of(run: Path, seq: int) -> float:
    """When an event came, from the index."""
    for line in (run / "index.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["from_seq"] is not None and entry["from_seq"] <= seq <= entry["to_seq"]:
            return float(entry["t"])
    raise LookupError(seq)


def main() -> None:
    """Everything is made in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="recorded-") as home:
        run, again = Path(home, "run"), Path(home, "again.jsonl")
        env = {**os.environ, "HOME": home, "TERM": "xterm-256color"}
        record(run, env)
        print(*sorted(path.name for path in run.iterdir()))
        events = [json.loads(line) for line in (run / "events.jsonl").open()]
        (result,) = (event for event in events if event["type"] == "result")
        print(result["result"], 0 < seconds_of(run, result["seq"]) < 60)
        replay = [*PROGRAM, "replay", str(run), "--speed", "max", "--json-file", str(again)]
        subprocess.run(replay, env=env, check=True, stderr=subprocess.DEVNULL)
        print("the same bytes:", again.read_bytes() == (run / "events.jsonl").read_bytes())


if __name__ == "__main__":
    main()
