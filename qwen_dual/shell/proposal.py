"""What "always" offers for a command: a beginning that a person can judge, or just that command.

An allowlist: a beginning is offered for programs and subcommands that are known and that a ``*`` is
known to be safe for. For all else the exact words are offered; for what runs whatever it is given,
destroys, or changes the shell itself, nothing.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from qwen_dual.shell.options import INTERPRETERS, RUN_ANYTHING, program_name, spelled
from qwen_dual.shell.program import names
from qwen_dual.shell.reader import GLOB
from qwen_dual.shell.readonly import BUILTINS

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARS = 200


_DESTROY = names(
    "chattr chgrp chmod chown dd fdisk halt insmod install kill killall ln mkfs modprobe mount pkill",
    "poweroff reboot rm rmdir shred shutdown sysctl truncate umount unlink wipefs",
)
"""Not to be had by one key for good, however exact the words."""

_SHELL_OWN = BUILTINS | names("umask ulimit wait jobs fg bg times logout exit return shift")

_GIT = names(
    "add branch checkout cherry-pick commit fetch log merge mv pull push rebase restore revert show",
    "stash status switch tag diff blame grep ls-files",
)
_SUBCOMMANDS = {
    "git": _GIT,
    "cargo": names("build check test clippy fmt doc bench"),
    "go": names("build test vet fmt list"),
    "ruff": names("check format"),
}
"""Programs of which a subcommand with a ``*`` behind it is offered."""

_ALONE = names("pytest mypy")
"""Programs which are offered with a ``*`` behind the name.

None that reads files: where it may it runs unasked, and ``cat *`` would be all files there are.
"""


def propose(words: Sequence[str]) -> str | None:
    """The pattern to allow a command for good; None where there is none to offer.

    Args:
        words: as the program gets them, its name first.

    Returns:
        what stands in the parentheses of a rule: words, with a ``*`` at the end if more may follow,
        or with ``=`` before them if none may.
    """
    program = words[0]
    name = program_name(program)
    if any(word.startswith(GLOB) or not word.isprintable() for word in words):
        return None
    if name in _SHELL_OWN or name in RUN_ANYTHING or name in _DESTROY or name in INTERPRETERS:
        return _module(words) if name == "python" else None
    beginning = _beginning(words)
    if beginning and not any(index >= len(beginning) for index in spelled(words)):
        return _pattern(beginning, "{} *")
    return _pattern(words, "={}")


def _beginning(words: Sequence[str]) -> Sequence[str]:
    """The words that a ``*`` may follow; none where just the command is offered."""
    program = words[0]
    if program in _ALONE:
        return words[:1]
    if len(words) > 1 and words[1] in _SUBCOMMANDS.get(program, ()):
        return words[:2]
    return ()


def _module(words: Sequence[str]) -> str | None:
    """``python -m pytest -q``: as ``pytest`` would be; nothing else of an interpreter."""
    if tuple(words[1:2]) != ("-m",) or not _ALONE.intersection(words[2:3]):
        return None
    if any(index >= 3 for index in spelled(words)):
        return _pattern(words, "={}")
    return _pattern(words[:3], "{} *")


def _pattern(words: Sequence[str], shape: str) -> str | None:
    if not re.fullmatch(r"[\w./+@-]+", words[0]) or words[0].startswith("-"):
        return None
    text = shape.format(shlex.join(words))
    return text if len(text) <= MAX_CHARS else None
