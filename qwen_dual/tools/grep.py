"""``grep_search``: finds lines by a regular expression. What searches is ``Search``, imported when it is asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from qwen_dual.core.tools.tool import Display, InvalidArguments
from qwen_dual.tools.calls import ReadCall, SchemaTool
from qwen_dual.tools.workspace import within

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from qwen_dual.core.tools.tool import Kind, RuleKind, ToolResult
    from qwen_dual.tools.capture import Limits
    from qwen_dual.tools.workspace import Folder


class GrepSearchTool(SchemaTool):
    """Searches the text of files.

    Args:
        workspace: resolves the paths.
        limits: of one result.
        find_ripgrep: the path of ``rg``, or None to do without; looks in ``PATH`` unless given.
        seconds: after which a search is ended; as many as a walk may take unless given.
    """

    name = "grep_search"
    kind: Kind = "read"
    aliases = ("Read", "Grep", "GrepTool", "SearchFiles", "search_file_content")
    rule_kind: RuleKind = "search"
    display = Display(
        "Search",
        "Searching for",
        ("line", "lines"),
        about="finds lines in files",
        question="Search these files?",
    )
    description = (
        "Finds lines that match a regular expression, in a file or in all text files below a "
        "folder; case is ignored. What .gitignore and .qwenignore name is left out."
    )

    def __init__(
        self,
        workspace: Folder,
        limits: Limits,
        find_ripgrep: Callable[[], str | None] | None = None,
        seconds: float | None = None,
    ) -> None:
        self._workspace = workspace
        self._limits = limits
        self._find_ripgrep = find_ripgrep or self._in_path
        self._seconds = seconds

    def _in_path(self) -> str | None:
        import shutil

        from qwen_dual.git.run import absolute_path

        found = shutil.which("rg", path=absolute_path(self._workspace.path))
        # One that the workspace brings along runs like any program of its: by a command that asks.
        return (
            found if found and not within(os.path.realpath(found), self._workspace.root) else None
        )

    def prepare(self, arguments: Mapping[str, Any]) -> ReadCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters
        from qwen_dual.tools.grep_search import NameFilter, Search

        given = parameters.check(parameters.GrepSearch, arguments)
        if "\0" in given.pattern:
            raise InvalidArguments(f"{self.name}: pattern: expected text without NUL characters")
        try:
            name_filter = NameFilter(given.glob) if given.glob else None
        except ValueError as error:
            raise InvalidArguments(f"{self.name}: {error}") from None
        location = self._workspace.locate(given.path or ".", f"{self.name}: path")

        search = Search(self._workspace, self._limits, self._find_ripgrep, self._seconds)

        def work(gone: threading.Event) -> str | ToolResult:
            self._workspace.check(location)
            return search.run(given, location, name_filter, gone)

        outside = self._workspace.outside(location)
        subject = self._workspace.subject(location, is_folder=os.path.isdir(location.real))
        what = f"Search folder: {location.name}"
        return ReadCall(given.pattern, what, outside, subject, work)
