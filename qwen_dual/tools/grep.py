"""``grep_search``: lines that match a regular expression.

Two engines, both processes that can be killed: ripgrep where it is installed, else
``grep_worker``. Both print the same form; what is ignored, counted and shown is decided here.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.core.tool import Display, InvalidArguments
from qwen_dual.tools.calls import ReadCall, SchemaTool, reason
from qwen_dual.tools.globpattern import GlobPattern
from qwen_dual.tools.grep_worker import FILE_SECONDS, SLOW
from qwen_dual.tools.ignore import ignore_below
from qwen_dual.tools.listing import require_folder
from qwen_dual.tools.long_lines import MatchedLine
from qwen_dual.tools.process import ProcessGroup
from qwen_dual.tools.walk import MAX_SECONDS, Walk
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from qwen_dual.core.tool import Kind, RuleKind
    from qwen_dual.tools.capture import Limits
    from qwen_dual.tools.ignore import Ignore
    from qwen_dual.tools.parameters import GrepSearch
    from qwen_dual.tools.workspace import Location, Workspace

MAX_COUNTED = 100_000
MAX_MESSAGE = 2000
GONE_POLL = 0.05


class GrepSearchTool(SchemaTool):
    """Searches the text of files.

    Args:
        workspace: resolves the paths.
        limits: of one result.
        find_ripgrep: the path of ``rg``, or None to do without.
        seconds: after which a search is ended.
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
        workspace: Workspace,
        limits: Limits,
        find_ripgrep: Callable[[], str | None] = lambda: shutil.which("rg"),
        seconds: float = MAX_SECONDS,
    ) -> None:
        self._workspace = workspace
        self._limits = limits
        self._find_ripgrep = find_ripgrep
        self._seconds = seconds

    def prepare(self, arguments: Mapping[str, Any]) -> ReadCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters

        given = parameters.check(parameters.GrepSearch, arguments)
        if "\0" in given.pattern:
            raise InvalidArguments(f"{self.name}: pattern: expected text without NUL characters")
        try:
            name_filter = NameFilter(given.glob) if given.glob else None
        except ValueError as error:
            raise InvalidArguments(f"{self.name}: {error}") from None
        location = self._workspace.locate(given.path or ".", f"{self.name}: path")

        def work(gone: threading.Event) -> str:
            self._workspace.check(location)
            return self._search(given, location, name_filter, gone)

        outside = self._workspace.outside(location)
        subject = self._workspace.subject(location, is_folder=os.path.isdir(location.real))
        what = f"Search folder: {location.name}"
        return ReadCall(given.pattern, what, outside, subject, work)

    def _search(
        self,
        given: GrepSearch,
        location: Location,
        name_filter: NameFilter | None,
        gone: threading.Event,
    ) -> str:
        base, root = location.real, str(self._workspace.root)
        is_file = os.path.exists(base) and stat.S_ISREG(os.stat(base).st_mode)
        if not is_file:
            require_folder(location)
        ignore = ignore_below(base, self._workspace)
        if ignore.hides_base:
            return f"{location.path} is kept from the agent by .qwenignore."
        limit = min(given.limit or self._limits.lines, self._limits.lines)
        found = Matches(base, ignore, limit, self._limits.chars)
        ripgrep = self._find_ripgrep()
        if ripgrep is not None:
            command = ripgrep_command(ripgrep, given.pattern, given.glob, base)
            note = self._run(command, None, found, gone)
        else:
            files: list[str] = [base]
            note = ""
            if not is_file:
                walk = Walk(base, ignore, gone)
                start = len(base.rstrip("/")) + 1
                files = [
                    entry.path
                    for entry in walk.files()
                    if entry.is_file(follow_symlinks=False)
                    and (name_filter is None or name_filter.accepts(entry.path[start:]))
                ]
                note = walk.note
            note = self._run(worker_command(given.pattern), files, found, gone) or note
        where = f"{location.path} (files: {given.glob})" if given.glob else location.path
        return found.describe(given.pattern, where, root, note)

    def _run(
        self, argv: list[str], files: list[str] | None, found: Matches, gone: threading.Event
    ) -> str:
        """Runs an engine; returns why its matches are not complete, empty if they are."""
        with tempfile.TemporaryFile() as names:
            for name in files or ():
                names.write(os.fsencode(name) + b"\0")
            names.seek(0)
            try:
                group = ProcessGroup(argv, str(self._workspace.root), os.environ, names.fileno())
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
            raise ToolFailure(f"grep_search: the pattern could not be searched for: {said}")
        return ""


class NameFilter:
    """The ``glob`` argument: without a slash it is about names, with one about paths."""

    def __init__(self, glob: str) -> None:
        self._wanted = not glob.startswith("!")
        plain = glob.removeprefix("!")
        self._pattern = GlobPattern(plain if "/" in plain else f"**/{plain}")

    def accepts(self, relative: str) -> bool:
        """Whether the file is searched."""
        return self._pattern.matches(relative) == self._wanted


class Matches(Struct):
    """Reads an engine's output; keeps as many matches as a result shows, and counts the rest."""

    base: str
    ignore: Ignore
    limit: int
    room: int
    total: int = 0
    kept: list[tuple[str, str]] = field(default_factory=list)
    messages: bytes = b""
    _line: MatchedLine = field(default_factory=MatchedLine)
    _hidden: dict[bytes, bool] = field(default_factory=dict)

    def feed(self, data: bytes) -> None:
        """Takes the next bytes."""
        first, *others = data.split(b"\n")
        self._line.add(first)
        for piece in others:
            self._end_line()
            self._line.add(piece)

    def _end_line(self) -> None:
        line, self._line = self._line, MatchedLine()
        if line.name is None:
            self.messages = (self.messages + line.text() + b"\n")[:MAX_MESSAGE]
        elif not self._hides(line.name):
            self._take(line.name, line)

    def describe(self, pattern: str, where: str, root: str, note: str) -> str:
        """The matches under the files they are in, as a model gets them."""
        ended = f" ({note})" if note else ""
        if not self.total:
            return f"No matches for {pattern!r} in {where}{ended}."
        noun = "match" if self.total == 1 else "matches"
        out = [f"Found {self.total:,} {noun} for {pattern!r} in {where}{ended}:"]
        current = None
        for name, line in self.kept:
            if name != current:
                inside = name.startswith(root.rstrip("/") + "/")
                out += ["---", f"File: {os.path.relpath(name, root) if inside else name}"]
                current = name
            out.append(line)
        out.append("---")
        if len(self.kept) < self.total:
            out.append(f"[… {self.total - len(self.kept):,} more matches left out …]")
        return "\n".join(out)

    def _hides(self, name: bytes) -> bool:
        if name not in self._hidden:
            self._hidden[name] = self.ignore.hides(os.fsdecode(name))
        return self._hidden[name]

    def _take(self, name: bytes, match: MatchedLine) -> None:
        self.total += 1
        if len(self.kept) == self.limit or self.room <= 0:
            return
        line = f"L{match.number}: {match.shown()}"
        self.room -= len(line) + 1
        if self.room > 0:
            self.kept.append((os.fsdecode(name), line))


def ripgrep_command(program: str, pattern: str, glob: str | None, base: str) -> list[str]:
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
    return [program, *options, "--glob=!.git", f"--regexp={pattern}", "--", base]


def worker_command(pattern: str) -> list[str]:
    """Our own engine, started without site packages: it needs none and starts in 15 ms so."""
    from qwen_dual.tools import grep_worker

    return [sys.executable, "-X", "utf8", "-I", "-S", "-W", "ignore", grep_worker.__file__, pattern]
