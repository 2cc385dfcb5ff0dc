"""Recorded events on a socket, as a session with ``--socket`` has them: for dashboards that connect to one.

Each host says hello, gets ``session_start`` and what it asks for of the events so far, then the others with
the pauses they had. The session is over: whatever is sent is refused.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.hosts import Hosts
from qwen_dual.bridge.socket_file import SocketFile
from qwen_dual.concurrency.task_groups import open_task_group
from qwen_dual.fs.reasons import reason
from qwen_dual.protocol import MAX_LINE_BYTES, events
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.framing import LineFramer
from qwen_dual.recording.emission import emit
from qwen_dual.recording.folder import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.bridge.connection import Host
    from qwen_dual.protocol.command_shapes import Command
    from qwen_dual.protocol.events import Event
    from qwen_dual.recording.recorded import Recorded

PATIENCE = 10.0
"""Seconds that a host which reads slowly is waited for; what it misses then it is told as a ``gap``."""

OVER = "this is a recording that is shown again: nothing can be sent to it"


class ReplayedSocket:
    """A recording on a socket. Lets every host of this user in, to observe.

    Args:
        path: where the socket is; taken away at the end.

    Attributes:
        sent: events so far.

    Raises:
        RecordingError: there can be no socket.
    """

    def __init__(self, path: str) -> None:
        try:
            self._hosts = Hosts(SocketFile(os.path.abspath(path)))
        except ChannelError as error:
            raise RecordingError(str(error)) from error
        except OSError as error:
            raise RecordingError(f"{path}: {reason(error)}") from error
        self.sent = 0
        self._came = anyio.Event()
        self._framer = LineFramer(MAX_LINE_BYTES)
        self._last: Event = {}
        self._begun = False

    async def run(self, recorded: Recorded, speed: float) -> None:
        """Waits for the first host, and sends all events.

        Raises:
            RecordingError: the recording cannot be read, or does not begin as a session does.
        """
        try:
            self._begin(recorded)
            async with open_task_group() as group:
                group.start_soon(self._hosts.run, self)
                await self._came.wait()
                await emit(recorded, self._send, speed)
                await self._hosts.drain(PATIENCE)
                group.cancel_scope.cancel()
        finally:
            self._hosts.close()

    # -- what hosts have to do with (``bridge.hosts.Desk``) --------------------------------------

    def rights_of(self, name: str) -> tuple[str, ...]:
        """What a host may do."""
        return ("observe",)

    def receive(self, host: Host, send: Callable[[Event], object]) -> _Refuses:
        """Takes what a host sends."""
        return _Refuses(host, send, lambda: self._last)

    def changed(self) -> None:
        """Somebody has come or gone."""
        if self._hosts.present:
            self._came.set()

    # -- what is sent ------------------------------------------------------------------------------

    def _begin(self, recorded: Recorded) -> None:
        """Takes the first event, without which nobody can be greeted."""
        for _, line, _ in recorded.lines():
            event = _event_of(line)
            if event is None or event.get("subtype") != "session_start":
                break
            # What could be sent to that session cannot be sent to this one.
            event["data"] = {**event.get("data", {}), "supported_commands": []}
            event["data"].setdefault("session_id", event.get("session_id") or "")
            self._publish(event)
            return
        raise RecordingError("the events do not begin with session_start: nobody can be greeted")

    async def _send(self, data: bytes) -> None:
        for frame in self._framer.feed(data):
            event = _event_of(frame.data)
            if event is not None and self._begun:
                self._publish(event)
            self._begun = True  # the first is there already
        # Without pauses all would be there at once, and more than is kept for who reads slowly.
        await self._hosts.drain(PATIENCE)

    def _publish(self, event: Event) -> None:
        last = self._last.get("seq", 0)
        event.setdefault("seq", last + 1)
        if event["seq"] <= last:  # told again, to a reader of then
            return
        event.setdefault("session_id", self._last.get("session_id", ""))
        event.setdefault("parent_tool_use_id", None)
        self._last = event
        self.sent += 1
        self._hosts(event)


class _Refuses:
    """Refuses what one host sends, to it alone."""

    def __init__(
        self, host: Host, send: Callable[[Event], object], last: Callable[[], Event]
    ) -> None:
        self._host, self._send, self._last = host, send, last

    def command(self, command: Command) -> None:
        """A command."""
        self.error("unavailable", OVER, 0, command.id)

    def error(self, code: str, message: str, offset: int, command_id: str | None) -> None:
        """A line that could not be used."""
        if command_id is None:
            body = events.system(
                "input_error", {"code": code, "message": message, "offset": offset}
            )
        else:
            host = f"host:{self._host.name}"
            body = events.receipt(command_id, "rejected", code, message, host=host)
        last = self._last()
        self._send(events.stamp(body, session_id=last["session_id"], seq=last["seq"]))

    def close(self) -> None:
        """It is gone."""


def _event_of(line: bytes) -> dict[str, Any] | None:
    try:
        value = decode(line)
    except NotJson:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("type"), str) else None
