"""What a program with the base protocol alone is helped with: Qwen Code gives no receipts, and no denial back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual import host
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from anyio.abc import TaskGroup

PLAIN_COMMANDS = frozenset(("interrupt",))
"""Commands that such a program does not know, and that are carried out by its keys."""


class Plain:
    """Carries out some commands of pages in such a program's own way.

    Args:
        session: the program.
        tell: takes an event in the program's place.
        wake: called when it was told one.

    Attributes:
        group: in which it is done.
    """

    group: TaskGroup

    def __init__(
        self,
        session: host.Session,
        tell: Callable[[dict[str, Any]], None],
        wake: Callable[[], None],
    ) -> None:
        self._session = session
        self._tell = tell
        self._wake = wake

    def takes(self, command: dict[str, Any]) -> bool:
        """Whether a command is carried out here; else it goes to the program as it is."""
        if command["type"] == "interrupt":
            self.group.start_soon(self._interrupt)
            return True
        if command["type"] == "confirmation_response" and command.get("allowed") is False:
            self.group.start_soon(self._deny, str(command.get("request_id")))
            return True
        return False

    async def _interrupt(self) -> None:
        try:
            await self._session.interrupt()
        except host.HostError:
            return

    async def _deny(self, request_id: str) -> None:
        """Denies a request; what such a program says nothing of is told in its place."""
        try:
            resolution = await self._session.deny(request_id)
        except host.HostError:
            return
        if resolution.resolved_by is None and resolution.allowed is False:
            response = {
                "request_id": request_id,
                "subtype": "success",
                "response": {"allowed": False},
            }
            self._tell(
                {
                    "type": "control_response",
                    "uuid": new_uuid(),
                    "session_id": self._session.session_id,
                    "parent_tool_use_id": None,
                    "response": response,
                }
            )
            self._wake()
