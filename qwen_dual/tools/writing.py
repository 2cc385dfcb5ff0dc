"""Which files a command line writes, or may write: for rules that deny edits, or ask for them.

What redirections and the words of its commands name, relative to every folder that a ``cd`` may have
entered. No rule allows by this. What a program is known to do with its words is ``shell.writing``'s.
"""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from qwen_dual.core.tools.tool import UNKNOWN, FileAccess, InvalidArguments
from qwen_dual.fs.home import expanded
from qwen_dual.git.repository import root_of
from qwen_dual.shell.written import NOTHING
from qwen_dual.tools.web_words import naming

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from qwen_dual.core.tools.tool import Command
    from qwen_dual.shell.written import Written
    from qwen_dual.tools.shellwords import Parsed
    from qwen_dual.tools.workspace import Folder, Location

MAX_TARGETS = 100
"""How many files that redirections write are looked at, each for what makes it delicate."""

MAX_NAMES = 200
"""How many paths that the words of a line name are looked at."""

MAX_FOLDERS = 32
"""How many folders a line may be in by its ``cd``; behind more nobody knows where it writes."""

MAX_COMMANDS = 200
"""How many commands of a line are looked at."""

_MOVES = frozenset(["popd", "eval", ".", "source", UNKNOWN])
_MOVING = ("-C", "-D", "--chdir", "--wd", "--cwd", "--working-directory", "-execdir", "-okdir")
"""With these a program runs another one elsewhere."""

_MAX_PIECES = 8
_MAX_PATH = 4096
_ANY = "*"  # the name of a file that only a pattern for all of a folder covers


class Changes(NamedTuple):
    """What a line writes.

    Attributes:
        files: what it surely writes.
        named: what its commands name besides; those with ``writes`` they may write, or of a folder
            with ``walks`` anything below.
        unknown: whether it may write more.
        full: whether there is more than was looked at.
    """

    files: tuple[FileAccess, ...]
    named: tuple[FileAccess, ...]
    unknown: bool
    full: bool


def changes_of(
    parsed: Parsed, start: str, workspace: Folder, readers: Collection[int] = ()
) -> Changes:
    """What the line ``parsed`` writes that runs in the folder ``start``, a real path.

    Args:
        parsed: the line.
        start: where it runs, a real path.
        workspace: resolves paths.
        readers: indexes of commands that only read, and of which it is known what.
    """
    folders = folders_of(parsed.commands, start, workspace.home)
    place = _Place(workspace, folders or [start])
    for target in parsed.writes:
        for location in place.locate(target):
            place.files += workspace.subject(location, writes=True).files
        if len(place.files) >= MAX_TARGETS:
            place.full = True
            break
    for source in parsed.sources:
        place.name(source, writes=False)
    others = [command for at, command in enumerate(parsed.commands) if at not in readers]
    found = list(islice(_written(others), MAX_COMMANDS + 1))
    place.full = place.full or len(found) > MAX_COMMANDS
    for words, written in found:
        place.add(written)
        for word in words:
            place.name(word, writes=False)
    unknown = (
        parsed.writes_unknown
        or not parsed.whole
        or place.full
        or any(written.unknown for _, written in found)
        or (not folders and (bool(parsed.writes) or any(w != NOTHING for _, w in found)))
    )
    return Changes(tuple(place.files), tuple(place.named), unknown, place.full)


def folders_of(commands: Sequence[Command], start: str, home: str) -> list[str]:
    """Where a line may be by its ``cd``; empty where that cannot be told.

    Args:
        commands: of the line.
        start: where it begins.
        home: what ``~`` stands for.
    """
    folders = [start]
    for command in commands:
        name, *words = command.words
        words = [word for word in words if word not in ("-L", "-P", "--")]
        if command.runs:
            inner = folders_of(command.runs, start, home) or [UNKNOWN]
            folders += [folder for folder in inner if folder not in folders]
        if name in ("cd", "pushd"):
            if len(words) != 1 or words[0].startswith((UNKNOWN, "-", "+")):
                return []
            target = expanded(words[0], home)
            folders += [os.path.join(folder, target) for folder in folders]
        if name in _MOVES or UNKNOWN in folders or len(folders) > MAX_FOLDERS:
            return []
        if command.runs and any(word.startswith(_MOVING) for word in words):
            return []
    return folders


def _written(commands: Iterable[Command]) -> Iterator[tuple[Sequence[str], Written]]:
    """Words that may name files, and what is written, of each command and of what that runs."""
    from qwen_dual.shell.writing import SPEAKS, written_by

    for command in commands:
        words: Sequence[str] = command.words
        if command.runs:
            yield from _written(command.runs)
            words = _own_words(command)
        if words[0] not in SPEAKS:
            yield naming(words), written_by(words)


def _own_words(command: Command) -> Sequence[str]:
    """The words of a wrapper without those of its command, where that stands at its end."""
    words, inner = command.words, command.runs[-1].words
    if words[0].rpartition("/")[2] == "git":  # the inner one is the same without `-C`
        return words
    if inner[-1] == UNKNOWN != words[-1]:
        inner = inner[:-1]  # what `xargs` adds
    at = len(words) - len(inner)
    return words[:at] if inner and at > 0 and words[at:] == inner else words


class _Place:
    """Collects paths, as files.

    Attributes:
        files: what is surely written.
        named: what is named besides.
        full: whether there were more than are looked at.
    """

    def __init__(self, workspace: Folder, folders: Sequence[str]) -> None:
        self.files: list[FileAccess] = []
        self.named: list[FileAccess] = []
        self.full = False
        self._workspace = workspace
        self._folders = folders
        self._left = MAX_NAMES

    def locate(self, path: str) -> Iterator[Location]:
        """Where ``path`` may be."""
        for folder in self._folders[: 1 if path[:1] in ("~", "/") else None]:
            if self._left == 0:
                self.full = True
                return
            self._left -= 1
            try:
                given = path if path.startswith("~") else os.path.join(folder, path)
                yield self._workspace.locate(given)
            except InvalidArguments:
                continue  # no path at all: the command will say so

    def add(self, written: Written) -> None:
        """Takes what a command writes."""
        self.files += [
            FileAccess(at.path, at.real, writes=True, guard=self._workspace.own_guard(at.real))
            for path in written.files
            for at in self.locate(path)
        ]
        for path in written.trees:
            self._below(path, path)
        for source, target in written.copies:
            self._below(source, target)
        for word in written.maybe:
            self.name(word, writes=True)
        if written.repository:
            self.named += [_all_below(root_of(folder) or folder) for folder in self._folders]

    def name(self, word: str, *, writes: bool) -> None:
        """Takes a word that may name a file, alone or behind an option."""
        for piece in () if self.full else _pieces(word):
            for at in self.locate(piece):
                guard = self._workspace.own_guard(at.real) if writes else ""
                self.named.append(FileAccess(at.path, at.real, writes=writes, guard=guard))
                if os.path.isdir(at.real):  # it may be about what is in there
                    inside = os.path.join(at.real, _ANY)
                    self.named.append(FileAccess(inside, inside, writes=writes))

    def _below(self, source: str, target: str) -> None:
        """Takes ``target`` with all below it, unless ``source`` is a plain file."""
        if all(os.path.isfile(at.real) for at in self.locate(source)):
            return
        for at in self.locate(target):
            self.named.append(_all_below(at.real))
            inside = os.path.join(at.real, _ANY)
            self.files.append(FileAccess(inside, inside, writes=True))


def _all_below(real: str) -> FileAccess:
    return FileAccess(real, real, writes=True, is_folder=True, walks=True)


def _pieces(word: str) -> list[str]:
    """The paths that ``word`` may have in it: ``--output=x``, ``-ox``, ``@x``, ``host:x``."""
    if not word or word.startswith(UNKNOWN) or len(word) > _MAX_PATH:
        return []
    found = [] if word.startswith("-") else [word]
    if re.match(r"-[^-]", word):
        found.append(word[2:])
    if "=" in word:
        found.append(word.partition("=")[2])
    found += [piece.partition("@")[2] for piece in [word, *found] if "@" in piece]
    found += [part for piece in found[:2] if ":" in piece for part in piece.split(":")[:4]]
    return [piece for piece in dict.fromkeys(found) if piece][:_MAX_PIECES]
