"""The engines of ``grep_search``: lines that match a regular expression. Imported with the first search.

Two engines, both processes that can be killed: ripgrep where it is installed, else, and for patterns
that it does not take, ``grep_worker``. Both print the same form; what is ignored, counted and shown is decided here.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.fs.folders import enter_real, path_for_child
from qwen_dual.fs.reasons import reason
from qwen_dual.protocol.regex import regex
from qwen_dual.tools.calls import counted
from qwen_dual.tools.globpattern import GlobPattern
from qwen_dual.tools.grep_matches import Matches
from qwen_dual.tools.grep_worker import FILE_SECONDS, SLOW
from qwen_dual.tools.ignore import ignore_below
from qwen_dual.tools.textfile import open_regular
from qwen_dual.tools.walk import MAX_SECONDS, Walk, opened_tree
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from qwen_dual.core.tools.ports import Files
    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.fs.tree import Tree
    from qwen_dual.tools.capture import Limits
    from qwen_dual.tools.parameters import GrepSearch
    from qwen_dual.tools.workspace import Folder, Location

MAX_COUNTED = 100_000
GONE_POLL = 0.05


LINE_BY_LINE = "lines are searched one by one and without their ends, so \\n and \\r match nothing"
_LINE_END = regex(r"[\n\r]|(?<!\\)(?:\\\\)*\\[nr]")


class _Refused(ToolFailure):
    """An engine does not take the pattern."""


class Search:
    """Searches the text of files of a workspace, with ripgrep where that is there and takes the pattern.

    Args:
        workspace: whose files.
        limits: of one result.
        find_ripgrep: the path of ``rg``, or None to do without.
        seconds: after which a search is ended; as many as a walk may take where None.
    """

    def __init__(
        self,
        workspace: Folder,
        limits: Limits,
        find_ripgrep: Callable[[], str | None],
        seconds: float | None,
    ) -> None:
        self._workspace = workspace
        self._limits = limits
        self._find_ripgrep = find_ripgrep
        self._seconds = MAX_SECONDS if seconds is None else seconds

    def run(
        self,
        given: GrepSearch,
        location: Location,
        name_filter: NameFilter | None,
        gone: threading.Event,
    ) -> str | ToolResult:
        """The lines that match, for the model; blocks.

        Raises:
            ToolFailure: there is nothing to search, or no engine takes the pattern.
        """
        base = location.real
        is_file = os.path.exists(base) and stat.S_ISREG(os.stat(base).st_mode)
        with _opened(self._workspace.files, location, is_file=is_file) as place:
            ignore = ignore_below(base, self._workspace)
            if ignore.hides_base:
                return f"{location.path} is kept from the agent by .qwenignore."
            limit = min(given.limit or self._limits.lines, self._limits.lines)
            found = Matches(base, ignore, limit, self._limits.chars, is_file)
            ripgrep = self._find_ripgrep()
            note = None
            if ripgrep is not None:
                try:
                    note = self._run_ripgrep(ripgrep, given, place, found, gone)
                except _Refused:  # look-around, a brace that means itself: ours may take it
                    found.messages = b""
            if note is None:
                note = self._run_worker(given.pattern, place, name_filter, found, gone)
            if not found.total and not note and _LINE_END.search(given.pattern):
                note = LINE_BY_LINE
        where = f"{location.path} (files: {given.glob})" if given.glob else location.path
        text = found.describe(given.pattern, where, self._workspace.root, note)
        return counted(text, found.total, "match", "matches")

    def _run_ripgrep(
        self, program: str, given: GrepSearch, place: _Place, found: Matches, gone: threading.Event
    ) -> str:
        target = "." if place.tree is not None else "-"
        command = ripgrep_command(program, given.pattern, given.glob, target)
        note = self._run(command, place, place.file, found, gone)
        if place.tree is not None:
            found.keep_those_in(place.tree)
        return note

    def _run_worker(
        self,
        pattern: str,
        place: _Place,
        name_filter: NameFilter | None,
        found: Matches,
        gone: threading.Event,
    ) -> str:
        note, names = "", [os.path.basename(found.base)]
        if place.tree is not None:
            walk = Walk(place.tree, found.base, found.ignore, gone)
            start = len(found.base.rstrip("/")) + 1
            names = [
                path[start:]
                for path, entry in walk.files()
                if entry.is_file(follow_symlinks=False)
                and (name_filter is None or name_filter.accepts(path[start:]))
            ]
            note = walk.note
        listed = b"".join(os.fsencode(name) + b"\0" for name in names)
        return self._run(worker_command(pattern), place, listed, found, gone) or note

    def _run(
        self,
        argv: list[str],
        place: _Place,
        stdin: BinaryIO | bytes | None,
        found: Matches,
        gone: threading.Event,
    ) -> str:
        """Runs an engine in ``place``; returns why its matches are not complete, empty if they are."""
        try:
            group = self._workspace.processes.start(argv, place.path, self._workspace.env, stdin)
        except OSError as error:
            raise ToolFailure(f"Could not start {argv[0]}: {reason(error)}.") from error

        def tick() -> float:
            if gone.is_set() or found.total >= MAX_COUNTED:
                group.stop()
            return GONE_POLL

        ending = group.pump(found.feed, tick, self._seconds)
        if ending.timed_out:
            return f"ended after {self._seconds:g} s, so not complete; narrow path or pattern"
        if ending.stopped:
            return f"ended after {found.total:,} matches; narrow path or pattern"
        if ending.returncode == SLOW:
            return (
                f"not complete: in some files the pattern took longer than {FILE_SECONDS:g} s and "
                "was given up; write it without repetitions within repetitions"
            )
        if ending.returncode not in (0, 1) and found.total == 0:
            said = found.messages.decode("utf-8", "replace").strip() or "it gave no reason"
            raise _Refused(f"the pattern could not be searched for: {said}")
        return ""


class _Place(Struct, frozen=True):
    """Where an engine runs: in the folder that was checked, whatever its path leads to by now.

    Attributes:
        path: leads a child there.
        tree: the folder that is searched; None for a file.
        file: that file, open for reading; else nothing to read.
    """

    path: str
    tree: Tree | None
    file: BinaryIO | None = None


@contextmanager
def _opened(files: Files, location: Location, *, is_file: bool) -> Iterator[_Place]:
    real = location.real
    if not is_file:
        with opened_tree(files, real, location.path) as tree:
            yield _Place(path_for_child(tree.top, real), tree)
        return
    with open_regular(files, real, location.path) as file:
        folder, _ = enter_real(real)
        try:
            yield _Place(path_for_child(folder, os.path.dirname(real)), None, file)
        finally:
            os.close(folder)


class NameFilter:
    """The ``glob`` argument: without a slash it is about names, with one about paths."""

    def __init__(self, glob: str) -> None:
        self._wanted = not glob.startswith("!")
        plain = glob.removeprefix("!")
        self._pattern = GlobPattern(plain if "/" in plain else f"**/{plain}")

    def accepts(self, relative: str) -> bool:
        """Whether the file is searched."""
        return self._pattern.matches(relative) == self._wanted


def ripgrep_command(program: str, pattern: str, glob: str | None, target: str) -> list[str]:
    """``rg`` so that it prints what ``Matches`` reads, sorted, whatever its user configured."""
    options = [
        "--no-config",
        "--no-messages",
        "--color=never",
        "--no-heading",
        "--with-filename",
        "--line-number",
        "--null",
        "--ignore-case",
        "--hidden",
        "--no-require-git",
        "--no-ignore-global",
        "--no-ignore-dot",
        "--column",
        "--crlf",
        "--sort=path",
    ]
    if glob is not None:
        options.append(f"--glob={glob}")
        if "[" in glob:  # a folder may have that very name, see ``GlobPattern``
            options.append("--glob=" + re.sub(r"([\[\]])", r"\\\1", glob))
    return [program, *options, "--glob=!.git", f"--regexp={pattern}", "--", target]


def worker_command(pattern: str) -> list[str]:
    """Our own engine, started without site packages: it needs none and starts in 15 ms so."""
    from qwen_dual.tools import grep_worker

    return [sys.executable, "-X", "utf8", "-I", "-S", "-W", "ignore", grep_worker.__file__, pattern]
