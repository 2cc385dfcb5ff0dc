"""What a sub-agent is, wherever it comes from: built in, a file, or the program that embeds the session."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Source = Literal["builtin", "user", "project", "session"]
"""Whose it is."""

STRICTEST_FIRST: Final = ("plan", "default", "auto-edit", "auto", "yolo")
"""Approval modes: each asks at least as much as the ones behind it."""

INHERIT: Final = ("", "inherit")
FAST: Final = "fast"


class AgentSpec(Struct, frozen=True, kw_only=True):
    """One agent.

    Attributes:
        name: what it is called by.
        description: when to use it, for the model.
        prompt: its system prompt.
        tools: rules for what it is given (``Read``, ``Bash(git log *)``, ``mcp__server``); None for all.
        disallowed: rules for what it is not given.
        model: ``inherit``, ``fast`` or the name of a configured one.
        approval_mode: what it may do unasked at the most; empty where the session alone decides.
        max_turns: model calls at the most; None for no bound.
        max_minutes: how long it may take; None for no bound.
        background: whether a call returns at once unless it says otherwise.
        reads_only: nothing that it wants to change is asked about: it is refused.
        color: of its name on a screen; empty for any.
        source: whose it is.
        path: its file; empty where it has none.
        unused: what its file says besides that has no effect here.
    """

    name: str
    description: str
    prompt: str
    tools: tuple[str, ...] | None = None
    disallowed: tuple[str, ...] = ()
    model: str = ""
    approval_mode: str = ""
    max_turns: int | None = None
    max_minutes: float | None = None
    background: bool = False
    reads_only: bool = False
    color: str = ""
    source: Source = "builtin"
    path: str = ""
    unused: tuple[str, ...] = ()

    def mode_within(self, mode: str) -> str:
        """The approval mode it works in while the session's is ``mode``: the stricter of the two.

        What a file says may only tighten: nobody gets more than the person at the session allows.
        """
        if self.approval_mode not in STRICTEST_FIRST or mode not in STRICTEST_FIRST:
            return mode
        return min(mode, self.approval_mode, key=STRICTEST_FIRST.index)
