"""What can be seen of a session, at any moment: ids, models, the conversation, what runs and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.bus import Bus
    from qwen_dual.core.commands.slash import SlashCommands
    from qwen_dual.core.conversation.conversation import Conversation
    from qwen_dual.core.models.model import Model
    from qwen_dual.core.models.model_set import ModelSet
    from qwen_dual.core.permissions.policy import Policy
    from qwen_dual.core.prompts.queue import PromptQueue
    from qwen_dual.core.session.state import StatePublisher
    from qwen_dual.core.session.worker import Worker
    from qwen_dual.core.turns.calls import CallRunner
    from qwen_dual.protocol.shapes import Message


class SessionFacts:
    """The part of ``Session`` that changes nothing."""

    bus: Bus
    policy: Policy
    _calls: CallRunner
    conversation: Conversation
    _models: ModelSet
    _queue: PromptQueue
    _state: StatePublisher
    _worker: Worker
    slash: SlashCommands

    @property
    def calls(self) -> CallRunner:
        """What runs the main agent's calls."""
        return self._calls

    @property
    def session_id(self) -> str:
        """The id that events carry; another after ``clear`` and ``resume``."""
        return self.bus.session_id

    @property
    def model_name(self) -> str:
        """The model in force."""
        return self._models.name

    @property
    def models(self) -> Mapping[str, Model]:
        """Every model by its name."""
        return self._models.known

    @property
    def model(self) -> Model:
        """The model in force."""
        return self._models.current

    @property
    def history(self) -> list[Message]:
        """The messages of the conversation, as the model is sent them."""
        return self.conversation.messages

    @property
    def retryable(self) -> bool:
        """Whether the last turn ended with a failed model call that can be made again."""
        return self._worker.retry_from is not None and not self.busy

    @property
    def model_names(self) -> list[str]:
        """Every model that ``set_model`` takes."""
        return list(self._models.known)

    @property
    def approval_mode(self) -> str:
        """The approval mode in force."""
        return self.policy.mode

    @property
    def state(self) -> str:
        """The word of the latest ``state`` event."""
        return self._state.word

    @property
    def queued(self) -> int:
        """How many prompts wait."""
        return len(self._queue)

    @property
    def waiting(self) -> list[str]:
        """The prompts that wait or are being edited, whole, the next to run first."""
        return self._queue.texts(editing=True)

    @property
    def busy(self) -> bool:
        """Whether a prompt submitted now would wait."""
        return self._worker.running is not None or len(self._queue) > 0

    @property
    def turn_id(self) -> str | None:
        """The turn that runs; None between turns."""
        return self._state.turn_id

    def next_position(self, *, steers: bool) -> int:
        """Where in the queue a prompt would stand that was submitted now."""
        return self._queue.position_of_next(steers=steers)

    def joined_by(self, text: str) -> str | None:
        """The turn that ``text`` would join if it were to steer; None where it waits for its own.

        A slash command is always by itself, and a turn that is being stopped takes nothing more.
        """
        if self.stopping or self.slash.invoked_by(text):
            return None
        return self._state.turn_id

    @property
    def running_for(self) -> Actor | None:
        """Who submitted what runs; None where nothing does."""
        running = self._worker.running
        return None if running is None else running.actor

    def is_queued_from(self, command_id: str, actor: Actor) -> bool:
        """Whether what ``actor`` means by this id in the queue is a prompt that it submitted."""
        return self._queue.is_from(command_id, actor)

    @property
    def stopping(self) -> bool:
        """Whether what runs is being interrupted."""
        return self._worker.stopping
