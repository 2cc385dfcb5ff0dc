"""The built page, read once: each file with its tag, its type and itself in gzip.

A path is looked up among those that were read, so that none can lead out of the folder.
"""

from __future__ import annotations

import gzip
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

INDEX = "index.html"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_MIN_GZIP = 1024
_HASHED = re.compile(r"assets/.+-[A-Za-z0-9_-]{8,}\.\w+")
"""A name that vite made of the content: what it names never changes."""


class PageMissing(Exception):
    """The page is not built."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"the page is not built ({folder / INDEX} is missing): run `make page` in the checkout"
            " (Node and npm are needed), or install a released wheel, which has it inside"
        )


class StaticFile(Struct, frozen=True):
    """One file of the page.

    Attributes:
        data: its bytes.
        packed: the same in gzip; None where that saves nothing.
        media_type: what it is.
        tag: a strong ETag of its bytes.
        lasting: whether its name stands for its content for ever.
    """

    data: bytes
    packed: bytes | None
    media_type: str
    tag: str
    lasting: bool


def read_page(folder: Path) -> dict[str, StaticFile]:
    """The files of a built page, by their path in it.

    Raises:
        PageMissing: it is not built.
    """
    if not (folder / INDEX).is_file():
        raise PageMissing(folder)
    files = {}
    for path in sorted(folder.rglob("*")):
        media_type = _TYPES.get(path.suffix)
        if media_type is None or path.is_symlink() or not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        files[name] = _read(path.read_bytes(), media_type, lasting=bool(_HASHED.fullmatch(name)))
    return files


def _read(data: bytes, media_type: str, *, lasting: bool) -> StaticFile:
    packed = gzip.compress(data, 9, mtime=0) if len(data) >= _MIN_GZIP else None
    if packed is not None and len(packed) >= len(data):
        packed = None
    return StaticFile(data, packed, media_type, sha256(data).hexdigest()[:32], lasting)
