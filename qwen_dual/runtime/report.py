"""The text of ``/bug``: what somebody who looks into a problem would ask first, and no secret."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from qwen_dual import __version__
from qwen_dual.fs.home import home_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOG_LINES = 30
"""How much of the end of the debug log is shown."""

LOG_BYTES = 64 * 1024
"""How much of the end of the debug log is read."""

_PACKAGES = ("prompt-toolkit", "anyio", "pydantic", "orjson", "watchdog", "rich", "httpcore")
_TERMINAL = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "NO_COLOR", "LANG")


def bug_report(
    facts: Mapping[str, str],
    log_path: str,
    env: Mapping[str, str],
    scrub: Callable[[str], str],
) -> str:
    """The report, to be copied as it is.

    Args:
        facts: what the session knows of itself, by name.
        log_path: of the debug log, which may be missing.
        env: of the session; only what describes the terminal is shown.
        scrub: takes secrets out.
    """
    import platform

    lines = [
        f"qwen-dual {__version__}",
        f"Python {platform.python_version()}, {platform.platform()}",
        "Packages " + ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        "Terminal "
        + (", ".join(f"{name}={env[name]}" for name in _TERMINAL if env.get(name)) or "unknown"),
        f"Encoding {sys.stdout.encoding}",
    ]
    lines += [f"{name} {value}" for name, value in facts.items()]
    lines += _log(log_path)
    home = home_of(env)
    text = scrub("\n".join(lines))
    return text.replace(home, "~") if home not in ("", "/") else text


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _log(path: str) -> list[str]:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ["Debug log: empty"]
    return [f"The end of the debug log ({path}):", *lines[-LOG_LINES:]]
