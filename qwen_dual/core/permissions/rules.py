"""Permission rules: what ``permissions.allow``, ``ask`` and ``deny`` say of a call.

Pure: rules are matched against what a tool said of its call. A command line has two readings there:
``allows`` looks at ``Subject.line`` alone, the strict one; ``Rule.applies``, for rules that deny or
ask, at ``Subject.commands`` too, where what is not sure counts as a match. How a rule is written is
``rule_names``'s, which answer a match leads to in which approval mode ``policy``'s, what to propose as
a rule ``proposals``'s.
"""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qwen_dual.core.permissions.patterns import CommandPattern, HostPattern, PathPattern
from qwen_dual.core.tools.tool import UNKNOWN
from qwen_dual.fs.guarded import spells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwen_dual.core.tools.tool import Command, FileAccess, Subject, Tool
    from qwen_dual.shell.reader import Simple

Certainty = Literal["no", "maybe", "yes"]


EVERY_TOOL = "*"


class Rule(Struct, frozen=True):
    """One rule.

    Attributes:
        text: as it was written.
        tools: names of the tools it speaks of; each may hold a ``*``, and ``*`` alone is all of them.
        pattern: which calls of theirs; None for all.
        here: whether it was given for this folder and not for all of them: only such a rule speaks
            of a command that does what a folder says that nobody trusts.
        reads: whether it speaks of whatever reads a file, commands too.
        writes: whether it speaks of whatever writes one.
    """

    text: str
    tools: frozenset[str]
    pattern: CommandPattern | PathPattern | HostPattern | None = None
    here: bool = False
    reads: bool = False
    writes: bool = False

    def names(self, tool: str) -> bool:
        """Whether it speaks of the tool with this name."""
        return not self.tools.isdisjoint((tool, EVERY_TOOL)) or any(
            fnmatchcase(tool, name) or (name.count("__") == 1 and tool.startswith(name + "__"))
            for name in self.tools
            if name.startswith("mcp__")
        )

    def applies(self, tool: str, subject: Subject) -> Certainty:
        """Whether it speaks of any part of a call: for rules that deny or ask."""
        pattern = self.pattern
        if isinstance(pattern, PathPattern):
            files = [file for file in subject.files if self._is_about(file, tool)]
            if self.reads:
                files += [file for read in subject.reads.values() for file in read]
            root, home = subject.root, subject.home
            if any(pattern.may_mean(file, root, home) for file in files):
                return "yes"
            return "maybe" if self._may_be_about(subject, pattern) else "no"
        if not self.names(tool):
            return "no"
        if isinstance(pattern, HostPattern):
            return "yes" if pattern.matches(subject.host) else "no"
        if pattern is None:
            return "yes"
        found = [_applies_to(pattern, command) for command in subject.commands]
        if "yes" in found:
            return "yes"
        return "no" if subject.parsed and "maybe" not in found else "maybe"

    def hides(self, subject: Subject) -> bool:
        """Whether it speaks of reading the files of ``subject``, with whatever tool."""
        pattern, root, home = self.pattern, subject.root, subject.home
        if isinstance(pattern, PathPattern):
            files = subject.files if self.reads else ()
            return any(pattern.may_mean(file, root, home) for file in files)
        return self.reads and pattern is None

    def may_reach(self, subject: Subject) -> bool:
        """Whether it may speak of a file below a folder of which a command reads all."""
        pattern = self.pattern
        return (
            isinstance(pattern, PathPattern)
            and self.reads
            and any(
                file.walks and pattern.may_reach(file.real, subject.root, subject.home)
                for files in subject.reads.values()
                for file in files
            )
        )

    def _may_be_about(self, subject: Subject, pattern: PathPattern) -> bool:
        """Whether a command may write, or read, a file that ``pattern`` means."""
        root, home = subject.root, subject.home
        if self.writes:
            return subject.writes_unknown or any(
                pattern.may_mean(file, root, home)
                or (file.walks and pattern.may_reach(file.real, root, home))
                for file in subject.named
                if file.writes
            )
        return self.reads and (
            not subject.parsed
            or any(pattern.may_mean(file, root, home) for file in subject.named if not file.walks)
        )

    def _is_about(self, file: FileAccess, tool: str) -> bool:
        """A rule about edits speaks of whatever else writes a file too, such as ``> x``."""
        return tool in self.tools or (file.writes and self.writes)


class Reading(Struct, frozen=True):
    """Which commands of a line only read.

    Attributes:
        free: those that need no rule, wherever in the line they stand.
        bound: those that read what no rule lets them: a ``*`` says nothing of where a command reads.
        whole: whether all the line is free.
    """

    free: frozenset[Simple] = frozenset()
    bound: frozenset[Simple] = frozenset()
    whole: bool = False


def reading(rules: Iterable[Rule], subject: Subject) -> Reading:
    """What of a line only reads what may be read, by itself or by one of ``rules``."""
    line = subject.line
    if line is None or not subject.reads:
        return Reading()
    patterns = [
        rule.pattern for rule in rules if isinstance(rule.pattern, PathPattern) and rule.reads
    ]
    bound = {
        index
        for index, files in subject.reads.items()
        if not all(
            not file.leave
            or any(pattern.means(file, subject.root, subject.home) for pattern in patterns)
            for file in files
        )
    }
    free = subject.unasked - bound
    others = {command for index, command in enumerate(line.commands) if index not in free}
    return Reading(
        frozenset(line.commands[index] for index in free) - others,
        frozenset(line.commands[index] for index in bound),
        len(free) == len(line.commands),
    )


def folder_of(subject: Subject) -> str:
    """Where a command line runs, from the project's folder; empty for that."""
    place, root = subject.place, subject.root
    return "" if place in ("", root) else posixpath.relpath(place, root)


def allows(rules: Iterable[Rule], tool: str, subject: Subject, *, reads: bool = False) -> bool:
    """Whether ``rules`` together allow all of a call: every command, every file, the host.

    Args:
        rules: those that allow.
        tool: whose call it is.
        subject: what it is about.
        reads: whether a command that only reads what may be read needs no rule.
    """
    rules = list(rules)
    mine = [rule for rule in rules if rule.names(tool)]
    guards = [file.guard for file in subject.files if file.guard]
    if not guards and not subject.private and any(rule.pattern is None for rule in mine):
        return True
    if subject.host:
        hosts = [rule.pattern for rule in mine if isinstance(rule.pattern, HostPattern)]
        if subject.private:
            return any(pattern.host == subject.host for pattern in hosts)
        return any(pattern.matches(subject.host) for pattern in hosts)
    if subject.line is not None:
        return _allow_line(mine, subject, reading(rules, subject), reads=reads)
    paths = [rule.pattern for rule in mine if isinstance(rule.pattern, PathPattern)]
    return bool(subject.files) and all(
        any(
            spells(pattern.text, file.guard) and pattern.means(file, subject.root, subject.home)
            for pattern in paths
        )
        for file in subject.files
    )


class Selection(Struct, frozen=True):
    """Which tools a model is offered, and what narrows them.

    Attributes:
        tools: in their order.
        only: rules of which one has to cover a call of a tool that they name.
        deny: rules against single calls of a tool that is offered.
    """

    tools: tuple[Tool, ...]
    only: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()


def select_tools(
    tools: Sequence[Tool],
    core: Sequence[Rule] = (),
    exclude: Sequence[Rule] = (),
    *,
    limited: bool = False,
) -> Selection:
    """What ``tools.core`` and ``tools.exclude`` leave of ``tools``.

    Args:
        tools: all there are.
        core: those to offer, all where empty; one with a pattern narrows its tool to that, unless
            the tool stands there without one too.
        exclude: those to leave out; with a pattern, what to refuse of a tool that is offered.
        limited: whether ``core`` is all there is to offer even where it is empty, as where nothing of
            what somebody wrote there can be understood.
    """
    kept = tuple(
        tool
        for tool in tools
        if (not (core or limited) or any(rule.names(tool.name) for rule in core))
        and not any(rule.names(tool.name) and rule.pattern is None for rule in exclude)
    )
    whole = [rule for rule in core if rule.pattern is None]
    only = tuple(
        rule
        for rule in core
        if rule.pattern is not None
        and not any(other.names(name) for other in whole for name in rule.tools)
    )
    return Selection(kept, only, tuple(rule for rule in exclude if rule.pattern is not None))


def _applies_to(pattern: CommandPattern, command: Command) -> Certainty:
    """Whether ``pattern`` speaks of a command or of what that runs, by whatever path."""
    words = command.words
    readings = [words]
    if "/" in words[0]:
        readings.append((words[0].rpartition("/")[2], *words[1:]))
    if any(pattern.matches(reading) for reading in readings):
        return "yes"
    found = [_applies_to(pattern, inner) for inner in command.runs]
    if "yes" in found:
        return "yes"
    unsure = UNKNOWN in words and any(pattern.may_match(reading) for reading in readings)
    return "maybe" if unsure or "maybe" in found or _may_run(words, pattern) else "no"


def _may_run(words: tuple[str, ...], pattern: CommandPattern) -> bool:
    """Whether a command may run, in ways that nobody knows, what ``pattern`` speaks of."""
    # Imported here since the tables of programs take a while, and the start needs none.
    from qwen_dual.shell.doubts import may_run

    first = pattern.tokens[0]
    return first is not None and any(
        first.fullmatch(inner[0]) and pattern.matches(inner) for inner in may_run(words)
    )


def _allow_line(rules: Sequence[Rule], subject: Subject, found: Reading, *, reads: bool) -> bool:
    """Whether each command of a line that was understood word by word is allowed."""
    line = subject.line
    if line is None or (reads and found.whole):
        return line is not None
    # Imported here since the tables of programs take a while, and the start needs none.
    from qwen_dual.shell.commands import named_by_rules, to_be_covered
    from qwen_dual.shell.options import spelled

    folder = folder_of(subject)
    commands = to_be_covered(line)
    steered = {line.commands[index] for index in subject.steered}
    patterns = [
        (rule.pattern, rule.here) for rule in rules if isinstance(rule.pattern, CommandPattern)
    ]
    return commands is not None and all(
        (reads and command in found.free)
        or any(
            pattern.allows(words, spelled(words))
            for words in named_by_rules(command.words, folder)
            for pattern, here in patterns
            if (pattern.exact or command not in found.bound) and (here or command not in steered)
        )
        for command in commands
    )
