"""The files that a context file names with ``@path``: read after it, within bounds, beneath its folder."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual.fs.foreign import ForeignFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwen_dual.runtime.context_files import ContextFile

MAX_DEPTH = 5
MAX_FILES = 50
"""Of all context files of a session together."""

MAX_CHARS = 100_000
"""Likewise."""

MAX_NAMED = 500
"""Names in one text that are looked at."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_BACKQUOTES = re.compile(r"`+")
_NAMED = re.compile(r"(?:^|(?<=[\s(\[]))@((?:[^\s\\]|\\ )+)")
_TRAILING = ".,;:!?)]}>'\"*_"
_LIKE_A_FILE = re.compile(r".*\.[A-Za-z0-9]{1,10}", re.DOTALL)
_SECRET = re.compile(r"\.env(?:\..*)?|.*\.(?:pem|key|p12)", re.DOTALL)


class Imports:
    """Collects what the context files of one session name.

    Args:
        read: the file at a path, beneath a root; the rules of whose file it is are its affair.
        seen: the real paths of what was read already; grows.
        hidden: whether a file is kept from the model, by its path and its real path.
        on_refused: told of each file that is named, is there, and is not used.
    """

    def __init__(
        self,
        read: Callable[[str, str], ContextFile | None],
        seen: set[str],
        hidden: Callable[[str, str], bool],
        on_refused: Callable[[str], object],
    ) -> None:
        self._read = read
        self._seen = seen
        self._hidden = hidden
        self._refuse = on_refused
        self._files = 0
        self._room = MAX_CHARS

    def of(
        self, file: ContextFile, root: str, person: str, depth: int = 1
    ) -> Iterator[ContextFile]:
        """The files that ``file`` names, and those that they name, each once.

        Args:
            file: the one that names them.
            root: the real path of the folder that they must lie in.
            person: what ``~`` stands for.
            depth: how many files are on the way to them.
        """
        for name in named(file.text):
            path = _path(name, os.path.dirname(file.path), person)
            real = os.path.realpath(path)
            if real in self._seen or not os.path.isfile(real):
                continue
            self._seen.add(real)
            why = self._why_not(path, real, root, depth)
            try:
                found = None if why else self._read(path, root)
            except ForeignFileError as error:
                why, found = error.why, None
            except OSError as error:
                why, found = f"cannot be read: {error.strerror}", None
            if why:
                self._refuse(f"@{name} of {file.path} {why}; it is left out")
            if found is None:
                continue
            self._files += 1
            self._room -= len(found.text)
            found = replace(found, parent=file.path, trigger=file.trigger or file.path)
            yield found
            yield from self.of(found, root, person, depth + 1)

    def _why_not(self, path: str, real: str, root: str, depth: int) -> str:
        if depth > MAX_DEPTH:
            return f"is more than {MAX_DEPTH} files deep"
        if self._files >= MAX_FILES:
            return f"is one of more than {MAX_FILES}"
        if self._room <= 0:
            return f"comes after {MAX_CHARS:,} characters of others"
        if not real.startswith(root.rstrip("/") + "/"):
            return f"lies outside of {root}"
        if _SECRET.fullmatch(os.path.basename(real)):
            return "may hold secrets"
        if self._hidden(path, real):
            return "is kept from the model"
        return ""


def named(text: str) -> list[str]:
    """The paths that a Markdown text names with ``@``, in order; none in code."""
    found: dict[str, None] = {}
    fence = ""
    for line in text.split("\n"):
        if (mark := _FENCE.match(line)) is not None:
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = ""
            continue
        if fence or "@" not in line:
            continue
        for each in _NAMED.finditer(_without_code(line)):
            path = each[1].rstrip(_TRAILING).replace("\\ ", " ")
            if _LIKE_A_FILE.fullmatch(path) and "\0" not in path:
                found[path] = None
        if len(found) >= MAX_NAMED:
            break
    return list(found)[:MAX_NAMED]


def _without_code(line: str) -> str:
    """``line`` with blanks in place of code: from backquotes to as many again; in linear time."""
    runs = [found.span() for found in _BACKQUOTES.finditer(line)]
    closing, behind = [-1] * len(runs), dict[int, int]()
    for index in reversed(range(len(runs))):
        length = runs[index][1] - runs[index][0]
        closing[index] = behind.get(length, -1)
        behind[length] = index
    parts, done, index = list[str](), 0, 0
    while index < len(runs):
        if (end := closing[index]) >= 0:
            first, last = runs[index][0], runs[end][1]
            parts += line[done:first], " " * (last - first)
            done, index = last, end
        index += 1
    return "".join((*parts, line[done:]))


def _path(name: str, folder: str, person: str) -> str:
    if name.startswith("~/"):
        return os.path.join(person, name[2:])
    return os.path.normpath(os.path.join(folder, name))
