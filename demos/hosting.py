"""What the demos share: spawns qwen-dual in a PTY and follows its events file."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from ptyprocess import PtyProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "qwen_dual"]


def spawn(arguments: list[str], folder: Path) -> PtyProcess:
    """Starts the program in a PTY; a thread reads its screen, or it would come to a stop."""
    env = {**os.environ, "TERM": "xterm-256color"}
    process = PtyProcess.spawn([*COMMAND, *arguments], cwd=str(folder), env=env)

    def read_screen() -> None:
        try:
            while process.read(65536):
                pass
        except (EOFError, OSError):
            pass

    threading.Thread(target=read_screen, daemon=True).start()
    return process


def follow(path: Path, seconds: float = 30) -> Iterator[dict[str, Any]]:
    """Every event of a growing file until ``session_end``; a half line waits for its end."""
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    half = b""
    with path.open("rb") as file:
        while time.monotonic() < deadline:
            half += file.readline()
            if not half.endswith(b"\n"):
                time.sleep(0.02)
                continue
            event, half = json.loads(half), b""
            yield event
            if event.get("subtype") == "session_end":
                return
    raise TimeoutError(f"no session_end in {path} after {seconds} s")


def send(path: Path, **command: Any) -> None:
    """Appends one command, in one write."""
    with path.open("a") as file:
        file.write(json.dumps(command) + "\n")
