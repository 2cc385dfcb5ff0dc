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


class PlainProgram:
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
        self._stopping = False

    def noticed(self, event: host.Event) -> dict[str, Any] | None:
        """What pages are told of what was noticed here, and the program says nothing of."""
        if event.kind == "host/skipped":
            lost = f"{event.data.get('dropped')} events never came here"
            return {"type": "web", "subtype": "notice", "code": "events_lost", "message": lost}
        if event.kind == "host/turn_ended":
            self._stopping = False
            return _turn_ended(str(event.data.get("stop_reason")))
        return None

    def stopped(self, event: host.Event) -> dict[str, Any] | None:
        """What pages are told after an event by which a turn ends that a page has stopped."""
        if not self._stopping or event.parent_tool_use_id is not None:
            return None
        if event.type == "user" and event.text:  # that turn is over, and another runs
            self._stopping = False
        elif event.subtype == "message_stop" and self._session.state == "idle":
            self._stopping = False
            return _turn_ended("interrupted")
        return None

    def carries_out(self, command: dict[str, Any]) -> bool:
        """Whether a command is carried out here; else it goes to the program as it is."""
        if command["type"] == "interrupt":
            self.group.start_soon(self._interrupt)
            return True
        if command["type"] == "confirmation_response" and command.get("allowed") is False:
            self.group.start_soon(self._deny, str(command.get("request_id")))
            return True
        return False

    async def _interrupt(self) -> None:
        self._stopping = self._session.state not in ("idle", "ended")
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


def _turn_ended(reason: str) -> dict[str, Any]:
    return {"type": "web", "subtype": "turn_ended", "reason": reason}
