"""A prompt that waits at the start begins before the session is imported that runs it.

What is told of it is what the session would tell, in the same order: it is accepted, it is the
``user`` event, and the state is ``thinking``. ``Session.begin`` goes on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.core.session.state import state_event
from qwen_dual.core.turns.results import turn_result
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from qwen_dual.core.actor import Actor
    from qwen_dual.core.bus import Bus


class Begun:
    """A prompt that was told to have begun.

    Args:
        bus: where it is told; somebody has to keep the events for those who come later.
        text: what was submitted; no slash command.
        actor: who submitted it.
        command_id: the ``id`` that it was submitted with.

    Attributes:
        prompt: as the session runs it.
        turn_id: of its turn.
    """

    def __init__(self, bus: Bus, text: str, actor: Actor, command_id: str | None) -> None:
        self.turn_id = events.new_uuid()
        self._bus = bus
        if command_id is not None:
            bus.publish(events.receipt(command_id, "accepted", host=str(actor)))
        said = bus.publish(events.user_text(text, str(actor), command_id))
        self.prompt = Prompt(text, actor, command_id, turn_id=self.turn_id, uuid=said["uuid"])
        bus.publish(state_event("thinking", self.turn_id))

    def interrupt(self) -> None:
        """Tells that it ended, where no session comes of the start."""
        self._bus.publish(state_event("idle", None))
        result = turn_result(
            "interrupted",
            turn_id=self.turn_id,
            command_id=self.prompt.command_id,
            host=self.prompt.host,
            text="",
            duration_ms=0,
            duration_api_ms=0,
            num_turns=0,
            usage={"input_tokens": 0, "output_tokens": 0},
            permission_denials=[],
        )
        self._bus.publish(result)
