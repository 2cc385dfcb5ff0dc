"""``list_directory``: what is in one folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwen_dual.core.text.wildcard import name_pattern
from qwen_dual.core.tools.tool import Display, ToolResult
from qwen_dual.tools.calls import ReadCall, SchemaTool, counted

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.tools.capture import Limits
    from qwen_dual.tools.workspace import Folder, Location


class ListDirectoryTool(SchemaTool):
    """Lists folders.

    Args:
        workspace: resolves the paths.
        limits: of one result.
    """

    name = "list_directory"
    kind: Kind = "read"
    aliases = ("Read", "ListFiles", "ListFilesTool", "ReadFolder", "LS")
    rule_kind: RuleKind = "search"
    display = Display(
        "List",
        "Listing",
        ("entry", "entries"),
        about="lists a folder",
        question="List this folder?",
    )
    description = (
        "Lists what is in a folder, folders first, each marked [DIR]. What .gitignore and "
        ".qwenignore name is left out and counted."
    )

    def __init__(self, workspace: Folder, limits: Limits) -> None:
        self._workspace = workspace
        self._limits = limits

    def prepare(self, arguments: Mapping[str, Any]) -> ReadCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters

        given = parameters.check(parameters.ListDirectory, arguments)
        location = self._workspace.locate(given.path, f"{self.name}: path")

        def work(gone: threading.Event) -> ToolResult:
            self._workspace.check(location)
            return list_folder(location, self._workspace, given.ignore or (), self._limits, gone)

        outside = self._workspace.outside(location)
        subject = self._workspace.subject(location, is_folder=True)
        what = f"List folder: {location.name}"
        return ReadCall(location.name, what, outside, subject, work)


def list_folder(
    location: Location,
    workspace: Folder,
    patterns: Sequence[str],
    limits: Limits,
    gone: threading.Event,
) -> ToolResult:
    """The entries of a folder, one a line.

    Raises:
        ToolFailure: there is no folder that can be read.
    """
    from qwen_dual.tools.ignore import ignore_below
    from qwen_dual.tools.walk import Walk, bounded_lines, opened_tree

    left_out = [name for pattern in patterns for name in _ignored(pattern)]
    with opened_tree(workspace.files, location.real, location.path) as tree:
        ignore = ignore_below(location.real, workspace)
        if ignore.hides_base:
            return ToolResult(f"{location.path} is kept from the agent by .qwenignore.")
        walk = Walk(tree, location.real, ignore, gone)
        kinds = [
            (entry.leads_to_folder(), entry.name)
            for entry in walk.entries(location.real)
            if not any(pattern.fullmatch(entry.name) for pattern in left_out)
        ]
    folders = [f"[DIR] {name}" for is_one, name in kinds if is_one]
    lines = folders + [name for is_one, name in kinds if not is_one]
    hidden = f" ({walk.ignored} ignored by .gitignore or .qwenignore)" if walk.ignored else ""
    if lines:
        shown = bounded_lines(lines, len(lines), limits, "entries")
        text = f"{location.path} holds{hidden}:\n{shown}"
    else:
        text = f"{location.path} is empty{hidden}."
    return counted(text, len(lines), "entry", "entries")


def _ignored(pattern: str) -> tuple[re.Pattern[str], ...]:
    """The names that ``pattern`` means; one that cannot be understood stands for itself.

    ``./a``, ``**/a`` and ``a/`` are ways to say ``a``: there is only one folder here.
    """
    from qwen_dual.tools.globpattern import name_patterns

    # The slashes behind it not likewise: of many in the middle each would be looked at as the first.
    name = re.sub(r"^(?:\.?/|\*\*/)+", "", pattern).rstrip("/") or pattern
    try:
        return name_patterns(name)
    except ValueError:
        return (name_pattern(name, escapes=False, sets=False),)
