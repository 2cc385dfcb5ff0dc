"""The tools of an agent: those of the session that it is given. It knows of no others.

What the session can call changes while an agent works, a server comes or goes: so this looks each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from qwen_dual.core.permissions.rules import Selection, select_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwen_dual.agents.spec import AgentSpec
    from qwen_dual.core.permissions.rules import Rule
    from qwen_dual.core.tools.tool import Tool
    from qwen_dual.core.turns.tool_registry import ToolRegistry

ALL: Final = "*"
"""Among the tools of an agent: all there are."""

NEVER: Final = frozenset({"question"})
"""Kinds of tools that no agent is given: nobody answers its questions."""


class Toolbox(Mapping[str, "Tool"]):
    """The tools of one agent, by name.

    Args:
        registry: those of the session.
        spec: the agent.
        own: makes the tools, by name, of which an agent has one of its own.
        delegates: whether it may set agents to work itself.
        warn: told of what the agent's file says of tools that cannot be understood.

    Raises:
        ValueError: what it is not to be given cannot be understood: it would be given more than meant.
    """

    def __init__(
        self,
        registry: ToolRegistry,
        spec: AgentSpec,
        own: Mapping[str, Callable[[], Tool]],
        *,
        delegates: bool,
        warn: Callable[[str], object],
    ) -> None:
        self._registry = registry
        self._spec = spec
        self._own = {name: make() for name, make in own.items()}
        self._delegates = delegates
        self._known: Sequence[Tool] | None = None
        self._given = Selection(())
        self._tools: dict[str, Tool] = {}
        self._read(warn)

    @property
    def given(self) -> Selection:
        """What there is, and what narrows it."""
        self._look()
        return self._given

    def offered(self) -> list[Tool]:
        """What the agent's model is told of, now."""
        self._look()
        return list(self._tools.values())

    def __getitem__(self, name: str) -> Tool:
        self._look()
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        self._look()
        return iter(self._tools)

    def __len__(self) -> int:
        self._look()
        return len(self._tools)

    def _look(self) -> None:
        if self._registry.offered() != self._known:
            self._read(lambda _: None)

    def _read(self, warn: Callable[[str], object]) -> None:
        spec = self._spec
        self._known = self._registry.offered()
        tools = [
            self._own.get(tool.name, tool)
            for tool in self._known
            if tool.kind not in NEVER
            and not self._registry.is_needed(tool.name)
            and (self._delegates or tool.kind != "agent")
        ]
        core: Sequence[Rule] = ()
        limited = spec.tools is not None and ALL not in spec.tools
        if limited and spec.tools is not None:
            core = self._registry.names.parse_all(spec.tools, warn)
        exclude = [self._registry.names.parse(rule) for rule in spec.disallowed]
        self._given = select_tools(tools, core, exclude, limited=limited)
        self._tools = {tool.name: tool for tool in self._given.tools}
