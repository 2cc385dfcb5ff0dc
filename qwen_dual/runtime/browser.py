"""Opens a page in the person's browser: only where there is a screen for one, and nothing waits for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 5.0
"""How long the program that hands the page on may take; one that goes on is left to itself."""


def opener(env: Mapping[str, str]) -> list[str] | None:
    """The command that opens a page here; None where there is no screen, or no such program.

    ``$BROWSER`` may be one that needs the terminal, and is not looked at. Over SSH the screen, if there is
    one, is not where the person is.
    """
    if env.get("SSH_CONNECTION"):
        return None
    if sys.platform == "darwin":
        return ["/usr/bin/open"]
    if "WSL_DISTRO_NAME" in env and (found := shutil.which("wslview", path=env.get("PATH"))):
        return [found]
    if not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")):
        return None
    found = shutil.which("xdg-open", path=env.get("PATH"))
    return None if found is None else [found]


async def open_page(url: str, env: Mapping[str, str]) -> bool:
    """Opens ``url``, an address of http or https; whether there was a way to.

    Args:
        url: the page; checked by the caller.
        env: the session's environment.
    """
    command = opener(env)
    if command is None:
        return False
    try:
        process = await anyio.open_process(
            [*command, url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=env,
            cwd=os.sep,
            start_new_session=True,
        )
    except OSError:
        return False
    with anyio.move_on_after(SECONDS):
        return await process.wait() == 0
    return True
