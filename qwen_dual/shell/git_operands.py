"""What the operands of `git`'s subcommands are: revisions, paths, names, patterns, remotes.

``git`` has the subcommands and their options.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.shell.program import Operand, Use, names
from qwen_dual.shell.reader import GLOB
from qwen_dual.shell.syntax import fixed_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.shell.syntax import Scan

PATCHES = names(
    "-p -u -U -W -L -c -m --cc --patch --unified --patch-with-raw --patch-with-stat --diff-merges"
    " --function-context --word-diff --color-words"
)
"""Options with which a log shows what is in files."""

# Between the percent sign and the field may stand what is done where the field is empty.
_SIGNATURE = re.compile(r"%[-+ ]?G|%\([*]?signature")


def revisions(found: Scan) -> Use:
    """Revisions and paths: a path, since one outside makes `git diff` compare any two files."""
    paths = [path for _, word in found.operands for path in _named(word)]
    ranges = [value for name, value in found.values if name == "-L" and ":" in value]
    followed = [Operand(path, "tree") for it in ranges if (path := it.rpartition(":")[2])]
    return Use(_signatures(found), paths + followed)


def objects(found: Scan) -> Use:
    """Objects, by whatever name; a file's may be that of its revision and its path."""
    return Use(paths=[path for _, word in found.operands if ":" in word for path in _named(word)])


def _named(word: str) -> list[Operand]:
    """A path, or a revision; ``HEAD:x``, ``:0:x`` and ``:/x`` name a file of the repository's."""
    revision, colon, path = word.partition(":")
    if not colon or word.startswith(GLOB):
        return [Operand(word, "tree")]
    if path.startswith("("):  # in a language of git's own
        return [Operand(word, "tree"), Operand(".", "tree")]
    if not revision:
        path = re.sub(r"(?:[0-3]:|/)", "", path, count=1) if path[:1] in "/0123" else path
    return [Operand(word, "tree"), Operand(path or ".", "blob")]


def _signatures(found: Scan) -> set[int]:
    """What runs the program that the configuration names for it: ``%G?``, ``%(signature)``."""
    formats = (value for name, value in found.values if "format" in name or "pretty" in name)
    checks = any(map(_SIGNATURE.search, formats))
    return {index for index, _ in found.given if checks}


def fields(found: Scan) -> Use:
    """Names and patterns; a format may have fields of commits."""
    return Use(_signatures(found))


def history(found: Scan) -> Use:
    """The same of a log, which shows what is in files only when it is asked to."""
    use = revisions(found)
    if not found.has(*PATCHES):
        use.paths = [Operand(it.path, "listing") for it in use.paths if it.kind == "tree"]
    return use


def search(found: Scan) -> Use:
    """A pattern, unless ``-e`` or ``-f`` has it, revisions and paths; without those all below."""
    skip = 0 if found.has("-e", "-f") else 1
    unsafe = {index for index, word in found.operands[:skip] if word.startswith(GLOB)}
    paths = [path for _, word in found.operands[skip:] for path in _named(word)]
    return Use(unsafe, paths or [Operand(".", "tree")])


def lists(*modes: str, changes: tuple[str, ...]) -> Callable[[Scan], Use]:
    """Names are patterns where one of ``modes`` is given, and else they are made."""

    def check(found: Scan) -> Use:
        reads = not found.operands or found.has(*modes)
        return Use(_signatures(found), reads_only=reads and not found.has(*changes))

    return check


def one_name(found: Scan) -> Use:
    """One name is shown, two are set."""
    return Use(reads_only=len(found.operands) < 2)


def listed(found: Scan) -> Use:
    """Paths, and perhaps names of attributes before them."""
    return Use(paths=[Operand(word, "listing") for _, word in found.operands])


def remote(found: Scan) -> Use:
    """A remote comes first, and only ``origin`` is known to be none of the folder's own paths.

    Behind it, ``+x`` forces and ``:x`` deletes.
    """
    unsafe = {index for index, word in found.operands[:1] if word != "origin"}
    unsafe |= {
        index for index, word in found.operands[1:] if fixed_part(word)[:1] in ("+", ":", "")
    }
    return Use(unsafe)


def clone(found: Scan) -> Use:
    """From a web address into a folder below this one."""
    unsafe = {index for index, _ in found.operands[2:]}
    for index, word in found.operands[:1]:
        if not re.fullmatch(r"https://[\w.-]+(:\d+)?(/[\w~][\w.~-]*)+/?", word):
            unsafe.add(index)
    for index, word in found.operands[1:2]:
        if not re.fullmatch(r"\w[\w.-]*", word):
            unsafe.add(index)
    return Use(unsafe)
