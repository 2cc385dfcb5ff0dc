"""The real program without a screen: its output, what it says, its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMAND = [sys.executable, "-m", "qwen_dual"]


@dataclass(frozen=True)
class Ended:
    """What a run left."""

    status: int
    out: str
    err: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Its messages, of either of the formats that have them."""
        if self.out.startswith("["):
            found: list[dict[str, Any]] = json.loads(self.out)
            return found
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        """Its last message."""
        last = self.messages[-1]
        assert last["type"] == "result", last
        return last


class Runner:
    """Runs it in a folder of its own.

    Args:
        folder: an empty one; gets ``work`` and ``home``.
        env: changes to the environment.
    """

    def __init__(self, folder: Path, env: Mapping[str, str | None] | None = None) -> None:
        self.folder, self.work, self.home = folder, folder / "work", folder / "home"
        self.work.mkdir(exist_ok=True)
        self.home.mkdir(exist_ok=True)
        changes = {
            "HOME": str(self.home),
            "PYTHONPATH": ROOT,
            **dict.fromkeys(("QWEN_HOME", "XDG_RUNTIME_DIR", "OPENAI_API_KEY", "OPENAI_BASE_URL")),
            **(env or {}),
        }
        given = {**os.environ, **changes}
        self.env = {name: value for name, value in given.items() if value is not None}

    def script(self, *answers: Mapping[str, Any]) -> list[str]:
        """The arguments that have the model give these answers."""
        path = self.folder / "answers.jsonl"
        path.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
        return ["--offline-script", str(path)]

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Starts it, with pipes unless ``options`` say otherwise."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        given = {"cwd": self.work, "env": self.env, **pipes, **options}
        process: subprocess.Popen[bytes] = subprocess.Popen([*COMMAND, *arguments], **given)
        return process

    def run(self, *arguments: str, stdin: str = "", **options: Any) -> Ended:
        """Runs it to its end."""
        with self.start(*arguments, **options) as process:
            out, err = process.communicate(stdin.encode(), 50)
        return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


def text(*texts: str) -> dict[str, Any]:
    """A model message of texts."""
    return {"blocks": [{"type": "text", "text": each} for each in texts]}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """A model message that calls a tool."""
    return {"blocks": [{"type": "tool_use", "name": name, "input": arguments}]}
