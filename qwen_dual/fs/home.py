"""The person's own folder, as an environment names it, and the paths that begin with ``~``.

In place of ``os.path.expanduser``, which looks into the process's environment whoever asks: sessions
of one process may be of people, or of tests, with different ones.
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def home_of(env: Mapping[str, str]) -> str:
    """The person's home: ``HOME``, else what the system has on record; ``/`` where neither tells."""
    named = env.get("HOME")
    if not named:
        try:
            named = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:  # a container's user need not be on record
            named = ""
    return named.rstrip("/") or "/"


def expanded(path: str, home: str) -> str:
    """``path`` with its ``~`` or ``~name`` put in; as it is where nobody has that name.

    Args:
        path: any path.
        home: what ``~`` alone stands for.
    """
    if not path.startswith("~"):
        return path
    name, slash, rest = path[1:].partition("/")
    if name:
        try:
            home = pwd.getpwnam(name).pw_dir
        except (KeyError, ValueError):  # nobody's name, or none that anybody could have
            return path
    return home.rstrip("/") + slash + rest or "/"


def shortened(path: str, home: str) -> str:
    """``path`` for a person to read: with the home as ``~``."""
    if path == home or (home != "/" and path.startswith(home + os.sep)):
        return "~" + path[len(home) :]
    return path


def temporary_of(env: Mapping[str, str]) -> str | None:
    """The folder for temporary files that an environment names; None leaves it to the system."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        named = env.get(name, "")
        if os.path.isabs(named) and os.path.isdir(named) and os.access(named, os.W_OK | os.X_OK):
            return named
    return None
