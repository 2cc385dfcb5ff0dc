"""The rules that "always allow" would leave behind for a call, and when none is safe.

Pure. A proposal is no wider than what a person can judge from the one call in front of them.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual.core.permissions.patterns import escape_path
from qwen_dual.core.permissions.rule_names import RuleNames
from qwen_dual.core.permissions.rules import allows, folder_of, reading
from qwen_dual.protocol import EDITS

if TYPE_CHECKING:
    from qwen_dual.core.tools.tool import Subject, Tool

MAX_RULES = 5
"""More than a person would read."""


def rules_for(tool: Tool, subject: Subject, *, outside: bool) -> tuple[str, ...]:
    """The rules to propose for a call, which together cover it; none where none is safe or would hold.

    Args:
        tool: whose call it is.
        subject: what it is about.
        outside: whether it touches something outside the workspace.
    """
    if subject.leaves_sandbox or subject.widens or any(file.guard for file in subject.files):
        return ()
    if tool.rule_kind == "command":
        return _for_commands(tool, subject)
    rule = None
    if tool.rule_kind == "host" and subject.host:
        rule = f"{_called(tool)}({subject.host})"
    elif outside and len(subject.files) == 1:
        rule = _for_files(tool, subject)
    elif tool.kind == "edit":
        rule = EDITS
    elif tool.rule_kind == "plain" and tool.kind in ("execute", "fetch"):
        rule = tool.name  # no rule could say more of its calls
    return (rule,) if rule is not None else ()


def _for_commands(tool: Tool, subject: Subject) -> tuple[str, ...]:
    """A rule for each command that needs one; none at all where one cannot be had."""
    if subject.line is None:
        return ()
    # Imported here since the tables of programs take a while, and the start needs none.
    from qwen_dual.shell.commands import named_by_rules, to_be_covered
    from qwen_dual.shell.proposal import propose

    free, folder = reading((), subject).free, folder_of(subject)
    patterns = [
        propose(named_by_rules(command.words, folder)[-1])
        for command in to_be_covered(subject.line) or ()
        if command not in free
    ]
    rules = list(dict.fromkeys(f"{tool.name}({pattern})" for pattern in patterns if pattern))
    if None in patterns or len(rules) > MAX_RULES:
        return ()
    # They must do what they promise.
    names = RuleNames([tool])
    parsed = [replace(names.parse(rule), here=True) for rule in rules]
    covered = allows(parsed, tool.name, subject, reads=True)
    return tuple(rules) if covered else ()


def _for_files(tool: Tool, subject: Subject) -> str | None:
    if tool.rule_kind not in ("read", "search", "write"):
        return None
    file = subject.files[0]
    folder = file.real if file.is_folder else posixpath.dirname(file.real)
    # All of a home folder, or of the disk, is more than one call is about.
    if folder == "/" or folder == subject.home:
        path = file.real if not file.is_folder else ""
    else:
        path = f"{folder}/**"
    if not path or not path.isprintable():
        return None
    pattern = escape_path(folder) + "/**" if path.endswith("/**") else escape_path(path)
    return f"{_called(tool)}({pattern})"


def _called(tool: Tool) -> str:
    """How a rule for all tools of its kind names them."""
    return tool.aliases[0] if tool.aliases else tool.name
