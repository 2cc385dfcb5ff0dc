"""The part of a session by which one goes back to an earlier prompt, or on with another conversation.

What that takes is ``rewinding``'s and ``saved_sessions``'.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.core.session.session_facts import SessionFacts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.saved_sessions import SavedSessions
    from qwen_dual.core.conversation.conversation import Points
    from qwen_dual.core.conversation.going_back import GoingBack
    from qwen_dual.core.conversation.rewinding import Rewinding
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.tool_context import Services


class RewindableSession(SessionFacts):
    """The part of ``Session`` that changes the conversation between turns.

    Attributes:
        points: the prompts so far, as places to go back to.
        prepare_rewinding: gives what goes back to them what it needs, once it is made.
        saved_sessions: gives the saved ones; None where they are nobody's to know.
        document: makes the saved session a document of a format; None where it is nobody's to know.
        give_back: takes a person's own prompts that will not run, or were taken back.
    """

    points: Points
    services: Services
    give_back: Callable[[Sequence[Prompt]], object]
    prepare_rewinding: Callable[[Rewinding], object]
    saved_sessions: Callable[[], SavedSessions] | None = None
    document: Callable[[str], Awaitable[str]] | None = None

    def go_back(self, what: GoingBack, actor: Actor, command_id: str | None = None) -> bool:
        """Goes back to an earlier prompt, or previews that; False while a turn runs or waits."""
        if free := not self.busy:
            self._enqueue(Prompt("", actor, command_id, action="rewind", going_back=what))
        return free

    def act_when_idle(
        self,
        act: Callable[[Prompt], Awaitable[None]],
        actor: Actor,
        command_id: str | None = None,
    ) -> bool:
        """Has something done as a turn of its own would be; False while one runs or waits."""
        if free := not self.busy:
            self._enqueue(Prompt("", actor, command_id, action="act", act=act))
        return free

    def nothing_to_retry(self) -> None:
        """What ``retry`` would go on from is in the conversation no more."""
        self._worker.retry_from = None

    @cached_property
    def rewinding(self) -> Rewinding:
        """Goes back to earlier prompts; made when somebody wants to."""
        from qwen_dual.core.conversation.rewinding import Rewinding

        rewinding = Rewinding(cast("Session", self))
        self.prepare_rewinding(rewinding)
        return rewinding

    def _enqueue(self, prompt: Prompt) -> int:
        """Has it run when its turn comes; where it stands in the queue."""
        raise NotImplementedError
