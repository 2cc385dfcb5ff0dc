"""Which commands only read, and what: those may run unasked wherever a read may.

Pure: what a path is and whether it may be read, the caller knows. What a program would read by itself
(its configuration in the person's home, the time zone, the passwords' file for names) does not count;
what it reads because of where it runs (`git`) is told by ``trusted``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.shell.builds import PROGRAMS as BUILDS
from qwen_dual.shell.files import PROGRAMS as FILES
from qwen_dual.shell.git import GIT
from qwen_dual.shell.options import spelled
from qwen_dual.shell.program import MAX_WORDS, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.shell.program import Operand

BUILTINS = names("[ : cd command echo false printf pwd test true type")
"""Commands of the shell's own, so that no file of that name is run."""

# What says which version is there and nothing else, and reads nothing of the folder for it.
_ASKED = frozenset(
    tuple(line.split())
    for line in (
        "bash --version",
        "gcc --version",
        "git --version",
        "jq --version",
        "make --version",
        "node --version",
        "node -v",
        "pip --version",
        "python --version",
        "python -V",
        "python3 --version",
        "python3 -V",
        "rg --version",
        "uv --version",
    )
)
# The same, but the folder may say which program that really is, or what it does first. Not `yarn` and
# `pnpm`: those run a program of its, or one that its package.json has an address of.
_ASKED_TRUSTED = frozenset(
    tuple(line.split())
    for line in (
        "cargo --version",
        "cargo -V",
        "go version",
        "npm --version",
        "npm -v",
        "npm ls",
        "npm list",
        "rustc --version",
        "ruff --version",
        "tsc --version",
    )
)

_KNOWN = {**FILES, "git": GIT, "pip": BUILDS["pip"], "pip3": BUILDS["pip3"]}


class Reading(Struct, frozen=True):
    """A command that only reads.

    Attributes:
        paths: what it reads, as the command names it.
        programs: names of the programs that run.
        trusted: whether the folder's own configuration may make it run something.
        enters: the folder that it makes the working one for what follows.
    """

    paths: tuple[Operand, ...] = ()
    programs: tuple[str, ...] = ()
    trusted: bool = False
    enters: str | None = None


def reads_only(words: Sequence[str]) -> Reading | None:
    """What a command reads; None where it may do anything else.

    Args:
        words: as the program gets them, its name first.
    """
    name = words[0]
    programs: tuple[str, ...] = () if name in BUILTINS else (name,)
    if tuple(words) in _ASKED:
        return Reading(programs=programs)
    if tuple(words) in _ASKED_TRUSTED:
        return Reading(programs=programs, trusted=True)
    if name == "command":
        # Without -v it would run what it names.
        asks = len(words) == 3 and words[1] in ("-v", "-V") and words[2][:1].isalnum()
        return Reading() if asks else None
    known = _KNOWN.get(name)
    if known is None or len(words) > MAX_WORDS or spelled(words):
        return None
    use = known.use(words)
    if not use.reads_only or use.unsafe:
        return None
    enters = use.paths[0].path if name == "cd" else None
    programs += tuple(run.split()[0] for run in use.runs)
    # `pip freeze` runs git where a package is edited in place.
    trusted = name == "git" or "freeze" in words[1:]
    return Reading(tuple(use.paths), programs, trusted, enters)
