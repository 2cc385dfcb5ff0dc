"""Where a check works: a folder of its own, a model's service, and programs that are ended with it."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qwen_dual.conformance.model_server import MODEL
from qwen_dual.conformance.program import Program
from qwen_dual.conformance.promise import offered
from qwen_dual.conformance.script import BIG

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from qwen_dual.conformance.model_server import ModelServer
    from qwen_dual.conformance.program import Output
    from qwen_dual.conformance.promise import Promise
    from qwen_dual.conformance.script import Script

LEAST, TIMES, MOST = 15.0, 8.0, 40.0
"""Seconds that anything may take at the least, how many times what the start took, and at the most."""
_INHERITED = ("PATH", "LANG", "LC_ALL", "NODE_PATH", "VIRTUAL_ENV", "PYTHONPATH", "SYSTEMROOT")


class Bench:
    """What a check is given.

    Args:
        command: the program.
        script: how it is made to do something.
        server: the model's service.
        environment: what the programs inherit of it.
        folder: an empty one.
        least: seconds that anything may take at the least.

    Attributes:
        folder: the check's own.
    """

    def __init__(
        self,
        command: Sequence[str],
        script: Script,
        server: ModelServer,
        environment: Mapping[str, str],
        folder: str,
        least: float,
    ) -> None:
        self.command = command
        self.script = script
        self.server = server
        self.folder = os.path.realpath(folder)
        self._environment = environment
        self._least = least
        self._runs = 0
        self._promise: Promise | None = None

    def asks_for(self, promise: Promise) -> None:
        """Says what is looked at: a program that does not offer it ends the check as soon as it has begun."""
        self._promise = promise

    def env(self, home: str) -> dict[str, str]:
        """The environment of a program: nothing of the person's own settings and keys."""
        kept = {name: self._environment[name] for name in _INHERITED if name in self._environment}
        return {
            **kept,
            "HOME": home,
            "TERM": "xterm-256color",
            "OPENAI_BASE_URL": self.server.url,
            "OPENAI_API_KEY": "no-key",
            "OPENAI_MODEL": MODEL,
            "XDG_RUNTIME_DIR": os.path.join(home, "run"),
        }

    def home_file(self, name: str, text: str) -> str:
        """A file in the home of a program that has not begun; the folder, for ``again`` of ``program``."""
        self._runs += 1
        folder = os.path.join(self.folder, str(self._runs))
        path = os.path.join(folder, "home", name)
        os.makedirs(os.path.dirname(path), mode=0o700)
        with open(path, "w") as file:
            file.write(text)
        return folder

    @asynccontextmanager
    async def program(
        self,
        *,
        output: Output = "file",
        arguments: Sequence[str] = (),
        events_path: str | None = None,
        reader: bool = True,
        begun: bool = True,
        again: str | None = None,
    ) -> AsyncGenerator[Program, None]:
        """A program, in a folder of its own, which is ended on the way out.

        Args:
            output: the kind of its output.
            arguments: further arguments.
            events_path: where its events go; in its folder unless given.
            reader: whether its events are read from the start.
            begun: whether its session has begun when it is given.
            again: the folder of an earlier one, or of ``home_file``, in place of a new one.

        Raises:
            Broken: its session does not begin.
            NotOffered: it does not offer what is looked at.
        """
        self.server.close_gate()
        self._runs += again is None
        folder = again or os.path.join(self.folder, str(self._runs))
        home = _furnish(folder)
        program = Program(
            self.command,
            folder,
            self.env(home),
            patience=self._least,
            output=output,
            arguments=arguments,
            events_path=events_path,
            reader=reader,
        )
        try:
            if begun:
                began = time.monotonic()
                start = await program.started()
                if self._promise is not None:
                    offered(self._promise, start.data.get("supported_commands"))
                took = TIMES * (time.monotonic() - began)
                program.patience = min(max(self._least, took), MOST)
            yield program
        finally:
            self.server.gate.set()
            program.close()


def _furnish(folder: str) -> str:
    """Makes what a program finds: its folder with a long file, and the home, which is returned."""
    home, work = os.path.join(folder, "home"), os.path.join(folder, "work")
    for path in (work, os.path.join(home, "run")):
        os.makedirs(path, mode=0o700, exist_ok=True)
    with open(os.path.join(work, BIG), "w") as file:
        file.writelines(f"line {number} of a long output\n" for number in range(7000))
    return home


@asynccontextmanager
async def bench_for(
    command: Sequence[str],
    script: Script,
    server: ModelServer,
    environment: Mapping[str, str],
    least: float = LEAST,
) -> AsyncGenerator[Bench, None]:
    """A bench whose folder is gone at the end."""
    with tempfile.TemporaryDirectory(
        prefix="qwen-dual-check-", ignore_cleanup_errors=True
    ) as folder:
        yield Bench(command, script, server, environment, folder, least)
