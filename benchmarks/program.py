"""One program under measurement: its home, its environment, its channels, its end.

Knows the flags that dual-output programs share, and how each gets its model: an OpenAI-compatible
server through the environment, or a script of answers through ``--offline-script``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.answers import script
from benchmarks.channel import Commands, Events
from benchmarks.server import MODEL
from benchmarks.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

ROOT = Path(__file__).resolve().parents[1]
_INHERITED = ("PATH", "USER", "LOGNAME", "SHELL", "TMPDIR", "NODE_PATH", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Program:
    """A command line to measure.

    Attributes:
        name: its column in the table.
        argv: the command, without channel options.
        server: base URL of the model server; None where it gets a script of answers instead.
        home: its HOME, which all its runs share, as a person's do.
    """

    name: str
    argv: tuple[str, ...]
    server: str | None
    home: Path

    def prepare(self) -> None:
        """Makes the home, with what keeps the start free of questions."""
        directory = self.home / ".qwen"
        directory.mkdir(parents=True)
        settings = {
            "security": {"auth": {"selectedType": "openai"}},
            "general": {"enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False},
            "tools": {"approvalMode": "default"},
            "model": {"skipLoopDetection": True},  # the long answer repeats itself
        }
        if self.server is not None:
            (directory / "settings.json").write_text(json.dumps(settings))

    def environment(self) -> dict[str, str]:
        """The whole environment: nothing of the caller's but where its programs are."""
        env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        env |= {
            "HOME": str(self.home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
        }
        if self.server is not None:
            env |= {
                "OPENAI_BASE_URL": self.server,
                "OPENAI_API_KEY": "benchmark",
                "OPENAI_MODEL": MODEL,
            }
        return env


class Run:
    """One life of a program, with both channels open; a context manager that ends it.

    Args:
        program: what to run.
        prompts: all that will be submitted, in order: its script, where it gets one.

    Attributes:
        events: its events.
        commands: its input file.
        terminal: its PTY.
    """

    def __init__(self, program: Program, prompts: Sequence[str] = ()) -> None:
        with contextlib.ExitStack() as stack:
            directory = Path(tempfile.mkdtemp(prefix="dual-bench-"))
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            workspace = directory / "workspace"
            workspace.mkdir()
            events_file, input_file = directory / "events.jsonl", directory / "input.jsonl"
            self.events = Events(events_file)
            stack.callback(self.events.close)
            self.commands = Commands(input_file)
            argv = [*program.argv, "--json-file", str(events_file)]
            argv += ["--input-file", str(input_file)]
            if program.server is None and prompts:
                answers = directory / "answers.jsonl"
                lines = (json.dumps(line) + "\n" for line in script(prompts))
                answers.write_text("".join(lines), "utf-8")
                argv += ["--offline-script", str(answers)]
            self.terminal = Terminal(argv, program.environment(), workspace)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:
            self.commands.send({"type": "submit", "text": "/quit"})
            self.terminal.end(10 if kind is None else 0)
