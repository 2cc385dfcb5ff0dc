"""Live output of a running call, as ``tool_progress`` events at a bounded rate.

A tool may report a hundred megabytes; observers get the last lines, ten times a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event

INTERVAL = 0.1
"""Seconds between two events of one call."""

TAIL_CHARS = 2_000
"""How much of the latest output an event holds."""


class Progress:
    """The reports of one call.

    Args:
        tool_use_id: the call.
        tool_name: its tool.
        publish: takes the event bodies.
    """

    def __init__(
        self, tool_use_id: str, tool_name: str, publish: Callable[[Event], object]
    ) -> None:
        self._id = tool_use_id
        self._name = tool_name
        self._publish = publish
        self._tail = ""
        self._dirty = anyio.Event()

    def report(self, text: str) -> None:
        """Takes the latest output, in place of what was reported before; cheap at any rate."""
        if text != self._tail:
            self._tail = text[-TAIL_CHARS:]
            self._dirty.set()

    async def run(self) -> None:
        """Publishes until it is cancelled."""
        while True:
            await self._dirty.wait()
            self._dirty = anyio.Event()
            self._publish(events.tool_progress(self._id, self._name, "output", self._tail))
            await anyio.sleep(INTERVAL)
