"""The keys in the environment: known to the program, and to nothing that it starts.

They are taken out of the process's own environment, so that no child of any kind gets them: a
command, an editor, git. What the session needs of them it has read before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.fs.proc import stat_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from qwen_dual.core.secrets import Secrets


def names_of_keys(
    env: Mapping[str, str], secrets: Secrets, named: Iterable[str], passed: Collection[str]
) -> list[str]:
    """The variables that hold a secret.

    Args:
        env: the environment.
        secrets: what must not be shown.
        named: variables that keys of services come from, however short.
        passed: variables that the person wants children to get all the same.
    """
    keys = set(named)
    found = (name for name, value in env.items() if name in keys or secrets.holds(value))
    return sorted(name for name in found if name not in passed)


def withhold(names: Iterable[str]) -> None:
    """Takes variables out of the process's environment."""
    for name in names:
        os.environ.pop(name, None)


def wipe(names: Collection[str]) -> bool:
    """Overwrites what the system shows of them in ``/proc``; whether it could.

    What a process was started with stays there however its environment changes, and is open to
    every process of the same user. Linux only.
    """
    if not names:
        return True
    import ctypes

    try:
        with open("/proc/self/environ", "rb") as file:
            block = file.read()
    except OSError:
        return False
    stat = stat_of()
    start, end = stat.environment if stat is not None else (0, 0)
    if not start or len(block) > end - start:
        return False
    at = 0
    for entry in block.split(b"\0"):
        name, equals, value = entry.partition(b"=")
        if equals and os.fsdecode(name) in names:
            ctypes.memset(start + at + len(name) + 1, ord("x"), len(value))
        at += len(entry) + 1
    return True
