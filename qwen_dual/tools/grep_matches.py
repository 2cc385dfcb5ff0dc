"""What the engines of ``grep_search`` find: read as it comes, bounded, and laid out for the model."""

from __future__ import annotations

import os
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from io import TextIOWrapper
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct, field

from qwen_dual.tools.long_lines import MatchedLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qwen_dual.fs.tree import Tree
    from qwen_dual.tools.ignore import Ignore

MAX_MESSAGE = 2000
_PIECE = 1 << 20


class Matches(Struct):
    """Reads an engine's output; keeps as many matches as a result shows, and counts the rest.

    Attributes:
        base: the file or folder that is searched, absolute; names in the output begin there.
        ignore: what is left out.
        limit: how many matches are kept.
        room: how many characters they may have.
        is_file: whether ``base`` is a file.
        total: how many there were.
        kept: the files with their matches, in the order in which they came.
        messages: what the engine said besides.
    """

    base: str
    ignore: Ignore
    limit: int
    room: int
    is_file: bool = False
    total: int = 0
    kept: list[tuple[str, MatchedLine]] = field(default_factory=list)
    messages: bytes = b""
    _line: MatchedLine = field(default_factory=MatchedLine)
    _paths: dict[bytes, str] = field(default_factory=dict)

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
        else:
            self._add(line.name, line)

    def describe(self, pattern: str, where: str, root: str, note: str) -> str:
        """The matches under the files they are in, as a model gets them."""
        ended = f" ({note})" if note else ""
        if not self.total:
            return f"No matches for {pattern!r} in {where}{ended}."
        noun = "match" if self.total == 1 else "matches"
        out = [f"Found {self.total:,} {noun} for {pattern!r} in {where}{ended}:"]
        current = None
        for name, match in self.kept:
            if name != current:
                inside = name.startswith(root.rstrip("/") + "/")
                out += ["---", f"File: {os.path.relpath(name, root) if inside else name}"]
                current = name
            out.append(_line(match))
        out.append("---")
        if len(self.kept) < self.total:
            out.append(f"[… {self.total - len(self.kept):,} more matches left out …]")
        return "\n".join(out)

    def keep_those_in(self, tree: Tree) -> None:
        """Drops the matches that are in no file of ``tree``, of which an engine only knew paths.

        A folder that was swapped for a link while the engine was on its way led it elsewhere.
        """
        kept: list[tuple[str, MatchedLine]] = []
        for name, group in groupby(self.kept, key=lambda match: match[0]):
            wanted = [match for _, match in group]
            try:
                with tree.open(name) as file:
                    inside = matches_in(file, wanted)
            except OSError:
                inside = []
            kept += [(name, match) for match in inside]
        self.total -= len(self.kept) - len(kept)
        self.kept = kept

    def _path(self, name: bytes) -> str:
        """The file that an engine calls ``name``; empty for one that is left out."""
        if name not in self._paths:
            relative = os.fsdecode(name).removeprefix("./")
            path = self.base if self.is_file else os.path.join(self.base, relative)
            self._paths[name] = "" if self.ignore.hides(path) else path
        return self._paths[name]

    def _add(self, name: bytes, match: MatchedLine) -> None:
        path = self._path(name)
        if not path:
            return
        self.total += 1
        if len(self.kept) == self.limit or self.room <= 0:
            return
        self.room -= len(_line(match)) + 1
        if self.room > 0:
            self.kept.append((path, match))


def _line(match: MatchedLine) -> str:
    return f"L{match.number}: {match.shown()}"


def matches_in(file: BinaryIO, wanted: Iterable[MatchedLine]) -> list[MatchedLine]:
    """Those of ``wanted`` that are lines of ``file``, in their order there.

    Raises:
        OSError: it cannot be read.
    """
    left = {int(match.number): match for match in wanted if match.number.isdigit()}
    found: list[MatchedLine] = []
    number, line = 1, None
    for piece in _pieces(file):
        match = left.get(number)
        if match is not None:
            line = line or match.emptied()
            line.add(piece.removesuffix(b"\n"))
        if piece.endswith(b"\n") or not piece:
            if match is not None and line is not None and line.shown() == match.shown():
                found.append(match)
            number, line = number + 1, None
            if len(found) == len(left):
                break
    return found


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file as an engine sees them, long ones in parts; nothing behind the last."""
    start = file.read(3)
    file.seek(3 if start == BOM_UTF8 else 0)
    if not start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        while piece := file.readline(_PIECE):
            yield piece
    else:
        text = TextIOWrapper(file, "utf-16", "replace", newline="\n")
        while part := text.readline(_PIECE):
            yield part.encode()
    yield b""
