"""What is known of one program: its subcommands, its options, and what it does with its operands.

The tables are written with it (``files``, ``git``, ``builds``); ``options`` and ``readonly`` ask them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from qwen_dual.shell.reader import GLOB
from qwen_dual.shell.syntax import Scan, scan, syntax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["file", "listing", "tree", "blob"]
"""How much below a path is read: the file, the names in a folder, or all below it. A ``blob`` is a file
that the repository keeps, by its path from the top of that."""

MAX_WORDS = 2_000
"""Words of one command beyond which nothing is known of it."""

Words = list[tuple[int, str]]
"""Words with their indexes in the command."""


class Operand(Struct, frozen=True):
    """A path that a command reads.

    Attributes:
        path: as the command has it.
        kind: how much below it.
    """

    path: str
    kind: Kind = "file"


class Use(Struct):
    """What a command makes of its words, as a table reads them.

    Attributes:
        unsafe: indexes of words that no ``*`` may stand for.
        paths: what it reads.
        reads_only: whether it does nothing but reading, if no word is unsafe.
        runs: programs that it runs in turn.
    """

    unsafe: set[int] = field(default_factory=set)
    paths: list[Operand] = field(default_factory=list)
    reads_only: bool = True
    runs: list[str] = field(default_factory=list)


Operands = Kind | Literal["text", "none"] | Callable[[Scan], Use]
"""What operands are: paths, plain text, none at all, or told by a function."""


def names(*lines: str) -> frozenset[str]:
    """The words of ``lines``."""
    return frozenset(word for line in lines for word in line.split())


def anything(words: Words) -> Use:
    """Of a program that only prints its words, or does not look at them."""
    return Use()


class Program(Struct, frozen=True):
    """A program or a subcommand.

    Attributes:
        options: a line of ``syntax.syntax``.
        operands: what its operands are; a function may find some unsafe.
        most: how many operands it may have.
        writes: whether it changes anything, so that it never runs unasked.
        subcommands: by name; an operand that is none of them is unsafe.
        bare: what it is without a subcommand; None when that is unsafe.
        single: see ``syntax.Syntax``.
        ordered: see ``syntax.Syntax``.
        whole: whether a rule that spells it covers those of its subcommands that write.
        raw: reads all its words, for a program whose words are a language of their own.
    """

    options: str = ""
    operands: Operands = "file"
    most: int | None = None
    writes: bool = False
    subcommands: Mapping[str, Program] | None = None
    bare: Program | None = None
    single: bool = False
    ordered: bool = False
    whole: bool = False
    raw: Callable[[Words], Use] | None = None

    def use(self, words: Sequence[str], at: int = 1) -> Use:
        """What the words from index ``at`` come to."""
        if self.raw is not None:
            return self.raw(list(enumerate(words))[at:])
        if self.subcommands is not None:
            return self._subcommand(words, at, self.subcommands)
        found = scan(words, at, syntax(self.options, single=self.single, ordered=self.ordered))
        use = self._operands(found)
        use.unsafe |= found.unsafe
        most = 0 if self.operands == "none" else self.most
        if most is not None:
            many = any(word.startswith(GLOB) for _, word in found.operands)
            use.unsafe |= {index for index, _ in found.operands[0 if many else most :]}
        use.paths += [Operand(value) for value in found.reads]
        use.reads_only = use.reads_only and not self.writes
        return use

    def _operands(self, found: Scan) -> Use:
        if self.operands in ("text", "none"):
            return Use()
        if callable(self.operands):
            return self.operands(found)
        kind: Kind = "file" if self.operands == "file" else "listing"
        kind = "tree" if self.operands == "tree" else kind
        return Use(paths=[Operand(word, kind) for _, word in found.operands if word != "-"])

    def _subcommand(self, words: Sequence[str], at: int, subcommands: Mapping[str, Program]) -> Use:
        own = scan(words, at, syntax(self.options, ordered=True))
        everything = set(range(at, len(words)))
        if own.unsafe or own.dashes is not None:
            return Use(everything, reads_only=False)
        if not own.operands:
            if self.bare is not None:
                return self.bare.use(words, at)
            return Use(reads_only=bool(own.given))
        index, name = own.operands[0]
        known = subcommands.get(name)
        if known is None:
            return Use(everything, reads_only=False)
        use = known.use(words, index + 1)
        if not use.reads_only and not self.whole:
            use.unsafe.add(index)
        return use
