"""A page's own connection to its session, so that the program knows whose each command is.

It sees no events, which all pages get from the server's own channel: only what is for this page alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual import host
from qwen_dual.protocol.command_shapes import QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    import anyio

MAX_NAME = 28
"""Characters of a page's name within a host's, of which there may be 32."""

ANSWERED_ALONE = QUERIES | {"get_draft", "set_draft", "watch"}
"""Commands whose receipts the program gives to nobody else."""

FOR_ALL = frozenset(("session_start", "session_end"))
"""What a connection that sees no events is told all the same, beside what is for it alone."""


def host_name(name: str) -> str:
    """What the program knows a page as: ``web.`` and its name, as far as that can stand there."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:MAX_NAME].strip("-_")
    return f"web.{plain}" if plain else "web"


class PageConnection:
    """A connection by one page's name, with its rights. Runs in a task of its own: ``run``.

    Args:
        path: the session's socket.
        name: of the page.
        rights: of the page; seeing is not asked for.
        on_event: takes what is for this page alone.
    """

    def __init__(
        self,
        path: str,
        name: str,
        rights: Collection[str],
        on_event: Callable[[dict[str, Any]], None],
    ) -> None:
        self._path = path
        self._name = host_name(name)
        self._rights = [right for right in ("approve", "submit", "control") if right in rights]
        self._on_event = on_event
        self._session: host.Session | None = None
        self._asked: set[str] = set()

    @property
    def origin(self) -> str:
        """What events call it: ``host:web.anna``; empty while it is not connected."""
        if self._session is None:
            return ""
        granted = self._session.greeting.data.get("host")
        name = granted.get("name") if isinstance(granted, dict) else None
        return f"host:{name or self._name}"

    @property
    def connected(self) -> bool:
        """Whether commands can be handed over."""
        return self._session is not None and self._session.state != "ended"

    async def run(self, *, task_status: anyio.abc.TaskStatus[host.HostError | None]) -> None:
        """Connects, and passes on what comes until it is cancelled or the session ends.

        Started with None, or with why it cannot be connected.
        """
        try:
            async with host.connect(
                self._path,
                name=self._name,
                rights=self._rights,  # type: ignore[arg-type]
            ) as session:
                self._session = session
                task_status.started(None)
                async for event in session:
                    if self._is_for_one(event):
                        self._on_event(event.raw)
        except host.HostError as error:
            if self._session is None:
                task_status.started(error)
        finally:
            self._session = None

    async def send(self, command: Mapping[str, Any]) -> None:
        """Hands over a command.

        Raises:
            HostError: the session is gone.
        """
        assert self._session is not None
        command_id = command.get("id")
        if command.get("type") in ANSWERED_ALONE and isinstance(command_id, str):
            self._asked.add(command_id)
        await self._session.send(command)

    def _is_for_one(self, event: host.Event) -> bool:
        """Whether the other pages, and the server's own channel, are not told it."""
        if event.kind == "system/command_receipt":
            command_id = event.data.get("id")
            answers = command_id in self._asked
            self._asked.discard(str(command_id))
            return answers or event.data.get("code") == "no_right"
        return event.type == "system" and event.subtype not in FOR_ALL
