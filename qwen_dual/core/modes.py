"""What the approval modes of a session need beside the policy: plan mode's reminders, auto mode's judge.

Both are imported once their mode is on.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.auto_judge import AutoJudge
    from qwen_dual.core.auto_rules import AutoRules
    from qwen_dual.core.planning import PlanReminders
    from qwen_dual.core.session import Session

MOST_SAID = 6
"""How much of what was submitted is kept for who has to know what the person wants."""


class Modes:
    """The modes of one session.

    Args:
        session: whose they are.

    Attributes:
        said: what was submitted last, in the words of who did, the latest at the end.
        auto_rules: gives what the settings say of auto mode.
        refused: why a mode cannot be had here; empty where it can.
    """

    def __init__(self, session: Session) -> None:
        self.said: deque[str] = deque(maxlen=MOST_SAID)
        self.auto_rules: Callable[[], AutoRules] = _no_rules
        self.refused: Callable[[str], str] = lambda mode: ""
        self._session = session
        self._reminders: PlanReminders | None = None
        self._judge: AutoJudge | None = None

    def remind(self) -> str:
        """What the model is to be reminded of before its next request."""
        session = self._session
        if self._reminders is None:
            if session.approval_mode != "plan":
                return ""
            from qwen_dual.core.planning import PlanReminders

            self._reminders = PlanReminders()
        return self._reminders.due(session.approval_mode, session.turn_id, session.tools.values())

    def plan_ended(self) -> None:
        """The model is told by a result that plan mode has ended."""
        if self._reminders is not None:
            self._reminders.ended()

    def judge(self) -> AutoJudge:
        """What judges calls in auto mode."""
        if self._judge is None:
            from qwen_dual.core.auto_judge import judge_of

            self._judge = judge_of(self._session)
        return self._judge

    def count_anew(self) -> None:
        """The person has decided, or the mode has changed."""
        if self._judge is not None:
            self._judge.reset()

    def forget(self) -> None:
        """A new conversation begins."""
        self._reminders = None
        self.said.clear()


def _no_rules() -> AutoRules:
    from qwen_dual.core.auto_rules import AutoRules

    return AutoRules()
