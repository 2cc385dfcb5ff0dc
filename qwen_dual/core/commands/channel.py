"""Who sent a command that changes nothing: its receipt, and what it asked for, are for that channel alone.

So one that asks often fills nobody's stream, and pushes nothing out of what is kept for hosts that come later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.command_shapes import Command
    from qwen_dual.protocol.events import Event

NO_OUTPUT = "this channel has no output to tell it on"


class Channel:
    """One channel of a session.

    Args:
        session: what is asked.
        actor: who asks.
        send: takes an event for this channel alone; None where it has no output.
    """

    def __init__(
        self, session: Session, actor: Actor, send: Callable[[Event], object] | None
    ) -> None:
        self.session = session
        self.actor = actor
        self._send = send

    @property
    def hears(self) -> bool:
        """Whether it can be told anything that others are not."""
        return self._send is not None

    def send(self, body: Event) -> None:
        """Sends an event body to it alone; to everybody where it has no output of its own."""
        if self._send is None:
            self.session.publish(body)
        else:
            self._send(self.session.bus.aside(body))

    def accept(self, command: Command, **more: Any) -> None:
        """Gives the receipt of what is answered now, or soon."""
        if command.id is not None:
            self.send(events.receipt(command.id, "accepted", host=str(self.actor), **more))

    def refuse(self, command: Command, code: str, why: str) -> None:
        """Says that it will not be answered."""
        if command.id is not None:
            host = str(self.actor)
            self.send(events.receipt(command.id, "rejected", code, why, host=host))
        else:
            self.send(events.notice(f"{command.type}: {why}", "warning"))
