"""``glob``: files by the pattern of their path."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from qwen_dual.core.tools.tool import Display, InvalidArguments
from qwen_dual.tools.calls import ReadCall, SchemaTool, counted

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from qwen_dual.core.tools.tool import Kind, RuleKind, ToolResult
    from qwen_dual.tools.capture import Limits
    from qwen_dual.tools.globpattern import GlobPattern
    from qwen_dual.tools.workspace import Folder, Location


class GlobTool(SchemaTool):
    """Finds files.

    Args:
        workspace: resolves the paths.
        limits: of one result.
    """

    name = "glob"
    kind: Kind = "read"
    aliases = ("Read", "Glob", "GlobTool", "FindFiles")
    rule_kind: RuleKind = "search"
    display = Display(
        "Find",
        "Looking for",
        ("line", "lines"),
        about="finds files by their names",
        question="Search this folder for files?",
    )
    description = (
        "Finds files whose path matches a pattern: `**` any folders, `*` and `?` within a name, "
        "`[a-z]`, `{py,ts}`. Returns absolute paths, the newest first. What .gitignore and "
        ".qwenignore name is left out."
    )

    def __init__(self, workspace: Folder, limits: Limits) -> None:
        self._workspace = workspace
        self._limits = limits

    def prepare(self, arguments: Mapping[str, Any]) -> ReadCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters
        from qwen_dual.tools.globpattern import GlobPattern, split_absolute

        given = parameters.check(parameters.Glob, arguments)
        base, pattern = given.path or ".", given.pattern
        if os.path.isabs(pattern):
            base, pattern = split_absolute(pattern)
        location = self._workspace.locate(base, f"{self.name}: path")
        try:
            matcher = GlobPattern(pattern)
        except ValueError as error:
            raise InvalidArguments(
                f"{self.name}: pattern: {error}, not {given.pattern!r}"
            ) from None

        def work(gone: threading.Event) -> str | ToolResult:
            self._workspace.check(location)
            return self._find(location, given.pattern, matcher, gone)

        outside = self._workspace.outside(location)
        subject = self._workspace.subject(location, is_folder=True)
        what = f"Search folder: {location.name}"
        return ReadCall(given.pattern, what, outside, subject, work)

    def _find(
        self, location: Location, pattern: str, matcher: GlobPattern, gone: threading.Event
    ) -> str | ToolResult:
        from qwen_dual.tools.ignore import ignore_below
        from qwen_dual.tools.walk import Walk, bounded_lines, opened_tree

        with opened_tree(self._workspace.files, location.real, location.path) as tree:
            ignore = ignore_below(location.real, self._workspace)
            if ignore.hides_base:
                return f"{location.path} is kept from the agent by .qwenignore."
            walk = Walk(tree, location.real, ignore, gone)
            start = len(location.real.rstrip("/")) + 1
            found = []
            for path, entry in walk.files():
                if matcher.matches(path[start:]):
                    try:
                        found.append((-entry.stat(follow_symlinks=False).st_mtime_ns, path))
                    except OSError:
                        continue  # deleted since it was listed
        note = f" ({walk.note})" if walk.note else ""
        if found:
            lines = (path for _, path in sorted(found))
            shown = bounded_lines(lines, len(found), self._limits, "files")
            text = f"{len(found):,} files match {pattern} in {location.path}{note}:\n{shown}"
        else:
            text = f"No files match {pattern} in {location.path}{note}."
        return counted(text, len(found), "file", "files")
