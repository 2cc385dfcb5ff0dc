"""The session as a document for a host, in parts: each is asked for, so that no more waits than is read.

The first part makes the document, as ``/export`` would write it then; the others are of the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import prefix_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.core.commands.channel import Channel
    from qwen_dual.protocol.command_shapes import Export
    from qwen_dual.protocol.events import Event

PART_BYTES = 50_000
"""Of one part as JSON escapes it: its line stays below 64 KiB."""

MAX_CHARS = 16 << 20
"""Of a document: a longer one ``/export`` writes to a file."""

_FORMATS = {"markdown": "md"}  # other words for what ``/export`` calls by its suffix


class Exporting:
    """Exports for one channel.

    Args:
        channel: who asks.
        document: makes the session one, in a format that ``/export`` has; raises ``CommandFailed``.
    """

    def __init__(self, channel: Channel, document: Callable[[str], Awaitable[str]]) -> None:
        self._channel = channel
        self._document = document
        self._parts: list[str] = []
        self._format = ""

    async def part(self, command: Export) -> Event | None:
        """The body of ``export``; None where it was refused, which is told."""
        form = _FORMATS.get(command.format, command.format)
        if command.part == 0 and not await self._make(command, form):
            return None
        if form != self._format or command.part >= len(self._parts):
            has = f"has {len(self._parts)} parts" if form == self._format else "is not begun"
            self._channel.refuse(
                command, "invalid", f"the export as {form} {has}; begin with part 0"
            )
            return None
        self._channel.accept(command)
        data = {
            "format": form,
            "part": command.part,
            "parts": len(self._parts),
            "text": self._parts[command.part],
            "command_id": command.id,
        }
        if command.part == len(self._parts) - 1:
            self.close()
        return events.system("export", data)

    def close(self) -> None:
        """Keeps nothing of it any more."""
        self._parts, self._format = [], ""

    async def _make(self, command: Export, form: str) -> bool:
        self.close()
        try:
            text = await self._document(form)
        except CommandFailed as error:
            self._channel.refuse(command, "unavailable", str(error))
            return False
        if len(text) > MAX_CHARS:
            told = f"it has {len(text):,} characters: /export writes it to a file"
            self._channel.refuse(command, "too_long", told)
            return False
        # A secret that is cut in two would be found in neither part.
        text = self._channel.session.bus.secrets.scrub(text)
        self._parts = await in_thread(lambda: parts_of(text))
        self._format = form
        return True


def parts_of(text: str, limit: int = PART_BYTES) -> list[str]:
    """``text`` cut such that each part takes ``limit`` bytes at most as JSON; at least one."""
    parts: list[str] = []
    at = 0
    while at < len(text) or not parts:
        part = prefix_within(text[at : at + limit], limit)
        parts.append(part)
        at += max(1, len(part))
    return parts
