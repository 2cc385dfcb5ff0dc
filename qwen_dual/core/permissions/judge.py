"""Who judges calls, as what runs them sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qwen_dual.core.permissions.policy import Verdict
    from qwen_dual.core.tools.tool import Call, Tool


class Judge(Protocol):
    """Who judges calls: the session's policy, or what narrows it for one of its agents."""

    @property
    def mode(self) -> str:
        """The approval mode that counts."""
        ...

    def judge(self, tool: Tool, call: Call) -> Verdict:
        """Whether ``call``, one of ``tool``, may run, must ask, or is refused."""
        ...

    def hook_may_allow(self, tool: Tool, call: Call) -> bool:
        """Whether the leave of a hook is enough for ``call``, which must ask."""
        ...

    def may_be_judged(self, tool: Tool, call: Call) -> bool:
        """Whether the yes of a model that judges is enough for ``call``, which must ask."""
        ...

    def asks_for_more(self, tool: Tool, changed: Call, than: Call) -> bool:
        """Whether ``changed``, which must ask, does so for a reason that ``than`` did not have."""
        ...
