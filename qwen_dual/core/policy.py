"""What runs without asking: the approval mode, and what was allowed for the rest of the session.

Pure. It knows kinds of calls and rules as text; what a path or a command is, the tools know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qwen_dual.core.tool import Kind

PLAN_REFUSAL = (
    "Plan mode is on: nothing that writes or runs is carried out. "
    "Describe what you would do; the person switches the mode when it should happen."
)

# A command line with any of these does more than its first words say.
_COMPOUND = re.compile(r"[;&|<>$`(){}\n\r\\*?\[\]~!#=]")
_TWO_WORD_COMMANDS = frozenset(
    [
        "apt",
        "brew",
        "cargo",
        "docker",
        "gh",
        "git",
        "go",
        "kubectl",
        "make",
        "npm",
        "npx",
        "pip",
        "pnpm",
        "poetry",
        "uv",
        "yarn",
    ]
)


EDITS = "edits"
"""The rule of every edit in the workspace."""


class UnknownMode(ValueError):
    """An approval mode that does not exist."""

    def __init__(self, mode: str) -> None:
        super().__init__(
            f"unknown approval mode {mode!r}; expected one of: {', '.join(APPROVAL_MODES)}"
        )
        self.mode = mode


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says of a call; ``reason`` is for the model when it refuses."""

    action: Literal["allow", "ask", "refuse"]
    reason: str = ""


def rule_for(tool_name: str, kind: Kind, arguments: Mapping[str, Any]) -> str | None:
    """The rule that "always allow" would remember for a call; None where none is safe.

    A shell rule covers commands that begin with the same words. A command line that holds
    anything a shell expands, joins or redirects gets no rule: its first words prove nothing.
    """
    if kind == "execute":
        command = str(arguments.get("command", "")).strip()
        words = command.split()
        if not words or _COMPOUND.search(command) or "=" in words[0]:
            return None
        head = words[:2] if words[0] in _TWO_WORD_COMMANDS else words[:1]
        return f"{tool_name}({' '.join(head)} *)"
    if kind == "edit":
        return EDITS
    return None


class Policy:
    """The approval mode in force and the rules that were remembered.

    Args:
        mode: one of ``protocol.APPROVAL_MODES``.
        rules: those that hold beyond this session.
    """

    def __init__(self, mode: str = "default", rules: Iterable[str] = ()) -> None:
        self.mode = "default"
        self._lasting = frozenset(rules)
        self._session: set[str] = set()
        self.set_mode(mode)

    def set_mode(self, mode: str) -> None:
        """Switches the mode.

        Raises:
            UnknownMode: there is no such mode.
        """
        if mode not in APPROVAL_MODES:
            raise UnknownMode(mode)
        self.mode = mode

    def remember(self, rule: str) -> None:
        """Allows what ``rule`` covers for the rest of the session."""
        self._session.add(rule)

    def forget(self) -> None:
        """Drops what was remembered for this session only."""
        self._session.clear()

    def judge(self, kind: Kind, *, outside: bool, rule: str | None) -> Verdict:
        """Whether a call may run, must ask, or is refused.

        Args:
            kind: what the call may change.
            outside: whether it touches something outside the workspace.
            rule: what ``rule_for`` gave for it.
        """
        if self.mode == "yolo" or kind == "plan":
            return Verdict("allow")
        if self.mode == "plan" and kind != "read":
            return Verdict("refuse", PLAN_REFUSAL)
        if outside:
            return Verdict("ask")
        if kind == "read":
            return Verdict("allow")
        if kind == "edit" and self.mode == "auto-edit":
            return Verdict("allow")
        if rule is not None and (rule in self._session or rule in self._lasting):
            return Verdict("allow")
        return Verdict("ask")
