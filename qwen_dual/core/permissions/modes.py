"""What the approval modes of a session need beside the policy: plan mode's reminders, auto mode's judge.

Both are imported once their mode is on.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.core.permissions.auto_judge import AutoJudge
    from qwen_dual.core.permissions.auto_rules import AutoRules
    from qwen_dual.core.permissions.planning import PlanReminders
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.tool import Tool

MOST_SAID = 6
"""How much of what was submitted is kept for who has to know what the person wants."""


class Reminder:
    """Gives what one model is to be told of plan mode before its next request.

    Args:
        mode: the one that counts for it.
        turn: the turn that runs.
        tools: what it can call.
    """

    def __init__(
        self,
        mode: Callable[[], str],
        turn: Callable[[], str | None],
        tools: Callable[[], Iterable[Tool]],
    ) -> None:
        self._mode = mode
        self._turn = turn
        self._tools = tools
        self._reminders: PlanReminders | None = None

    def __call__(self) -> str:
        """That; empty for nothing."""
        mode = self._mode()
        if self._reminders is None:
            if mode != "plan":
                return ""
            from qwen_dual.core.permissions.planning import PlanReminders

            self._reminders = PlanReminders()
        return self._reminders.due(mode, self._turn(), self._tools())

    def plan_ended(self) -> None:
        """The model is told by a result that plan mode has ended."""
        if self._reminders is not None:
            self._reminders.ended()

    def forget(self) -> None:
        """A new conversation begins."""
        self._reminders = None


class Modes:
    """The modes of one session.

    Args:
        session: whose they are.

    Attributes:
        remind: gives what the model is told of plan mode.
        said: what was submitted last, in the words of who did, the latest at the end.
        auto_rules: gives what the settings say of auto mode.
        refused: why a mode cannot be had here; empty where it can.
    """

    def __init__(self, session: Session) -> None:
        self.said: deque[str] = deque(maxlen=MOST_SAID)
        self.auto_rules: Callable[[], AutoRules] = _no_rules
        self.refused: Callable[[str], str] = lambda mode: ""
        self.remind = Reminder(
            lambda: session.approval_mode, lambda: session.turn_id, session.tools.offered
        )
        self._session = session
        self._judge: AutoJudge | None = None

    def judge(self) -> AutoJudge:
        """What judges calls in auto mode."""
        if self._judge is None:
            from qwen_dual.core.permissions.auto_judge import judge_of

            self._judge = judge_of(self._session)
        return self._judge

    def count_anew(self) -> None:
        """The person has decided, or the mode has changed."""
        if self._judge is not None:
            self._judge.reset()

    def forget(self) -> None:
        """A new conversation begins."""
        self.remind.forget()
        self.said.clear()


def _no_rules() -> AutoRules:
    from qwen_dual.core.permissions.auto_rules import AutoRules

    return AutoRules()
