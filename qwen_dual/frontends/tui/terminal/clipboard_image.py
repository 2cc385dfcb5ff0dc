"""An image from the person's clipboard, with a program of this machine. Blocks: for a thread.

Each program has seconds and a bound on what it may write, and is ended then. Nothing is asked of the
clipboard but what kinds it has, and the one kind that is taken.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_BYTES = 50_000_000
TIMEOUT = 3.0
"""Seconds for one program: a clipboard's owner that hangs is not waited for."""

KINDS = ("image/png", "image/jpeg", "image/webp", "image/gif")
_PATHS = "text/uri-list"
_MAX_LIST = 65_536

_APPLESCRIPT = """on run argv
  set target to open for access POSIX file (item 1 of argv) with write permission
  write (the clipboard as «class PNGf») to target
  close access target
end run"""


class Pasted(Struct, frozen=True):
    """What the clipboard holds.

    Attributes:
        image: the bytes of an image; empty where it has none.
        paths: the paths of files that were copied, as the clipboard has them.
        why: why there is neither, for a person.
    """

    image: bytes = b""
    paths: str = ""
    why: str = ""


def read_clipboard(env: Mapping[str, str], platform: str = sys.platform) -> Pasted:
    """The image in the clipboard.

    Args:
        env: the session's environment, which says what clipboard there is.
        platform: ``sys.platform``.
    """
    if platform == "darwin":
        return _of_macos(env)
    tools: list[tuple[str, Sequence[str], Sequence[str]]] = []
    if env.get("WAYLAND_DISPLAY"):
        tools.append(("wl-paste", ("--list-types",), ("--no-newline", "--type")))
    if env.get("DISPLAY"):
        of_x = ("-selection", "clipboard", "-o", "-t")
        tools.append(("xclip", (*of_x, "TARGETS"), of_x))
    if not tools:
        return Pasted(
            why="There is no clipboard to be reached from here: give an image by its path."
        )
    for name, types, read in tools:
        program = shutil.which(name, path=env.get("PATH"))
        if program is None:
            continue
        kinds = _output([program, *types], env, _MAX_LIST).decode(errors="replace").split()
        for kind in KINDS:
            if kind in kinds:
                image = _output([program, *read, kind], env, MAX_BYTES)
                if image:
                    return Pasted(image)
        if _PATHS in kinds:
            paths = _output([program, *read, _PATHS], env, _MAX_LIST).decode(errors="replace")
            return Pasted(paths=paths)
        return Pasted(why="There is no image in the clipboard.")
    names = " or ".join("wl-clipboard" if name == "wl-paste" else name for name, *_ in tools)
    return Pasted(why=f"To paste images, install {names}.")


def _of_macos(env: Mapping[str, str]) -> Pasted:
    program = shutil.which("pngpaste", path=env.get("PATH"))
    if program is not None:
        image = _output([program, "-"], env, MAX_BYTES)
        return Pasted(image) if image else Pasted(why="There is no image in the clipboard.")
    program = shutil.which("osascript", path=env.get("PATH"))
    if program is None:
        return Pasted(why="To paste images, install pngpaste.")
    with tempfile.TemporaryDirectory(prefix="qwen-dual-") as folder:
        path = os.path.join(folder, "clipboard.png")
        _output([program, "-e", _APPLESCRIPT, path], env, _MAX_LIST)
        try:
            with open(path, "rb") as file:
                image = file.read(MAX_BYTES + 1)
        except OSError:
            image = b""
    return Pasted(image) if image else Pasted(why="There is no image in the clipboard.")


def _output(command: Sequence[str], env: Mapping[str, str], most: int) -> bytes:
    """What a program writes; nothing where it fails, takes too long or writes too much."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            start_new_session=True,
        )
    except OSError:
        return b""
    assert process.stdout is not None
    data = bytearray()
    end = time.monotonic() + TIMEOUT
    with process, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        try:
            while len(data) <= most and selector.select(max(0.0, end - time.monotonic())):
                piece = os.read(process.stdout.fileno(), 1 << 20)
                if not piece:
                    status = process.wait(max(0.1, end - time.monotonic()))
                    return bytes(data) if status == 0 else b""
                data += piece
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
    return b""
