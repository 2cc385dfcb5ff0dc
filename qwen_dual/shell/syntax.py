"""Options and operands of a command's exact words, read by a table that names every option.

Pure. Known-safe, not known-bad: a word that begins with ``-`` and is not in the table is unsafe, and
so is all behind it, since nobody knows whether it takes the next word for its value.

A word that bash replaces by names of files (``GLOB``) is taken where each of those names would be the
same: an operand whose names begin with a letter, an option whose value alone is open.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from qwen_dual.shell.reader import GLOB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OPEN_VALUE = re.compile(r"--[\w-]+=")
_NUMBER = re.compile(r"-\d+")


class Option(Struct, frozen=True):
    """One option.

    Attributes:
        value: whether one follows: never, always, or only when it is attached.
        reads: whether the value is a file that is read.
        spell: whether a rule has to spell the option: it is known, and changes what a person would
            want to see.
    """

    value: Literal["never", "always", "attached"] = "never"
    reads: bool = False
    spell: bool = False


class Syntax(Struct, frozen=True):
    """The options of a program or subcommand.

    Attributes:
        options: by name with its dashes.
        numbers: whether ``-5`` is one.
        single: whether long names have a single dash, so that short ones do not cluster.
        ordered: whether the first operand ends the options.
    """

    options: Mapping[str, Option]
    numbers: bool = False
    single: bool = False
    ordered: bool = False


class Scan(Struct):
    """A command's words, told apart.

    Attributes:
        unsafe: indexes of words that no ``*`` may stand for.
        operands: index and word of each operand.
        given: index and option's name of each option.
        values: name of an option and its value, in order.
        reads: values that are files which are read.
        dashes: the index of ``--``, if there is one.
    """

    unsafe: set[int] = field(default_factory=set)
    operands: list[tuple[int, str]] = field(default_factory=list)
    given: list[tuple[int, str]] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    dashes: int | None = None

    def has(self, *names: str) -> bool:
        """Whether one of the options is given."""
        return any(name in names for _, name in self.given)


@cache
def syntax(text: str, *, single: bool = False, ordered: bool = False) -> Syntax:
    """The syntax that a table's line says.

    ``-abc`` are three flags, ``-n=`` takes a value, ``-M[=]`` one that is attached, ``-f=FILE`` a file
    that it reads; the same with ``--name``. ``-NUM`` is any number, and ``!`` before one means that a
    rule has to spell it.
    """
    options: dict[str, Option] = {}
    for token in text.split():
        spell = token.startswith("!")
        name, equals, kind = token.lstrip("!").partition("=")
        value: Literal["never", "always", "attached"] = "always" if equals else "never"
        if name.endswith("["):
            name, value, kind = name[:-1], "attached", ""
        option = Option(value, kind == "FILE", spell)
        if name.startswith("--") or single or value != "never":
            options[name] = option
        elif name != "-NUM":
            options.update((f"-{letter}", option) for letter in name[1:])
    return Syntax(options, "-NUM" in text.split(), single, ordered)


def scan(words: Sequence[str], at: int, known: Syntax) -> Scan:
    """Tells ``words`` from index ``at`` apart."""
    found = Scan()
    while at < len(words):
        word = words[at]
        if word.startswith(GLOB):
            if found.dashes is None and not is_operand(word):
                if not _OPEN_VALUE.match(word[1:]) or not _option(words, at, known, found):
                    found.unsafe.update(range(at, len(words)))
                    return found
            else:
                found.operands.append((at, word))
            at += 1
        elif found.dashes is not None or word == "-" or not word.startswith("-"):
            found.operands.append((at, word))
            if known.ordered:
                found.operands += list(enumerate(words))[at + 1 :]
                return found
            at += 1
        elif word == "--":
            found.dashes = at
            at += 1
        elif known.numbers and _NUMBER.fullmatch(word):
            at += 1
        else:
            taken = _option(words, at, known, found)
            if not taken:
                found.unsafe.update(range(at, len(words)))
                return found
            at += taken
    return found


def fixed_part(word: str) -> str:
    """What each word begins with that ``word`` may stand for: all of it unless it is a glob."""
    if not word.startswith(GLOB):
        return word
    return re.split(r"[*?\[]", word[1:], maxsplit=1)[0]


def is_operand(word: str) -> bool:
    """Whether ``word`` cannot be taken for an option, whatever files there are."""
    begin = fixed_part(word)
    return word == "-" or (bool(begin) and not begin.startswith("-"))


def _option(words: Sequence[str], at: int, known: Syntax, found: Scan) -> int:
    """Reads the option at ``at``; how many words it took, 0 when it is not known."""
    word = words[at].removeprefix(GLOB)
    if word.startswith("--") or known.single:
        name, equals, attached = word.partition("=")
        option = known.options.get(name)
        if option is None or (equals and option.value == "never"):
            return 0
        return _parse_option(words, at, name, option, attached if equals else None, found)
    for position in range(1, len(word)):
        name = "-" + word[position]
        option = known.options.get(name)
        if option is None:
            return 0
        if option.value != "never":
            rest = word[position + 1 :] or None
            return _parse_option(words, at, name, option, rest, found)
        _parse_option(words, at, name, option, None, found)
    return 1


def _parse_option(
    words: Sequence[str], at: int, name: str, option: Option, value: str | None, found: Scan
) -> int:
    """Notes an option with its value; how many words both take, 0 when the value is missing."""
    taken = 1
    if value is None and option.value == "always":
        if at + 1 >= len(words):
            return 0
        value, taken = words[at + 1], 2
    found.given.append((at, name))
    if option.spell:
        found.unsafe.update(range(at, at + taken))
    if value is not None:
        if value.startswith(GLOB) or (option.reads and words[at].startswith(GLOB)):
            return 0
        found.values.append((name, value))
        if option.reads:
            found.reads.append(value)
    return taken
