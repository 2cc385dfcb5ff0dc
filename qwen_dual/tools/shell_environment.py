"""What a command line finds around it: which shell reads it, and the variables it is given.

The strict reader's promise (``shell.reader``) is one about bash in such an environment: what would
make bash read a line otherwise, or another program run under a name, is taken out here. What steers
the programs themselves (``GIT_*``, ``LD_PRELOAD``, a program's own options) is the person's own and
stays; ``settings.environment`` lets no folder set it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_PROMPTS = {
    "QWEN_CODE": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_TERMINAL_PROMPT": "0",
    "DEBIAN_FRONTEND": "noninteractive",
}
"""There is no terminal to answer on: nothing may page, prompt or open an editor."""

_STEER_BASH = frozenset(
    [
        # Files and functions that are read before the line (functions: `BASH_FUNC_name%%`).
        *("BASH_ENV", "ENV", "BASH_LOADABLES_PATH"),
        # Options: `extglob`, `nullglob`, `expand_aliases`, `histexpand`, `keyword`, POSIX mode.
        *("SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "BASH_COMPAT", "IFS"),
        # Where `cd` goes, which files a pattern finds, which programs a name.
        *("CDPATH", "GLOBIGNORE", "EXECIGNORE"),
        # What tracing runs, and where it writes.
        *("PS4", "BASH_XTRACEFD"),
    ]
)
_ENCODED_IN_UTF_8 = regex(r"(?:C|POSIX)?|[^.@]*\.(?:utf-?8)(?:@.*)?", re.IGNORECASE)


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """``base`` for a command without a terminal, and without what steers our own or bash.

    Folders that ``PATH`` names relative to the working one are left out: there the repository would
    say what ``git`` is.
    """
    kept = {
        key: value
        for key, value in base.items()
        if key not in _STEER_BASH and not key.startswith(("PROMPT_TOOLKIT_", "BASH_FUNC_"))
    }
    if "PATH" in kept:
        places = [
            place for place in kept["PATH"].split(os.pathsep) if place.startswith(("/", "~/"))
        ]
        kept["PATH"] = os.pathsep.join(places) or os.defpath
    # For colours that are asked for, as by `ls --color`; there are none by themselves in a pipe.
    kept.setdefault("TERM", "dumb")
    return {**kept, **_NO_PROMPTS, **_no_hidden_repository(kept)}


def _no_hidden_repository(variables: Mapping[str, str]) -> dict[str, str]:
    """Makes git refuse a folder that is a bare repository unless it is named as one.

    A clone may hold such a folder like any other, and its configuration names programs to run.
    """
    count = variables.get("GIT_CONFIG_COUNT") or "0"
    if not count.isdecimal():
        return {}
    return {
        "GIT_CONFIG_COUNT": str(int(count) + 1),
        f"GIT_CONFIG_KEY_{count}": "safe.bareRepository",
        f"GIT_CONFIG_VALUE_{count}": "explicit",
    }


def shell_arguments(variables: Mapping[str, str]) -> list[str]:
    """What a command line is put behind to run it: bash, and ``/bin/sh`` where there is none.

    Without ``--norc``, bash reads the person's start-up file in a session of sshd.

    Args:
        variables: what ``environment`` returned.
    """
    bash = _bash(variables)
    return ["/bin/sh", "-c"] if bash is None else [bash, "--norc", "-c"]


def _bash(variables: Mapping[str, str]) -> str | None:
    import shutil

    path = shutil.which("bash", path=variables.get("PATH", os.defpath))
    # A shell of many names, such as busybox, reads otherwise.
    return path if path and os.path.basename(os.path.realpath(path)).startswith("bash") else None


def reads_as_told(line: str, variables: Mapping[str, str]) -> bool:
    """Whether the strict reader's promise holds for ``line``: bash, and a locale it knows.

    In some encodings the second half of a character is a backslash or a bar.
    """
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((variables[name] for name in names if variables.get(name)), "")
    known = line.isascii() or _ENCODED_IN_UTF_8.fullmatch(locale) is not None
    return known and _bash(variables) is not None
