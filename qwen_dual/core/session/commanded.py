"""The part of a session that hosts send commands to: their receipts, and which were taken."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from qwen_dual.core.session.session_facts import SessionFacts
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.completion import CompletionSources
    from qwen_dual.core.commands.ledger import Known, Ledger
    from qwen_dual.core.session.session import Session


class CommandedSession(SessionFacts):
    """The part of ``Session`` that answers commands.

    Attributes:
        prepare_ledger: gives the list of commands what keeps it, once it is made.
        completion: gives what hosts complete from; None where there is nothing.
    """

    prepare_ledger: Callable[[Ledger], object]
    completion: Callable[[], CompletionSources] | None = None

    @cached_property
    def ledger(self) -> Ledger:
        """Which commands were taken, by their ids; made for the first that has one."""
        from qwen_dual.core.commands.ledger import Ledger

        ledger = Ledger(cast("Session", self))
        self.prepare_ledger(ledger)
        return ledger

    def receipt(
        self,
        command_id: str,
        status: str,
        code: str | None = None,
        message: str | None = None,
        *,
        owner: Actor | str,
        **more: Any,
    ) -> None:
        """Publishes a ``command_receipt``; for ``more`` see ``events.receipt``.

        It says so where the id will not be known after a restart.

        Args:
            command_id: the id.
            status: what becomes of the command.
            code: why it is refused.
            message: the same for people.
            owner: who sent it.
            **more: what else there is to say.
        """
        host = str(owner)
        durable = False if self.ledger.is_unkept(command_id, host) else None
        more |= {"host": host, "durable": durable}
        self.bus.publish(events.receipt(command_id, status, code, message, **more))

    def repeat_receipt(self, command_id: str, known: Known, owner: Actor) -> None:
        """Tells that a command was sent before, and what became of it."""
        outcome = known.outcome or None
        body = events.receipt(
            command_id,
            "duplicate",
            known.code,
            known.message,
            outcome=outcome,
            result=known.result,
            host=str(owner),
        )
        self.bus.publish(body)
