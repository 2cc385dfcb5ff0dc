"""The commands of one channel that change nothing: what each asks for is told to that channel alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.channel import NO_OUTPUT, Channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.completing import Completing
    from qwen_dual.core.session import Session
    from qwen_dual.protocol.command_shapes import Complete, ListModels, ListModes
    from qwen_dual.protocol.events import Event


class Queries:
    """Answers one channel.

    Args:
        session: what is asked.
        actor: who asks.
        tell: takes an event for this channel alone; None where it has no output.
    """

    def __init__(
        self, session: Session, actor: Actor, tell: Callable[[Event], object] | None
    ) -> None:
        self._channel = Channel(session, actor, tell)
        self._session = session
        self._completing: Completing | None = None
        self._carry_out: dict[str, Callable[[Any], None]] = {
            "complete": self._complete,
            "list_models": self._list_models,
            "list_modes": self._list_modes,
        }

    def carry_out(self, command: Complete | ListModels | ListModes) -> None:
        """Answers one of the commands, or says why not."""
        self._carry_out[command.type](command)

    def close(self) -> None:
        """The channel is gone: nothing is told any more."""
        if self._completing is not None:
            self._completing.close()

    def _complete(self, command: Complete) -> None:
        sources = self._session.completion
        if sources is None or not self._channel.hears:
            why = "this session completes nothing" if sources is None else NO_OUTPUT
            self._channel.refuse(command, "unavailable", why)
            return
        if self._completing is None:
            from qwen_dual.core.completing import Completing

            self._completing = Completing(self._channel, sources())
        self._completing.carry_out(command)

    def _list_models(self, command: ListModels) -> None:
        from qwen_dual.core.choices import list_models

        list_models(self._channel, command)

    def _list_modes(self, command: ListModes) -> None:
        from qwen_dual.core.choices import list_modes

        list_modes(self._channel, command)
