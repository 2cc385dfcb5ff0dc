"""``agent``: gives a task to a sub-agent. Who there is, and how one works, others know.

Nothing of the agents is imported for it: the model is told of those that are always there by what
``core.tools.agents`` says of them, until there are others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.tools.agents import BUILT_IN, DEFAULT_AGENT
from qwen_dual.core.tools.tool import Display, Subject
from qwen_dual.tools.calls import SchemaTool, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.tools.agent_tasks import Agents, AgentTask
    from qwen_dual.core.tools.tool import Kind, RuleKind, ToolResult
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview, Suggestion

_HEAD = (
    "Gives a task to a sub-agent, which works on its own, with its own context, and answers with one "
    "report. Agents:"
)
_TAIL = (
    "Use one for work that would fill your context with what you do not need afterwards, or for "
    "several things at a time: calls in one message run in parallel. Do a search or a read of a few "
    "files yourself. It knows nothing of this conversation: its prompt has to say all that matters, "
    "whether it is to change anything, and what you want to know in the end. The person does not see "
    "its report: tell them what of it matters, and check what you rely on. With run_in_background "
    "the call returns at once, and you are told by itself how the agent ended."
)


class AgentTool(SchemaTool):
    """Sets agents to work.

    Args:
        agents: runs them; asked for when a model wants one.
        listed: the name and the description of each, as they are now; None while there are no others
            than those that are always there.
        taken: whether an id is a call's that was made before this session's.

    Attributes:
        other_names: by which models call it too.
    """

    name = "agent"
    kind: Kind = "agent"
    aliases = ("Agent", "task", "Task")
    other_names = ("task", "Task", "Agent")
    rule_kind: RuleKind = "plain"
    display = Display("Agent", "Delegating", about="gives a task to a sub-agent")

    def __init__(
        self,
        agents: Callable[[], Agents],
        listed: Callable[[], Sequence[tuple[str, str]] | None] = lambda: None,
        taken: Callable[[str], bool] = lambda call_id: False,
    ) -> None:
        self._agents = agents
        self._listed = listed
        self._taken = taken
        self._lanes: set[str] = set()

    @property
    def description(self) -> str:
        """What it does, and who there is, now."""
        listed = self._listed() or BUILT_IN.items()
        rows = [f"- {name}: {about}" for name, about in listed]
        return "\n".join((_HEAD, *rows, _TAIL))

    def lane_of(self, call_id: str) -> str:
        """An id for a call that no other call of an agent has."""
        lane, number = call_id, 1
        while lane in self._lanes or self._taken(lane):
            number += 1
            lane = f"{call_id}_{number}"
        self._lanes.add(lane)
        return lane

    def prepare(self, arguments: Mapping[str, Any]) -> AgentCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.core.tools.agent_tasks import AgentTask
        from qwen_dual.tools import parameters

        given = parameters.check(parameters.Agent, arguments)
        name = (given.subagent_type or "").strip() or DEFAULT_AGENT
        return AgentCall(
            self._agents,
            AgentTask(given.prompt, given.description, name, given.run_in_background),
        )


class AgentCall:
    """One task.

    Attributes:
        partial: what it had come to when it was cancelled.
    """

    outside: str | None = None
    subject = Subject()

    def __init__(self, agents: Callable[[], Agents], task: AgentTask) -> None:
        self.partial: ToolResult | None = None
        self.title = one_line(f"{task.agent}: {task.description}")
        self.suggestions: Sequence[Suggestion] = (
            {"type": "allow", "label": "Allow", "description": f"Agent: {self.title}"},
            {"type": "deny", "label": "Deny", "description": "Set no agent to work"},
        )
        self._agents = agents
        self._task = task

    async def preview(self) -> Preview | None:
        """All that the agent would be told."""
        return {"kind": "text", "title": self.title, "text": self._task.prompt}

    async def run(self, context: ToolContext) -> ToolResult:
        """Has it done; raises ``NotAllowed`` where the person wants the whole turn stopped."""
        agents = self._agents()
        try:
            return await agents.run(self._task, context)
        finally:
            self.partial = agents.partial(context.call_id)
