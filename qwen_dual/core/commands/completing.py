"""The command ``complete`` of one channel: what may follow at its cursor, told to that channel alone.

Each has one answer. Of several the last counts: what is still looked for when the next comes is answered with
what there is, so that who types fast waits for nothing that is of no use any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.commands.completion import (
    asks_elsewhere,
    mention_at,
    mention_candidates,
    slash_candidates,
)
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.commands.channel import Channel
    from qwen_dual.core.commands.completion import Candidate, CompletionSources
    from qwen_dual.protocol.command_shapes import Complete

MAX_BYTES = 50_000
"""Of the candidates in one event: its line stays below 64 KiB."""

VALUES_SECONDS = 0.25
"""How long a command's arguments are waited for that are looked for elsewhere."""

MAX_WORDS = 300
"""Characters of what is said about a candidate."""


class Completing:
    """Answers one channel.

    Args:
        channel: who asks.
        sources: what the session completes from.
    """

    def __init__(self, channel: Channel, sources: CompletionSources) -> None:
        self._channel = channel
        self._session = channel.session
        self._sources = sources
        self._next: Complete | None = None
        self._looking: anyio.CancelScope | None = None
        self._closed = False

    def carry_out(self, command: Complete) -> None:
        """Begins to look; whatever is looked for until now is looked for no longer."""
        if command.cursor is not None and command.cursor > len(command.text):
            told = f"cursor {command.cursor} is behind the end: {len(command.text)} code points"
            self._channel.refuse(command, "invalid", told)
            return
        self._channel.accept(command)
        if self._next is not None:
            self._answer(self._next, (), whole=False)
        self._next = command
        if self._looking is None:
            self._looking = anyio.CancelScope()
            self._session.services.spawn(self._look)
        else:
            self._looking.cancel()

    def close(self) -> None:
        """The channel is gone."""
        self._closed, self._next = True, None
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        try:
            while (command := self._next) is not None:
                self._next = None
                found: Sequence[Candidate] = ()
                whole = False
                with anyio.CancelScope() as self._looking:
                    found, whole = await self._candidates(command)
                self._answer(command, found, whole=whole)
        finally:
            self._looking = None

    async def _candidates(self, command: Complete) -> tuple[Sequence[Candidate], bool]:
        text, sources = command.text, self._sources
        cursor = len(text) if command.cursor is None else command.cursor
        if text.startswith("/"):
            await sources.ready()
            commands = self._session.slash
            found = slash_candidates(text, commands)
            if not found and asks_elsewhere(text, commands):
                with anyio.move_on_after(VALUES_SECONDS):
                    await sources.changed()
                    found = slash_candidates(text, commands)
            if found:
                return found, True
        mention = mention_at(text, cursor)
        if mention is None:
            return (), True
        # One more, to know whether there are any.
        choices, whole = await sources.find(mention.query, command.limit + 1)
        return mention_candidates(choices, text, mention, cursor), whole

    def _answer(self, command: Complete, found: Sequence[Candidate], *, whole: bool) -> None:
        if self._closed:
            return
        told: list[dict[str, Any]] = []
        size = 0
        for candidate in found[: command.limit]:
            one = _candidate_data(candidate)
            size += len(encode(one))
            if size > MAX_BYTES:
                break
            told.append(one)
        data = {
            "candidates": told,
            "more": len(told) < len(found),
            "partial": not whole,
            "command_id": command.id,
        }
        self._channel.send(events.system("completions", data))


def _candidate_data(candidate: Candidate) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": candidate.kind,
        "text": candidate.text,
        "label": candidate.label,
        "from": candidate.begin,
        "to": candidate.end,
    }
    if candidate.summary:
        said["detail"] = candidate.summary[:MAX_WORDS]
    if candidate.hint:
        said["hint"] = candidate.hint[:MAX_WORDS]
    if candidate.exact:
        said["exact"] = True
    return said
