"""Paths of images in what was pasted: what terminals write when a file is dropped on them. Pure.

Each does so in its own way: quoted, with backslashes, as ``file://`` addresses, or as it is.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import unquote, urlsplit

MAX_PATHS = 20
MAX_CHARS = 20_000

_IMAGE = re.compile(r"(?:/|~/).*\.(?:png|jpe?g|gif|webp)", re.IGNORECASE)
_LOCAL = ("", "localhost")


def dropped(text: str) -> list[list[str]]:
    """What a paste may mean as paths of images, the likeliest first; nothing where it is a text.

    Each reading accounts for all of the paste: a path in a sentence is left in it.
    """
    text = text.strip()
    if not text or len(text) > MAX_CHARS or "." not in text:
        return []
    readings = [[text]] if "\n" not in text else []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        readings.append(lines)
    try:
        readings.append(shlex.split(text))
    except ValueError:  # a quote that is not closed
        pass
    found: list[list[str]] = []
    for reading in readings:
        paths = [_path(word) for word in reading[: MAX_PATHS + 1]]
        known = [path for path in paths if path is not None]
        if len(known) == len(paths) <= MAX_PATHS and known not in found:
            found.append(known)
    return found


def _path(word: str) -> str | None:
    """The path of an image that ``word`` is; None for anything else."""
    if word.startswith("file://"):
        try:
            parts = urlsplit(word)
        except ValueError:
            return None
        word = unquote(parts.path, errors="replace") if parts.netloc in _LOCAL else ""
    if "\0" in word or not _IMAGE.fullmatch(word):
        return None
    return word
