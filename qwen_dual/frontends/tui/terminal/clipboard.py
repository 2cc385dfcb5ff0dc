"""Text into the person's clipboard: a program of this machine where it has one, tmux, or the terminal.

The only place that writes OSC 52. Over SSH the terminal is asked, since the clipboard of the other
machine is of no use.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from qwen_dual.core.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_BYTES = 100_000
"""What terminals take by OSC 52; xterm's own bound is about this."""

_TIMEOUT = 1.0  # seconds


async def copy(
    text: Callable[[], str],
    *,
    env: Mapping[str, str],
    write: Callable[[str], object],
    platform: str = sys.platform,
) -> str:
    """Copies a text and says what became of it; empty where there is none.

    A program may hang, and a text have megabytes: the keys do not wait for either.

    Args:
        text: gives it, in a thread.
        env: the environment.
        write: writes to the terminal, as it is.
        platform: ``sys.platform``.
    """
    told, sequence = await in_thread(lambda: _copied(text(), env, platform))
    if sequence:
        write(sequence)
    return told


def _copied(text: str, env: Mapping[str, str], platform: str) -> tuple[str, str]:
    """What became of ``text``, and what is to be written to the terminal for it."""
    if not text:
        return "", ""
    size = _size(text)
    import shutil

    tmux = shutil.which("tmux", path=env.get("PATH")) if env.get("TMUX") else None
    if not any(env.get(name) for name in ("SSH_CONNECTION", "SSH_TTY")):
        for command in commands(env, platform):
            if _run(command, text, env):
                return f"Copied {size} to the clipboard.", ""
    # It keeps the text and passes it on to the terminal, if that and `set-clipboard` allow it.
    if tmux is not None and _run((tmux, "load-buffer", "-w", "-"), text, env):
        where = "tmux's buffer, and to the clipboard if the terminal allows that"
        return f"Copied {size} to {where}.", ""
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_BYTES:
        told = (
            f"Not copied: {len(data)} bytes are more than a terminal takes ({MAX_BYTES}). "
            "/export writes the conversation to a file."
        )
        return told, ""
    told = f"Copied {size} through the terminal, if it allows that (OSC 52)."
    return told, osc_52(data, env)


def commands(env: Mapping[str, str], platform: str) -> list[Sequence[str]]:
    """The programs that could take the text, those that are there."""
    wanted: list[Sequence[str]] = []
    if platform == "darwin":
        wanted.append(("pbcopy",))
    if env.get("WAYLAND_DISPLAY"):
        wanted.append(("wl-copy",))
    if env.get("DISPLAY"):
        wanted.append(("xclip", "-selection", "clipboard"))
        wanted.append(("xsel", "--clipboard", "--input"))
    import shutil

    paths = [shutil.which(program, path=env.get("PATH")) for program, *_ in wanted]
    return [(path, *rest) for path, (_, *rest) in zip(paths, wanted, strict=True) if path]


def osc_52(data: bytes, env: Mapping[str, str]) -> str:
    """The sequence that sets the clipboard; tmux and screen pass it on where it is wrapped for them."""
    import base64

    from qwen_dual.protocol.osc import in_screen, in_tmux

    sequence = f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\x07"
    if env.get("TMUX"):
        return in_tmux(sequence)
    return in_screen(sequence) if env.get("STY") else sequence


def _run(command: Sequence[str], text: str, env: Mapping[str, str]) -> bool:
    import subprocess

    try:
        # What stays behind to serve the clipboard must hold no pipe of ours open.
        done = subprocess.run(
            command,
            input=text.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=env,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _size(text: str) -> str:
    lines = text.count("\n") + (not text.endswith("\n"))
    return f"{lines} lines" if lines > 1 else f"{len(text)} characters"
