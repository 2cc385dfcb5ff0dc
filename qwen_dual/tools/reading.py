"""Which commands of a line only read, and whether a read of the same would need leave.

The words come from the strict reader, and what they read from the tables in ``shell``; here that
becomes files: relative to every folder that a ``cd`` before it may have entered, symlinks resolved.
Errs on one side: what cannot be told is not known to only read.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual.core.text.wildcard import stars
from qwen_dual.core.tools.tool import FileAccess, InvalidArguments
from qwen_dual.git.configured import leads_out
from qwen_dual.git.repository import root_of
from qwen_dual.shell.commands import readings
from qwen_dual.shell.options import program_name
from qwen_dual.shell.reader import GLOB
from qwen_dual.shell.readonly import reads_only
from qwen_dual.tools.ignore import kept_back
from qwen_dual.tools.shell_environment import environment
from qwen_dual.tools.workspace import within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.shell.program import Operand
    from qwen_dual.shell.reader import Line
    from qwen_dual.shell.readonly import Reading
    from qwen_dual.tools.workspace import Folder

MAX_FOLDERS = 16
"""How many folders a line may be in by its ``cd``; behind more nothing is known to only read."""

MAX_COMMANDS = 200
"""How many commands a line may have; of one with more nothing is known to only read."""

MAX_FILES = 2000
"""How many files a line may read; each is looked at, and the session waits meanwhile."""

MAX_NAMES = 2000
"""How many names a pattern such as ``*.py`` may stand for."""

EVERYTHING = FileAccess("/", "/", is_folder=True, walks=True, leave=True)
"""Stands for files that nobody can name."""

_STAND_INS = frozenset(["mise", "rtx", "asdf", "volta-shim"])
"""Programs that look into the folder for which other one they stand for, as those in ``shims`` do."""

_MOVES = frozenset(["cd", "pushd", "popd", "eval", ".", "source", "builtin", "set", "shopt"])
"""Commands behind which nobody knows where the shell is."""


class Reads(Struct, frozen=True):
    """What a line reads.

    Attributes:
        files: by the index of a command that only reads, what it reads.
        unasked: indexes of those that no leave is needed for but for the files.
        steered: indexes of those that do what a folder says that nobody trusts: `git`.
        folders: where any of them may run.
    """

    files: Mapping[int, tuple[FileAccess, ...]] = field(default_factory=dict)
    unasked: frozenset[int] = frozenset()
    steered: frozenset[int] = frozenset()
    folders: tuple[str, ...] = ()


def reads_of(line: Line | None, folder: str, workspace: Folder, *, trusted: bool) -> Reads:
    """What the commands of ``line`` read; nothing is known of one that was not understood.

    Args:
        line: as the strict reader has it.
        folder: where it runs, a real path.
        workspace: says what may be read.
        trusted: whether the folder's own configuration may take effect, or could do no harm.
    """
    if line is None:
        return Reads()
    path = environment(workspace.env).get("PATH", os.defpath)
    place = _Place(workspace, path, [folder], [folder])
    files: dict[int, tuple[FileAccess, ...]] = {}
    unasked: set[int] = set()
    steered: set[int] = set()
    if len(line.commands) > MAX_COMMANDS:
        place.seen = place.folders = []
    for index, command in enumerate(line.commands):
        if command.joint != "&&":
            place.folders = list(place.seen)  # whatever stood before it may have failed
        *wrappers, words = readings(command.words)
        if not trusted and program_name(words[0]) == "git":
            steered.add(index)
        found = reads_only(words)
        if found is None:
            if words[0] in _MOVES:
                place.folders = place.seen = []
            continue
        if len(line.commands) > MAX_COMMANDS:
            files[index] = (EVERYTHING,)
            continue
        files[index] = place.files_of(found)
        if program_name(words[0]) == "git" and any(
            leads_out(folder, workspace.home) for folder in place.folders
        ):
            files[index] = (EVERYTHING,)
        if (trusted or not found.trusted) and place.may_run(found, trusted=trusted):
            unasked.add(index)
        if found.enters is not None:
            place.enter(found.enters)
            if wrappers or command.joint == "|":  # then the shell itself may have stayed
                place.folders = list(place.seen)
    return Reads(files, frozenset(unasked), frozenset(steered), tuple(place.seen))


class _Place(Struct):
    """Where a line is, as far as is known.

    Attributes:
        workspace: says what may be read.
        path: the folders that programs are looked for in.
        folders: where the next command may run, as the shell names them; empty when unknown.
        seen: where any command of the line may have run.
        looked_at: how many files were.
    """

    workspace: Folder
    path: str
    folders: list[str]
    seen: list[str]
    looked_at: int = 0

    def may_run(self, reading: Reading, *, trusted: bool) -> bool:
        """Whether the workspace has no say in which programs run."""
        return not any(self._is_its_own(program, trusted=trusted) for program in reading.programs)

    def files_of(self, reading: Reading) -> tuple[FileAccess, ...]:
        """All that is read; ``EVERYTHING`` stands for what cannot be told."""
        operands = [operand for operand in reading.paths if operand.path != "/dev/null"]
        if not self.folders:
            return (EVERYTHING,)
        found: list[FileAccess] = []
        for folder in self.folders:
            for operand in operands:
                if self.looked_at > MAX_FILES:
                    return (EVERYTHING,)
                base = os.path.realpath(folder)
                if operand.kind == "blob" and not operand.path.startswith(("./", "../")):
                    base = root_of(base) or base
                paths = _expanded(operand.path, base)
                if paths is None:
                    return (EVERYTHING,)
                self.looked_at += len(paths) + 1
                found += [self._file(path, operand) for path in paths]
        return tuple(found)

    def _file(self, path: str, operand: Operand) -> FileAccess:
        try:
            location = self.workspace.locate(path)
        except InvalidArguments:
            return EVERYTHING
        real = location.real
        try:
            mode = os.stat(real).st_mode
        except OSError:
            mode = stat.S_IFREG  # there is none
        is_folder = stat.S_ISDIR(mode)
        if operand.kind in ("file", "tree") and not (is_folder or stat.S_ISREG(mode)):
            return EVERYTHING  # a pipe that nobody writes to would hold it up
        if is_folder and operand.kind == "file":
            return EVERYTHING  # some look into a folder by themselves, and follow links in it
        walks = is_folder and operand.kind == "tree"
        leave = (
            self.workspace.outside(location) is not None
            or kept_back(real, self.workspace)
            or (walks and _keeps_something_back(real, self.workspace.root))
        )
        return FileAccess(location.path, real, is_folder=is_folder, walks=walks, leave=leave)

    def enter(self, target: str) -> None:
        """Where `cd` leads: the shell takes ``x/..`` off a path, the system does not."""
        entered: list[str] = []
        for folder in self.folders:
            joined = os.path.join(folder, target)
            entered += [os.path.normpath(joined), os.path.realpath(joined)]
        self.folders = list(dict.fromkeys(entered))
        self.seen = list(dict.fromkeys([*self.seen, *entered]))
        if len(self.seen) > MAX_FOLDERS:
            self.folders = self.seen = []

    def _is_its_own(self, program: str, *, trusted: bool) -> bool:
        """Whether a program is one that the workspace brought along, or says which one it is."""
        for entry in self.path.split(os.pathsep):
            found = os.path.join(entry, program)
            if os.access(found, os.X_OK):
                root = self.workspace.root
                real = os.path.realpath(found)
                if within(real, root) or within(os.path.realpath(entry), root):
                    return True
                # It runs what package.json names, and that is edited like any other file.
                if "corepack" in real.split("/"):
                    return True
                stands_in = "shims" in entry.split("/") or os.path.basename(real) in _STAND_INS
                return stands_in and not trusted
        return False


def _keeps_something_back(folder: str, root: str) -> bool:
    """Whether a .qwenignore on the way to ``folder``, or at its top, may speak of what is below."""
    while True:
        if os.path.lexists(os.path.join(folder, ".qwenignore")):
            return True
        if folder in (root, "/") or not within(folder, root):
            return False
        folder = os.path.dirname(folder)


def _expanded(path: str, folder: str) -> list[str] | None:
    """The paths that a word stands for; for a pattern all that it may find, or more."""
    if not path.startswith(GLOB):
        return [os.path.join(folder, path)]
    text = path[1:]
    found = ["/" if text.startswith("/") else folder]
    for part in text.split("/"):
        if not re.search(r"[*?\[]", part):
            found = [os.path.join(base, part) for base in found]
            continue
        names = stars("".join("*" if piece[0] in "*?[" else piece for piece in _pieces(part)))
        matches: list[str] = []
        for base in found:
            try:
                with os.scandir(base or "/") as entries:
                    matches += [e.path for e in entries if names.fullmatch(e.name)]
            except OSError:
                continue
            if len(matches) > MAX_NAMES:
                return None
        found = matches
    return found


def _pieces(part: str) -> Sequence[str]:
    """Text and marks of a pattern for one name; from a bracket on anything is meant."""
    head, bracket, _ = part.partition("[")
    return [*re.findall(r"[*?]|[^*?]+", head), *([bracket] if bracket else [])]
