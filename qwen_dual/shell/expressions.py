"""The small languages that some programs take as words: ``find``, ``sed``, ``jq``, ``test``.

Each is known only as far as it reads; whatever else stands there is unsafe.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.shell.program import Operand, Use, names
from qwen_dual.shell.reader import GLOB

if TYPE_CHECKING:
    from qwen_dual.shell.program import Words


# How `find` starts: -L would follow links on the way down.
_FIND_FIRST = names("-H -P")
_FIND_PLAIN = names(
    "! ( ) , -a -and -o -or -not -depth -d -mount -xdev -noleaf -daystart -ignore_readdir_race"
    " -noignore_readdir_race -empty -executable -readable -writable -true -false -nouser -nogroup"
    " -print -print0 -ls -prune -quit -nowarn -warn"
)
_FIND_VALUED = names(
    "-maxdepth -mindepth -name -iname -path -ipath -wholename -iwholename -regex -iregex -regextype"
    " -lname -ilname -type -xtype -size -perm -links -inum -user -group -uid -gid -mtime -mmin"
    " -atime -amin -ctime -cmin -used -fstype -printf"
)
_FIND_FILES = names("-newer -anewer -cnewer -samefile")


# What `-exec` may run: they take ``{}``, a path that begins as the start does, for an operand.
_FIND_RUNS = {
    "basename": r"-a",
    "cat": r"-n",
    "dirname": r"-z",
    "echo": r"-n",
    "file": r"-b|-i|--mime-type",
    "grep": r"-[cEFHhiLlnoqsvwx]+",
    "head": r"-\d+",
    "ls": r"-[1adhl]+",
    "md5sum": r"-b",
    "sha256sum": r"-b",
    "stat": r"-t",
    "tail": r"-\d+",
    "wc": r"-[clmw]+",
}


# Not `grep -l`: which patterns are in a file tells its text, piece by piece.
_SHOW_NO_TEXT = frozenset(["basename", "dirname", "echo", "file", "ls", "stat", "wc"])


def _finds_files_only(words: Words) -> bool:
    """Whether an expression is a plain list of tests, and one of them is that it is a file."""
    plain = [word for _, word in words]
    either = {"-o", "-or", ",", "("}.intersection(plain)
    return not either and any(
        plain[at : at + 2] == ["-type", "f"] and plain[at - 1 : at] not in (["!"], ["-not"])
        for at in range(len(plain))
    )


def find(words: Words) -> Use:
    """`find`: where it looks, and whether its expression only tests, prints and runs what reads.

    It has no ``--``: whatever begins with a dash, and a few marks, begin the expression.
    """
    use = Use()
    at = 0
    while at < len(words) and words[at][1] in _FIND_FIRST:
        at += 1
    while at < len(words) and not _begins_expression(words[at][1]):
        use.paths.append(Operand(words[at][1], "listing"))
        at += 1
    use.paths = use.paths or [Operand(".", "listing")]
    while at < len(words):
        taken = _find_test(words[at:], use)
        if not taken:
            use.unsafe |= {index for index, _ in words[at:]}
            break
        at += taken
    if not _SHOW_NO_TEXT.issuperset(use.runs) and not _finds_files_only(words):
        use.unsafe |= {index for index, _ in words}  # it would open the links on its way
    if use.runs or use.unsafe:
        use.paths = [Operand(path.path, "tree") for path in use.paths]
    return use


def _find_test(words: Words, use: Use) -> int:
    """How many words the first part of an expression takes; 0 when it is not known to read."""
    word = words[0][1]
    if word in _FIND_PLAIN:
        return 1
    if word in ("-exec", "-execdir"):
        return _find_run([inner for _, inner in words[1:]], use)
    newer = re.fullmatch(r"-newer[aBcm]([aBcmt])", word)
    if len(words) < 2 or words[1][1].startswith(GLOB):
        return 0
    if word in _FIND_FILES or (newer and newer[1] != "t"):
        use.paths.append(Operand(words[1][1], "listing"))
        return 2
    return 2 if newer or word in _FIND_VALUED else 0


def _find_run(words: list[str], use: Use) -> int:
    """How many words ``-exec`` and the command behind it take; 0 when that may not run."""
    ends = [
        at for at, word in enumerate(words) if word == ";" or words[at - 1 : at + 1] == ["{}", "+"]
    ]
    if not ends:
        return 0
    program, *rest = words[: ends[0]]
    known = _FIND_RUNS.get(program)
    if known is None or any(GLOB in word for word in rest):
        return 0
    while rest and re.fullmatch(known, rest[0]):
        rest = rest[1:]
    if program == "grep":
        if not rest or rest[0] == "{}" or rest[0].startswith("-"):
            return 0
        rest = rest[1:]
    if rest != ["{}"]:
        return 0
    use.runs.append(program)
    return ends[0] + 2


def _begins_expression(word: str) -> bool:
    if word.startswith(GLOB):
        return not word[1:2].isalnum() and word[1:2] not in (".", "/", "_")
    return word.startswith("-") or word in ("!", "(", ")", ",")


# One address: a line, the last one, or a pattern whose brackets close before its end.
_PART = r"(?:[^{d}\\\n\[]|\\[^\n]|\[\^?\]?[^\]{d}\\\n]*\])*"
_ADDRESS = r"(?:\d+|\$|/" + _PART.replace("{d}", "/") + r"/I?)"
_SUBSTITUTES = "|".join(
    f"s{mark}" + (_PART.replace("{d}", mark) + mark) * 2 + "[gpIi0-9]*"
    for mark in ("/", r"\|", "#", ",", "@")
)
_SED = re.compile(
    rf"[ \t\n;]*(?:{_ADDRESS}(?:,(?:{_ADDRESS}|\+\d+|~\d+))?[ \t]*!?[ \t]*)?"
    rf"(?:[pdDPqQ=lnNhHgGx]|{_SUBSTITUTES})[ \t]*(?:[;\n]|\Z)"
)
MAX_SCRIPT_CHARS = 1_000


def is_sed_script(script: str) -> bool:
    """Whether a script of `sed` only selects, changes and prints what it reads.

    No ``w``, ``e``, ``r`` and ``F``, also not as flags of ``s``, and no ``{}``.
    """
    at = 0
    while script and len(script) <= MAX_SCRIPT_CHARS:
        command = _SED.match(script, at)
        if command is None:
            return False
        at = command.end()
        if not script[at:].strip(" \t\n;"):
            return True
    return False


# `env` and `$ENV` have the keys of the environment; the others load what a file holds.
_JQ_REACHES_OUT = re.compile(
    r"\b(env|ENV|import|include|modulemeta|get_search_list|input_filename)\b"
)


def is_jq_filter(text: str) -> bool:
    """Whether a filter of `jq` sees nothing but its input."""
    return not text.startswith(GLOB) and not _JQ_REACHES_OUT.search(text)


_UNARY = names("-e -f -d -r -w -x -s -L -h -b -c -p -S -g -u -k -O -G -N")
_BINARY_FILES = names("-nt -ot -ef")
_BINARY_TEXT = names("= == != < >")
_NUMERIC = names("-eq -ne -lt -le -gt -ge")


def test(words: Words) -> Use:
    """`test`: one test of a file or a text.

    The shell's own ``-v`` and ``-R`` evaluate what they name.
    """
    inner = [word for _, word in words]
    inner = inner[next((at for at, word in enumerate(inner) if word != "!"), len(inner)) :]
    if any(word.startswith(GLOB) for word in inner):
        pass
    elif len(inner) == 2 and inner[0] in _UNARY:
        return Use(paths=[Operand(inner[1], "listing")])
    elif len(inner) == 2 and inner[0] in ("-n", "-z"):
        return Use()
    elif len(inner) == 3 and inner[1] in _BINARY_FILES:
        return Use(paths=[Operand(inner[0], "listing"), Operand(inner[2], "listing")])
    elif len(inner) == 3 and (inner[1] in _BINARY_TEXT or _compares_numbers(*inner)):
        return Use()
    return Use({index for index, _ in words}, reads_only=False)


def bracket(words: Words) -> Use:
    """`[`: the same up to a ``]``."""
    if words and words[-1][1] == "]":
        return test(words[:-1])
    return Use({index for index, _ in words}, reads_only=False)


def _compares_numbers(left: str, operator: str, right: str) -> bool:
    return operator in _NUMERIC and all(re.fullmatch(r"-?\d+", word) for word in (left, right))
