"""Kills a process at each of its writes, one after the other, so that no fault point has to be listed.

A write is whatever changes something on the disk: of a file, in whole or in half, of a name or a folder,
a statement of a database. The process is forked for each of them, and ends by SIGKILL at the one that is
its turn; what it leaves behind is then looked at by another one. To be run in a process of its own, with
one thread.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

SECONDS = 60

_NAMES = ("mkdir", "rmdir", "unlink", "remove", "rename", "replace", "symlink", "link", "ftruncate")


class Fault:
    """Counts the writes of this process from ``arm`` on, and ends it at one of them."""

    def __init__(self) -> None:
        self.at: int | None = None
        self.count = 0
        self._write, self._open, self._connect = os.write, os.open, sqlite3.connect
        os.write = self._writes
        os.open = self._opens
        sqlite3.connect = self._connects  # type: ignore[assignment]
        for name in _NAMES:
            setattr(os, name, self._before(getattr(os, name)))

    def arm(self, at: int) -> None:
        """Counts from now on; the ``at``-th write is the last thing that happens, or does not."""
        self.at, self.count = at, 0

    def point(self) -> None:
        """A place to be killed at."""
        if self.at is not None:
            self.count += 1
            if self.count == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

    def _before(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acts(*arguments: Any, **more: Any) -> Any:
            self.point()
            return act(*arguments, **more)

        return acts

    def _writes(self, fd: int, data: Any) -> int:
        self.point()
        if self.at == self.count + 1:  # the next point is in the middle of it
            self._write(fd, bytes(data)[: len(data) // 2])
        self.point()
        return self._write(fd, data)

    def _opens(self, path: Any, flags: int, *arguments: Any, **more: Any) -> int:
        if flags & (os.O_CREAT | os.O_TRUNC):
            self.point()
        return self._open(path, flags, *arguments, **more)

    def _connects(self, *arguments: Any, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._connect(*arguments, **more)
        connection.set_trace_callback(self._stated)
        return connection

    def _stated(self, statement: str) -> None:
        if not statement.startswith(("SELECT", "PRAGMA")):
            self.point()


def in_child(
    act: Callable[[], Awaitable[Any]], watch: Callable[[int], object] = lambda pid: None
) -> Any:
    """What ``act`` returns in a process of its own, as JSON has it; None where that was killed.

    Args:
        act: run there.
        watch: called here with its id, as soon as it runs.

    Raises:
        RuntimeError: it failed; the traceback is on stderr.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            signal.alarm(SECONDS)
            found = anyio.run(act)
            loaded = [name for name in sys.modules if name.startswith("qwen_dual.")]
            told = json.dumps([found, loaded]).encode()
            with open(writer, "wb") as pipe:
                pipe.write(told)
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    os.close(writer)
    watch(pid)
    with open(reader, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    if status:
        raise RuntimeError(f"the child ended with {status}: {told!r}")
    found, loaded = json.loads(told)
    for name in loaded:  # so that the next one need not
        importlib.import_module(name)
    return found


def killed(run: Callable[[Fault, int], Awaitable[Any]], at: int) -> bool:
    """Has ``run`` killed at its ``at``-th write; False where it has fewer."""

    async def doomed() -> bool:
        await run(Fault(), at)
        return True

    return in_child(doomed) is None


def at_each_write(
    place: Path,
    run: Callable[[Fault, int], Awaitable[Any]],
    look: Callable[[], Awaitable[Any]],
    step: int = 1,
) -> Iterator[tuple[int, Any]]:
    """Has ``run`` killed at each write, and ``look`` at what is left; its numbers and what was seen.

    The last one is that of the run which was not killed.

    Args:
        place: a folder as it is before each run; nothing else may be written to.
        run: gets the fault, to be armed, and the number of the write.
        look: returns what JSON can hold.
        step: from one write to the next.
    """
    kept = place.with_name(place.name + ".kept")
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(place, kept, symlinks=True)
    number, ended = 1, False
    while not ended:
        shutil.rmtree(place)
        shutil.copytree(kept, place, symlinks=True)
        ended = not killed(run, number)
        yield number, in_child(look)
        number += step
