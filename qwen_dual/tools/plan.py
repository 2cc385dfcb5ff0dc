"""``exit_plan_mode``: puts a plan to the person, whose yes ends plan mode.

It is there in plan mode alone, and goes the way of an approval; the answer says how to go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qwen_dual.core.tools.tool import Display
from qwen_dual.tools.calls import SchemaTool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.tools.plan_call import PlanCall


class Plans(Protocol):
    """What of a session a plan needs."""

    @property
    def before(self) -> str:
        """The approval mode before plan mode."""
        ...

    def proposed(self, plan: str) -> None:
        """A plan is put to the person."""
        ...

    async def approved(self, plan: str, choice: str, actor: Actor) -> str:
        """Ends plan mode.

        Args:
            plan: as it was allowed.
            choice: the mode to go on in, or ``previous``.
            actor: who allowed it.

        Returns:
            What the model is told of the mode, and of where the plan is kept.
        """
        ...


class ExitPlanModeTool(SchemaTool):
    """Proposes.

    Attributes:
        session: gives what its calls need of the session; set before one is made.
    """

    name = "exit_plan_mode"
    only_in = "plan"
    kind: Kind = "question"
    aliases = ("ExitPlanMode", "ExitPlanModeTool")
    rule_kind: RuleKind = "plain"
    display = Display(
        "Plan",
        "Proposing",
        about="shows you a plan, and ends plan mode when you allow it",
        question="Go on with this plan?",
    )
    description = (
        "Shows the person your plan and asks whether to carry it out, which ends plan mode. Call it "
        "once the plan is whole and nothing in it is open; ask what is open before that. Not for "
        "questions that are answered by reading alone."
    )
    session: Callable[[], Plans]

    def prepare(self, arguments: Mapping[str, Any]) -> PlanCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters
        from qwen_dual.tools.plan_call import PlanCall

        return PlanCall(parameters.check(parameters.ExitPlanMode, arguments).plan, self.session())
