"""How many calls run at a time: all agents of a session share the one room."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwen_dual.core.tools.tool import Kind

MAX_RUNNING = 16
"""Calls that run at a time: each may take threads, processes and descriptors."""


class Room:
    """Room for calls.

    Attributes:
        running: has a place for each call that runs.
        edits: held by the one change of files that is being made.
    """

    def __init__(self) -> None:
        self.running = anyio.Semaphore(MAX_RUNNING)
        self.edits = anyio.Lock()

    @asynccontextmanager
    async def of(self, kind: Kind) -> AsyncIterator[None]:
        """Within, a call of that kind may run."""
        if kind == "agent":  # it does nothing itself, and its agent's calls need the room
            yield
        elif kind == "edit":
            async with self.running, self.edits:
                yield
        else:
            async with self.running:
                yield
