"""What our tools declare, for tests that need no tool of them: names, rules and words, no workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwen_dual.core.permissions.policy import Policy
from qwen_dual.core.permissions.rule_names import RuleNames
from qwen_dual.core.tools.tool import Display
from qwen_dual.tools.ask import AskUserQuestionTool
from qwen_dual.tools.edit import EditTool
from qwen_dual.tools.fetch import WebFetchTool
from qwen_dual.tools.globbing import GlobTool
from qwen_dual.tools.grep import GrepSearchTool
from qwen_dual.tools.listing import ListDirectoryTool
from qwen_dual.tools.plan import ExitPlanModeTool
from qwen_dual.tools.read import ReadFileTool
from qwen_dual.tools.shell import RunShellCommandTool
from qwen_dual.tools.todo import TodoWriteTool
from qwen_dual.tools.write import WriteFileTool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.core.permissions.rules import Rule
    from qwen_dual.core.tools.tool import RuleKind


@dataclass(frozen=True)
class Words:
    """What one tool declares."""

    name: str
    aliases: tuple[str, ...]
    rule_kind: RuleKind
    display: Display


DECLARED = [
    Words(tool.name, tool.aliases, tool.rule_kind, tool.display)
    for tool in (
        RunShellCommandTool,
        ReadFileTool,
        WriteFileTool,
        EditTool,
        ListDirectoryTool,
        GlobTool,
        GrepSearchTool,
        TodoWriteTool,
        WebFetchTool,
        AskUserQuestionTool,
        ExitPlanModeTool,
    )
]
BY_NAME = {tool.name: tool for tool in DECLARED}
NAMES = RuleNames(DECLARED)
parse_rule = NAMES.parse


def policy_of(
    mode: str = "default",
    allow: Iterable[str | Rule] = (),
    ask: Iterable[str | Rule] = (),
    deny: Iterable[str | Rule] = (),
) -> Policy:
    """A policy whose rules speak of our tools."""
    return Policy(NAMES, mode, allow, ask, deny)


def display_of(name: str) -> Display:
    """How a tool is called before a person."""
    return BY_NAME[name].display if name in BY_NAME else Display.of(name)
