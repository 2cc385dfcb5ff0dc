"""What an agent may do: what the session may, narrowed by what the agent was given. Never more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qwen_dual.core.permissions.policy import Verdict
from qwen_dual.core.permissions.rules import allows

if TYPE_CHECKING:
    from qwen_dual.agents.spec import AgentSpec
    from qwen_dual.agents.toolbox import Toolbox
    from qwen_dual.core.permissions.policy import Policy
    from qwen_dual.core.permissions.rules import Rule
    from qwen_dual.core.tools.tool import Call, Tool

READS_ONLY: Final = (
    "Refused: this agent only reads, and nothing that writes or runs more is carried out. Find another "
    "way to see what you want to know, or say in your report what should be done."
)


class AgentJudge:
    """Judges the calls of one agent.

    Args:
        policy: the session's, whose rules and mode count as they are now.
        spec: the agent.
        toolbox: what it was given.
    """

    def __init__(self, policy: Policy, spec: AgentSpec, toolbox: Toolbox) -> None:
        self._policy = policy
        self._spec = spec
        self._toolbox = toolbox

    @property
    def mode(self) -> str:
        """The approval mode that it works in, now."""
        return self._spec.mode_within(self._policy.mode)

    def judge(self, tool: Tool, call: Call) -> Verdict:
        """Whether ``call``, one of ``tool``, may run, must ask, or is refused."""
        if refused := self._beyond(tool, call):
            return Verdict("refuse", refused)
        verdict = self._policy.judge(tool, call, self.mode)
        if verdict.action != "refuse" and self._spec.reads_only:
            # What plan mode would not let through does more than read.
            reads = self._policy.judge(tool, call, "plan").action != "refuse"
            return verdict if reads else Verdict("refuse", READS_ONLY)
        return verdict

    def hook_may_allow(self, tool: Tool, call: Call) -> bool:
        """Whether the leave of a hook is enough for ``call``, which must ask."""
        return self._policy.hook_may_allow(tool, call)

    def may_be_judged(self, tool: Tool, call: Call) -> bool:
        """Whether the yes of a model that judges is enough for ``call``, which must ask."""
        return self._policy.may_be_judged(tool, call)

    def asks_for_more(self, tool: Tool, changed: Call, than: Call) -> bool:
        """Whether ``changed``, which must ask, does so for a reason that ``than`` did not have."""
        return self._policy.asks_for_more(tool, changed, than)

    def _beyond(self, tool: Tool, call: Call) -> str:
        """Why ``call`` is beyond what the agent was given; empty where it is not."""
        given = self._toolbox.given
        only = [rule for rule in given.only if rule.names(tool.name)]
        if only and not allows(only, tool.name, call.subject):
            return f"Refused: this agent may use {tool.name} for {_texts(only)} alone."
        deny = [rule for rule in given.deny if rule.applies(tool.name, call.subject) != "no"]
        if deny:
            return f"Refused: this agent may not use {_texts(deny)}."
        return ""


def _texts(rules: list[Rule]) -> str:
    return ", ".join(rule.text for rule in rules)
