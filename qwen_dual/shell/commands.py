"""What an allowing rule has to cover of a line: which commands, and under which words.

Programs are named as written. A wrapper is looked through only by its bare name and with options that
change nothing of what its command does. A command that changes the shell for those after it makes
the whole line one that no rules for its parts can cover; but for ``cd FOLDER &&`` at its beginning,
which is a place and not a command.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from qwen_dual.shell.options import INTERPRETERS, RUN_ANYTHING, program_name
from qwen_dual.shell.program import names
from qwen_dual.shell.reader import GLOB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.shell.reader import Line, Simple

# What may stand between a wrapper and its command, as one text with a blank behind each word.
_NUMBER = r"-?\d{1,9}"
_BUFFER = r"(?:L|\d{1,9}[KM]?)"
_DURATION = r"\d{1,9}(?:\.\d{1,9})?[smhd]?"
_SIGNAL = r"[A-Z0-9]{1,9}"
_WRAPPERS = {
    name: re.compile(options)
    for name, options in {
        "command": "",
        "env": "",
        "nohup": "",
        "nice": rf"(?:-n {_NUMBER} |-n{_NUMBER} |--adjustment={_NUMBER} )?",
        "ionice": r"(?:-c [0-3] |-c[0-3] |-n [0-7] |-n[0-7] )*",
        "stdbuf": rf"(?:-[ioe]{_BUFFER} |-[ioe] {_BUFFER} )+",
        "timeout": (
            rf"(?:--foreground |--preserve-status |-v |-k {_DURATION} |--kill-after={_DURATION} "
            rf"|-s {_SIGNAL} |--signal={_SIGNAL} )*{_DURATION} "
        ),
        "xargs": (
            r"(?:-0 |-r |-t |--null |--no-run-if-empty |-[nLP] \d{1,9} |-[nLP]\d{1,9} |-d \\n )*"
        ),
    }.items()
}
_MAX_OPTIONS = 8
# Builtins after which other commands may be something else, run elsewhere or see other things, and
# those that run what they are given.
_ALTERS = names(
    ". alias bind builtin cd complete compopt coproc declare dirs disown enable eval exec",
    "export fc getopts hash let local mapfile popd printf pushd read readarray readonly set",
    "shift shopt source suspend trap typeset ulimit umask unalias unset wait",
)
_STRICT = re.compile(r"-[eu]{1,2}|-[eu]{0,2}o pipefail")


def unwrapped(words: Sequence[str]) -> tuple[str, ...] | None:
    """The command that ``words`` does nothing but run; None where it is not known to be so.

    The words that ``xargs`` takes from its input are a single ``GLOB`` at the end.
    """
    options = _WRAPPERS.get(words[0])
    if options is None:
        return None
    for at in range(1, min(len(words), _MAX_OPTIONS)):
        between = "".join(f"{word} " for word in words[1:at])
        if options.fullmatch(between) and _may_be_program(words[at]):
            return (*words[at:], GLOB) if words[0] == "xargs" else tuple(words[at:])
    return None


def readings(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """``words`` as written and, within wrappers, what they run: a rule for any of them will do."""
    found = [words]
    while len(found) <= _MAX_OPTIONS and (inner := unwrapped(found[-1])) is not None:
        found.append(inner)
    return found


def named_by_rules(words: tuple[str, ...], folder: str) -> list[tuple[str, ...]]:
    """The commands of which a rule for any may cover ``words``: see ``readings``.

    A rule that names a file to run (``./build.sh``, ``python x/y.py``) means that of the project: from
    another folder it is called by its path from there, or it is another file of the same name.

    Args:
        words: as written.
        folder: where they run, from the project's; empty for that.
    """
    found = readings(words)
    at = _runs_file(found[-1]) if folder else None
    if at is None:
        return found
    inner = found[-1]
    path = posixpath.normpath(posixpath.join(folder, inner[at]))
    # Without a slash it would be a program of that name, wherever that is found.
    spellings = [path] if "/" in path or at else []
    return [(*inner[:at], it, *inner[at + 1 :]) for it in (*spellings, f"./{path}")]


def _runs_file(words: tuple[str, ...]) -> int | None:
    """The index of the word that names a file to run, relative to the folder; None for none."""
    if "/" in words[0]:
        return None if words[0].startswith("/") else 0
    if program_name(words[0]) not in INTERPRETERS | RUN_ANYTHING:
        return None
    for at, word in enumerate(words[1:], 1):
        if word in ("-c", "-e", "-m"):  # code, or a module: no file is named
            return None
        if ("/" in word or "." in word) and word[0] not in "-/" + GLOB and "=" not in word:
            return at
    return None


def entered(line: Line) -> str | None:
    """The folder that all of ``line`` runs in, where it begins with ``cd FOLDER &&``.

    None for any other line, and for a folder that only the shell would know how to find.
    """
    if len(line.commands) < 2 or line.commands[1].joint != "&&":
        return None
    words = line.commands[0].words
    if len(words) != 2 or words[0] != "cd" or words[1].startswith((GLOB, "-", "+")):
        return None
    # `..` goes up by the names of the path, which are not those that links lead to.
    return words[1] if words[1] and ".." not in words[1].split("/") else None


def to_be_covered(line: Line) -> tuple[Simple, ...] | None:
    """The commands that need a rule each; None where no rules for commands can allow the line."""
    commands = line.commands if entered(line) is None else line.commands[1:]
    if any(_alters(command.words) for command in commands[:-1]):
        return None
    return tuple(command for command in commands if not _is_strict(command.words)) or commands


def _may_be_program(word: str) -> bool:
    return bool(word) and word[0] not in "-+" + GLOB and "=" not in word


def _alters(words: tuple[str, ...]) -> bool:
    last = readings(words)[-1]
    if last[0] in ("printf", "wait"):
        return any(word.startswith(("-v", "-p", GLOB)) for word in last[1:])
    return last[0] in _ALTERS and not _is_strict(last)


def _is_strict(words: tuple[str, ...]) -> bool:
    """Whether it is ``set -e`` or the like, after which a line can only end sooner."""
    return words[0] == "set" and bool(_STRICT.fullmatch(" ".join(words[1:])))
