"""The commands of one channel that change nothing: what each asks for is told to whoever asked.

What a host on the socket asks, and what may follow at somebody's cursor, is nobody else's affair: told to all, it
would push their events out of what is kept for who comes later. What the channel of the command line asks as it
always could, all are told, as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.commands.channel import NO_OUTPUT, Channel
from qwen_dual.core.commands.saved_sessions import UNAVAILABLE
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.completing import Completing
    from qwen_dual.core.commands.exporting import Exporting
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.ports import ServerControl
    from qwen_dual.protocol.command_shapes import (
        Command,
        Complete,
        Export,
        GetState,
        ListModels,
        ListModes,
        ListSessions,
        McpStatus,
        RewindPoints,
    )
    from qwen_dual.protocol.events import Event

MAX_OPEN = 16
"""Questions of one channel that may be looked into at once."""

NO_SERVERS = "this session has no MCP servers"


class Queries:
    """Answers one channel.

    Args:
        session: what is asked.
        actor: who asks.
        send: takes an event for this channel alone; None where it has no output.
        servers: gives the session's MCP servers; None where it can have none.
    """

    def __init__(
        self,
        session: Session,
        actor: Actor,
        send: Callable[[Event], object] | None,
        servers: Callable[[], ServerControl] | None,
    ) -> None:
        self._session = session
        self._alone = Channel(session, actor, send)
        self._channel = self._alone if actor.kind == "host" else Channel(session, actor, None)
        self._servers = servers
        self._completing: Completing | None = None
        self._exporting: Exporting | None = None
        self._open = 0
        self._closed = False
        self._carry_out: dict[str, Callable[[Any], None]] = {
            "get_state": self._get_state,
            "mcp_status": self._mcp_status,
            "rewind_points": self._rewind_points,
            "list_sessions": self._list_sessions,
            "complete": self._complete,
            "list_models": self._list_models,
            "list_modes": self._list_modes,
            "export": self._export,
        }

    def carry_out(self, command: Command) -> None:
        """Answers one of the commands, or says why not."""
        self._carry_out[command.type](command)

    def close(self) -> None:
        """The channel is gone: nothing is told any more."""
        self._closed = True
        if self._completing is not None:
            self._completing.close()
        if self._exporting is not None:
            self._exporting.close()

    def _get_state(self, command: GetState) -> None:
        self._channel.accept(command)
        for body in self._session.state_events(command.id):
            self._channel.send(body)

    def _mcp_status(self, command: McpStatus) -> None:
        if self._servers is None:
            self._channel.refuse(command, "unavailable", NO_SERVERS)
            return
        servers = self._servers()
        self._channel.accept(command)
        servers.report(command.id, self._channel.send if self._channel.hears else None)

    def _rewind_points(self, command: RewindPoints) -> None:
        points = self._session.rewinding.points_event
        self._answer(self._channel, command, lambda: points(command.id))

    def _list_sessions(self, command: ListSessions) -> None:
        saved = self._session.saved_sessions
        if saved is None:
            self._channel.refuse(command, "unavailable", UNAVAILABLE)
            return

        async def sessions() -> Event:
            found = await saved().listing(
                command.limit, command.before, all_folders=command.all_folders
            )
            return events.system("sessions", {**found, "command_id": command.id})

        self._answer(self._channel, command, sessions)

    def _complete(self, command: Complete) -> None:
        sources = self._session.completion
        if sources is None or not self._alone.hears:
            why = "this session completes nothing" if sources is None else NO_OUTPUT
            self._alone.refuse(command, "unavailable", why)
            return
        if self._completing is None:
            from qwen_dual.core.commands.completing import Completing

            self._completing = Completing(self._alone, sources())
        self._completing.carry_out(command)

    def _list_models(self, command: ListModels) -> None:
        from qwen_dual.core.commands.choices import models_event

        self._answer(self._alone, command, lambda: models_event(self._session, command.id))

    def _list_modes(self, command: ListModes) -> None:
        from qwen_dual.core.commands.choices import modes_event

        self._alone.accept(command)
        self._alone.send(modes_event(self._session, command.id))

    def _export(self, command: Export) -> None:
        document = self._session.document
        if document is None or not self._alone.hears:
            why = "this session cannot be exported" if document is None else NO_OUTPUT
            self._alone.refuse(command, "unavailable", why)
            return
        if self._exporting is None:
            from qwen_dual.core.commands.exporting import Exporting

            self._exporting = Exporting(self._alone, document)
        exporting = self._exporting
        self._answer(self._alone, command, lambda: exporting.part(command), accept=False)

    def _answer(
        self,
        channel: Channel,
        command: Command,
        look: Callable[[], Awaitable[Event | None]],
        *,
        accept: bool = True,
    ) -> None:
        """Tells soon what ``look`` gives, if anything; unless ``accept``, it gives the receipt itself."""
        if self._open >= MAX_OPEN:
            told = f"{MAX_OPEN} questions are being looked into; wait for an answer"
            channel.refuse(command, "too_many", told)
            return
        if accept:
            channel.accept(command)
        self._open += 1

        async def send() -> None:
            try:
                body = await look()
            finally:
                self._open -= 1
            if body is not None and not self._closed:
                channel.send(body)

        self._session.services.spawn(send)
