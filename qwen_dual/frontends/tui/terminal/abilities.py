"""What a terminal can be told beyond text, as far as the environment says which one it is. Pure.

Nothing asks a terminal for most of this, and some print or pop up what they do not know: a terminal is told
only what it is known to take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qwen_dual.protocol.osc import TERMINAL_READ

if TYPE_CHECKING:
    from collections.abc import Mapping

Alert = Literal["bell", "osc9", "osc99", "osc777"]
"""How a terminal is made to call a person: its bell, or a notification by one of three sequences."""

MULTIPLEXERS = ("TMUX", "STY", "ZELLIJ")
"""Their own variables stand beside those of the terminal around them, which they hide."""

_SILENT = ("", "dumb", "linux", "unknown")
_777 = ("ghostty", "WezTerm", "contour", "WarpTerminal")
# From this version on (OSC 9;4 was a notification before, if anything).
_PROGRESS = {"iTerm.app": (3, 6, 6), "ghostty": (1, 2), "WezTerm": (20250209,)}
_VTE_PROGRESS = 7900


def is_spoken_to(env: Mapping[str, str]) -> bool:
    """Whether the terminal is told anything at all: no log of a CI job, and no dumb terminal.

    A host that reads what the terminal is told says so (``TERMINAL_READ``), in a CI job too.

    Args:
        env: the session's environment.
    """
    in_ci = env.get("CI", "").lower() not in ("", "0", "false")
    unread = not env.get(TERMINAL_READ) and (in_ci or env.get("NO_COLOR"))
    return not unread and env.get("TERM", "") not in _SILENT


def is_multiplexed(env: Mapping[str, str]) -> bool:
    """Whether a multiplexer stands between the session and the terminal."""
    return any(env.get(name) for name in MULTIPLEXERS)


def shows_progress(env: Mapping[str, str]) -> bool:
    """Whether the terminal shows progress (OSC 9;4), and takes it for nothing else."""
    if is_multiplexed(env):
        return False
    if env.get("WT_SESSION") or env.get("ConEmuANSI") == "ON":
        return True
    since = _PROGRESS.get(env.get("TERM_PROGRAM", ""))
    if since is not None:
        return _version(env.get("TERM_PROGRAM_VERSION", "")) >= since
    vte = env.get("VTE_VERSION", "")
    return vte.isdecimal() and int(vte) >= _VTE_PROGRESS


def alert_of(env: Mapping[str, str]) -> Alert:
    """How this terminal calls a person; a bell where nothing more is known of it."""
    if is_multiplexed(env):
        return "bell"  # which they show at the window's name
    term, program = env.get("TERM", ""), env.get("TERM_PROGRAM", "")
    if env.get("KITTY_WINDOW_ID") or term == "xterm-kitty":
        return "osc99"
    if program == "iTerm.app":
        return "osc9"
    return "osc777" if program in _777 or term.startswith("foot") else "bell"


def _version(text: str) -> tuple[int, ...]:
    """The leading numbers of a version such as ``3.6.6``; of ``20250209-182623-44866cc1`` the first."""
    numbers: list[int] = []
    for part in text.replace("-", ".").split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
