"""One plan that is put to the person: the ways to answer, and what each comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.tools.tool import InvalidArguments, Shown, Subject, ToolResult
from qwen_dual.tools.calls import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from qwen_dual.core.permissions.approvals import Decision
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview, Suggestion
    from qwen_dual.tools.plan import Plans

DECLINED = "The person does not want this plan carried out as it is. Plan mode is still on."


class PlanCall:
    """A plan.

    Args:
        plan: Markdown.
        session: where it takes effect.
        decision: the answer that allowed it.
        given: what of it the model wrote, where the answer changed that.
    """

    outside: str | None = None
    subject = Subject()
    declined = DECLINED

    def __init__(
        self, plan: str, session: Plans, decision: Decision | None = None, given: str | None = None
    ) -> None:
        self.title = title_of(plan)
        self._plan = plan
        self._session = session
        self._decision = decision
        self._given = given

    @property
    def suggestions(self) -> Sequence[Suggestion]:
        """The ways to answer; the first is what an answer without a ``mode`` means."""
        before = self._session.before
        ways: list[Suggestion] = [
            {
                "type": "allow",
                "label": "Approve Plan",
                "description": "Carry it out, and ask for each change",
                "mode": "default",
            },
            {
                "type": "allow",
                "label": "Approve Plan and Edits",
                "description": "Carry it out with all edits accepted (auto-edit)",
                "mode": "auto-edit",
            },
            {
                "type": "allow",
                "label": "Approve Plan as Before",
                "description": f"Carry it out in the mode before this plan ({before})",
                "mode": "previous",
            },
            {"type": "deny", "label": "Reject Plan", "description": "Do not carry it out"},
        ]
        return ways

    def request_fields(self) -> Mapping[str, Any]:
        """The mode that ``previous`` means."""
        return {"previous_mode": self._session.before}

    def decided(self, decision: Decision) -> PlanCall:
        """The same plan as ``decision``, which may have another text for it, allowed it."""
        changed = (decision.updated_input or {}).get("plan")
        if isinstance(changed, str) and changed.strip() and changed != self._plan:
            return PlanCall(changed, self._session, decision, self._plan)
        return PlanCall(self._plan, self._session, decision)

    def answered(self, updated_input: object) -> PlanCall:
        """Itself: what an answer says of a plan, ``decided`` has."""
        return self

    async def preview(self) -> Preview | None:
        """The plan, whole."""
        self._session.proposed(self._plan)
        return {"kind": "plan", "title": self.title, "text": self._plan}

    async def run(self, context: ToolContext) -> ToolResult:
        """Ends plan mode; ``context`` is not used."""
        if self._decision is None:
            raise InvalidArguments("exit_plan_mode: nobody has allowed this plan")
        choice = self._decision.mode or "default"
        told = await self._session.approved(self._plan, choice, self._decision.by)
        if self._given is not None:
            told += f" They changed the plan; this one counts:\n\n{self._plan}"
        return ToolResult(f"The plan is approved. {told}", shown=Shown(self._plan.rstrip()))


def title_of(plan: str) -> str:
    """The first line of a plan that says something, without the marks of a heading."""
    line = next((line for line in plan.split("\n") if line.strip("#*-= \t")), plan)
    return one_line(line.strip().lstrip("#").strip().strip("*"), 80)
