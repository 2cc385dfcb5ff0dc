"""What the program says when a channel cannot be opened: the UI runs on, or does not start at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hosting import COMMAND
from ptyprocess import PtyProcess

DRILLS = [
    ["--json-fd", "1"],
    ["--json-fd", "9999"],
    ["--json-file", "/no/such/folder/events.jsonl"],
    ["--json-fd", "3", "--json-file", "events.jsonl"],
]


def run(arguments: list[str], folder: str) -> tuple[str, int]:
    """Starts the program, leaves it with Ctrl+D once it is up; what it said and its status."""
    process = PtyProcess.spawn([*COMMAND, *arguments], cwd=folder, dimensions=(24, 200))
    screen = b""
    try:
        while True:
            screen += process.read(65536)
            if b"shift + tab" in screen:  # the footer: keys are taken
                process.write(b"\x04")
    except EOFError:
        pass
    process.wait()
    said = [
        line
        for line in screen.decode(errors="replace").splitlines()
        if "--json" in line or "Warning" in line
    ]
    return (said[-1].strip() if said else ""), process.exitstatus


def main() -> None:
    """Runs every drill."""
    with tempfile.TemporaryDirectory(prefix="drills-") as folder:
        for arguments in DRILLS:
            said, status = run(arguments, folder)
            print(f"{' '.join(arguments)}\n  {said}\n  exit status {status}")
        assert not Path(folder, "events.jsonl").exists()


if __name__ == "__main__":
    main()
