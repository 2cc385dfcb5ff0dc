"""Opens a link in the person's browser without telling it to the machine's other users.

Every user may read the arguments of every process, so the link is in none: the browser opens a file of this
user alone that leads on to it.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING

import anyio

from qwen_dual.fs.home import runtime_directory
from qwen_dual.fs.private import private_folder
from qwen_dual.runtime.browser import open_page, opener

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 30.0
"""For which the file is there."""


async def open_link(url: str, env: Mapping[str, str]) -> bool:
    """Opens ``url``; whether there was a way to. Returns once the file is away again."""
    if opener(env) is None:
        return False
    folder = runtime_directory(env)
    path = os.path.join(folder, f"open-{secrets.token_hex(8)}.html")
    try:
        private_folder(folder)
        _write(path, url)
        opened = await open_page(f"file://{path}", env)
        if opened:
            await anyio.sleep(SECONDS)
        return opened
    except OSError:
        return False
    finally:
        with suppress(OSError):
            os.unlink(path)


def _write(path: str, url: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(fd, "w", encoding="utf-8") as file:
        file.write(
            '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
            f'<meta http-equiv="refresh" content="0;url={escape(url, quote=True)}">\n'
        )
