"""Where the hooks of a session are; what they may say, ``hooks`` has, which only who has some imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_dual.core.turns.hooks import HookedAgent, Hooks


class HookSlot:
    """Where the hooks of a session are, if it has any.

    Args:
        above: where those are that also hear of a sub-agent; None for the session's own place.
        agent: that sub-agent.
    """

    def __init__(self, above: HookSlot | None = None, agent: HookedAgent | None = None) -> None:
        self._above = above
        self._agent = agent
        self._current: Hooks | None = None
        self._made_of: Hooks | None = None

    @property
    def current(self) -> Hooks | None:
        """Those in force; None costs nothing."""
        if self._above is None or self._agent is None:
            return self._current
        now = self._above.current
        if now is not self._made_of:  # the person has had them read anew
            self._made_of = now
            self._current = None if now is None else now.of_agent(self._agent)
        return self._current

    @current.setter
    def current(self, hooks: Hooks | None) -> None:
        self._current = hooks
