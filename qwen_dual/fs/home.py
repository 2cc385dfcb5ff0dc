"""The person's own folders, as an environment names them, and the paths that begin with ``~``.

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


def qwen_home(env: Mapping[str, str], cwd: str = "") -> str:
    """The user's own settings folder: ``QWEN_HOME``, else ``~/.qwen``.

    Args:
        env: the environment.
        cwd: where a relative path begins; the process's folder unless given.
    """
    named = expanded(env.get("QWEN_HOME") or "~/.qwen", home_of(env))
    return os.path.abspath(os.path.join(cwd, named))


def runtime_directory(env: Mapping[str, str], home: str | None = None) -> str:
    """Where a user's running sessions have their files: ``$XDG_RUNTIME_DIR/qwen-dual``, or at home.

    Args:
        env: the environment.
        home: the settings folder; what ``env`` names unless given.
    """
    runtime = env.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and os.path.isdir(runtime):
        return os.path.join(runtime, "qwen-dual")
    return os.path.join(home or qwen_home(env), "run")


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
