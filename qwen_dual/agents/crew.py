"""The agents of one session: begins them, bounds how many and how deep, and knows who is at work.

Those in the background have what came of them told by ``reports``.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from qwen_dual.agents.child import Child
from qwen_dual.agents.judge import AgentJudge
from qwen_dual.agents.reports import Reports, begun, started, title_of
from qwen_dual.agents.roster import UnknownAgent
from qwen_dual.agents.slots import MOST_WAITING, Slot, Slots
from qwen_dual.agents.toolbox import Toolbox
from qwen_dual.core.actor import INTERRUPT
from qwen_dual.core.tools.tool import ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.agents.child import Equipment
    from qwen_dual.agents.roster import Roster
    from qwen_dual.agents.spec import AgentSpec
    from qwen_dual.core.models.model import Model
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.agent_tasks import AgentTask
    from qwen_dual.core.tools.tool import Tool
    from qwen_dual.core.tools.tool_context import ToolContext

MOST_ENDED: Final = 50
"""Agents that have ended and are still listed."""

NOT_BESIDE: Final = (
    "An agent cannot have its own agents work in the background: nobody would tell it how they ended. "
    "Leave run_in_background out."
)
TAKEN_BACK: Final = "it is stopped, since the prompt that set it to work was taken back."
TOO_DEEP: Final = (
    "Agents may not be nested deeper than {depth} (--max-subagent-depth). Do it yourself."
)
TOO_MANY: Final = (
    "{waiting} agents wait for others to end already. Have fewer work at a time, or do it yourself."
)


class Around(Protocol):
    """What the agents of a session need of what is around it."""

    @property
    def max_depth(self) -> int:
        """How deep agents may be nested; 1 for those of the main agent alone."""
        ...

    @property
    def own_tools(self) -> Mapping[str, Callable[[], Tool]]:
        """Makes the tools of which each agent has one of its own."""
        ...

    def system(self, spec: AgentSpec) -> str:
        """What an agent is told first: its prompt, the place it works in, the context files."""
        ...

    def model(self, spec: AgentSpec, parent: Model) -> tuple[Model, str]:
        """The model of an agent, and what is to be said of that; ``parent`` is its caller's."""
        ...

    async def reload(self) -> None:
        """Looks again which agents there are files of."""
        ...


class Crew:
    """``core.tools.agent_tasks.Agents`` for one session.

    Args:
        session: within which they work.
        roster: who there is.
        around: what is around the session.
        waits: whether the end of a turn waits for agents in the background, since nobody is there to
            prompt the model again.
    """

    def __init__(self, session: Session, roster: Roster, around: Around, *, waits: bool) -> None:
        self.roster = roster
        self._session = session
        self._around = around
        self._slots = Slots()
        self._at_work: dict[str, Child] = {}
        self._models: dict[str, Model] = {}
        self._ended: deque[Child] = deque(maxlen=MOST_ENDED)
        self._partial: dict[str, ToolResult] = {}
        self._begun = 0
        self._remarked: set[str] = set()
        session.services.stop_agent = self.stop_lane
        self._reports = Reports(session, lambda: self._beside, waits=waits)

    # -- what can be seen --------------------------------------------------------------------

    @property
    def children(self) -> Sequence[Child]:
        """Those at work in the order in which they began, then those that ended, the latest first."""
        return [*self._at_work.values(), *reversed(self._ended)]

    @property
    def _beside(self) -> Sequence[Child]:
        return [child for child in self._at_work.values() if child.beside and child.parent is None]

    @property
    def beside(self) -> int:
        """How many work in the background."""
        return len(self._beside)

    # -- what can be done --------------------------------------------------------------------

    async def run(self, task: AgentTask, context: ToolContext) -> ToolResult:
        """Has ``task`` done: see ``core.tools.agent_tasks.Agents``."""
        parent = self._at_work.get(context.agent) if context.agent is not None else None
        try:
            spec = await self._find(task.agent)
            refused = self._refusal(task, spec, parent)
            if refused:
                return ToolResult(refused, is_error=True)
            child = self._child(spec, task, context, parent)
            equipment = self._equipment(child, context)
        except ValueError as error:
            return ToolResult(str(error), is_error=True)
        self._at_work[child.lane] = child
        self._models[child.lane] = equipment.model
        if child.beside:
            self._session.approvals.beside.add(child.lane)
        if child.beside and parent is None:
            self._reports.begin()
            context.spawn(partial(self._run_beside, child, equipment))
            context.publish(started(child))
            return begun(child)
        if parent is None:
            return await self._run(child, equipment)
        async with parent.slot.lent():
            return await self._run(child, equipment)

    def partial(self, call_id: str) -> ToolResult | None:
        """What the agent of a call had come to when it was ended."""
        return self._partial.pop(call_id, None)

    def stop(self, number: int) -> Child | None:
        """Ends one agent, and those that it set to work; None where none of that number works."""
        found = next((one for one in self._at_work.values() if one.number == number), None)
        if found is not None:
            found.stop()
        return found

    def stop_lane(self, lane: str) -> bool:
        """Ends the agent that works for the call ``lane``; False where none does."""
        found = self._at_work.get(lane)
        if found is not None:
            found.stop()
        return found is not None

    def forget(self) -> None:
        """Another conversation begins: what belongs to this one ends, and nothing more is told of it."""
        lanes = set(self._at_work)
        # Answered as long as events carry the id of the session that they were asked in.
        self._session.approvals.deny(INTERRUPT, lambda pending: pending.agent in lanes)
        for child in self._at_work.values():
            child.stop(quietly=True)
        self._ended.clear()
        self._reports.forget()

    def go_back(self) -> None:
        """The conversation went back, or forth again: who was set to work by what it lost ends.

        The model is told of them only once it knows again that it set them to work.
        """
        known = {point.uuid for point in self._session.points}
        for child in self.children:
            child.forgotten = child.prompt not in ("", *known)
            if child.forgotten and child.at_work and child.parent is None:
                self._session.notice(f"{title_of(child)}: {TAKEN_BACK}", "warning")
            if child.forgotten:
                child.stop()

    # -- how one is made ---------------------------------------------------------------------

    async def _find(self, name: str) -> AgentSpec:
        try:
            return self.roster.find(name)
        except UnknownAgent:  # its file may be new
            await self._around.reload()
            return self.roster.find(name)

    def _refusal(self, task: AgentTask, spec: AgentSpec, parent: Child | None) -> str:
        if parent is not None and task.background:
            return NOT_BESIDE
        if parent is not None and parent.depth >= self._around.max_depth:
            return TOO_DEEP.format(depth=self._around.max_depth)
        if self._slots.waiting >= MOST_WAITING:
            return TOO_MANY.format(waiting=self._slots.waiting)
        return ""

    def _child(
        self, spec: AgentSpec, task: AgentTask, context: ToolContext, parent: Child | None
    ) -> Child:
        self._begun += 1
        beside = spec.background if task.background is None else task.background
        return Child(
            self._session,
            spec,
            task,
            context.call_id,
            number=self._begun,
            parent=parent,
            slot=Slot(self._slots),
            # What an agent in the background sets to work goes on beside the turns as well.
            beside=beside if parent is None else parent.beside,
        )

    def _equipment(self, child: Child, context: ToolContext) -> Equipment:
        """What an agent works with.

        Raises:
            ValueError: what it may not use cannot be understood.
        """
        from qwen_dual.agents.child import Equipment

        spec, session = child.spec, self._session
        above = session.model if child.parent is None else self._models[child.parent.lane]
        model, remark = self._around.model(spec, above)
        toolbox = Toolbox(
            session.tools,
            spec,
            self._around.own_tools,
            delegates=child.depth < self._around.max_depth,
            warn=lambda why: self._remark(spec, why),
        )
        for one in (remark, *spec.unused):
            self._remark(spec, one)
        judge = AgentJudge(session.policy, spec, toolbox)
        system = self._around.system(spec)
        return Equipment(model, system, toolbox, judge, session.text_calls)

    def _remark(self, spec: AgentSpec, text: str) -> None:
        """Tells the person once of something in an agent's file."""
        told = f"The agent {spec.name}: {text}"
        if text and told not in self._remarked:
            self._remarked.add(told)
            self._session.notice(told, "warning")

    # -- how one works -----------------------------------------------------------------------

    async def _run(self, child: Child, equipment: Equipment) -> ToolResult:
        try:
            return await child.run(equipment)
        finally:
            if child.result is not None:
                self._partial[child.lane] = child.result
            self._left(child)

    async def _run_beside(self, child: Child, equipment: Equipment) -> None:
        try:
            await child.run(equipment)
        finally:
            self._left(child)
        if not child.silent:
            self._reports.ended(child)

    def _left(self, child: Child) -> None:
        self._at_work.pop(child.lane, None)
        self._models.pop(child.lane, None)
        self._session.approvals.beside.discard(child.lane)
        self._ended.append(child)
