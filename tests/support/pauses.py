"""Measures for how long the loop of a program does one thing.

Put on the path of the program as ``sitecustomize``: it times every callback that the loop runs, in
processor time of the loop's own thread, so that a busy machine changes little, and keeps the longest
in the file that ``PAUSES`` names. Those count that run while a file of that name with ``.on`` behind
it is there: what is done before belongs to the start. One with ``.loaded`` appears when the last of
what is loaded late is there.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from tests.support.program import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPY = """
import asyncio.events, os, sys, time

if "qwen_dual" in sys.orig_argv:
    run, longest = asyncio.events.Handle._run, [0.0]
    path, loaded = os.environ["PAUSES"], []

    def timed(self):
        began = time.thread_time()
        run(self)
        took = time.thread_time() - began
        if not loaded and "pygments.lexers.python" in sys.modules:
            loaded.append(True)
            open(path + ".loaded", "w").close()
        if took > 0.002 and os.path.exists(path + ".on"):
            if took <= longest[0] and os.path.exists(path):
                return
            longest[0] = took
            with open(path + ".new", "w") as file:
                file.write(f"{took} {self._callback!r}")
            os.rename(path + ".new", path)

    asyncio.events.Handle._run = timed
"""


class Spy:
    """Measures one program, started with ``environment``.

    Args:
        folder: an empty folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "pauses"
        self._on, self._loaded = folder / "pauses.on", folder / "pauses.loaded"
        (folder / "sitecustomize.py").write_text(SPY)
        self.environment = {
            "PYTHONPATH": os.pathsep.join([str(folder), ROOT]),
            "PAUSES": str(self._file),
        }

    @property
    def loaded(self) -> bool:
        """Whether the last of what is loaded late is there."""
        return self._loaded.exists()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Only what the loop does within counts."""
        self._on.touch()
        try:
            yield
        finally:
            self._on.unlink()

    def take(self) -> tuple[float, str] | None:
        """The longest in seconds, and what it was; forgets it. None where nothing was watched."""
        try:
            took, _, what = self._file.read_text().partition(" ")
        except FileNotFoundError:
            return None
        self._file.unlink()
        return float(took), what
