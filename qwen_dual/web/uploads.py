"""Images that come from a page, kept as files of this user alone until their session or the server ends."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from typing import TYPE_CHECKING

from qwen_dual.fs.private import private_folder

if TYPE_CHECKING:
    from pathlib import Path

MAX_IMAGE_BYTES = 20 << 20
MAX_IMAGES = 100
MAX_SESSION_BYTES = 200 << 20
"""Of the images of one session."""

_KINDS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"))


class NoImage(ValueError):
    """What came is no image that is taken."""


class Uploads:
    """The images of all sessions.

    Args:
        folder: where; made with the first of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def keep(self, key: str, name: str, data: bytes) -> str:
        """Keeps an image; its path.

        Args:
            key: of the session.
            name: what the person calls it: only for messages.
            data: its bytes.

        Raises:
            NoImage: it is none, or there are as many as may be.
            OSError: there is no room for it.
        """
        kind = kind_of(data)
        if kind is None:
            raise NoImage(f"{name[:100]!r} is no PNG, JPEG, GIF or WebP")
        folder = self._folder / key
        private_folder(str(self._folder))
        private_folder(str(folder))
        with self._lock:  # several come at once, each in a thread
            return self._kept(folder, kind, data)

    def _kept(self, folder: Path, kind: str, data: bytes) -> str:
        sizes = [entry.stat(follow_symlinks=False).st_size for entry in os.scandir(folder)]
        if len(sizes) >= MAX_IMAGES or sum(sizes) + len(data) > MAX_SESSION_BYTES:
            raise NoImage(f"this session has {len(sizes)} images already: as many as may be")
        path = folder / f"{secrets.token_hex(8)}.{kind}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(fd, "wb") as file:
            file.write(data)
        return str(path)

    def forget(self, key: str) -> None:
        """Removes those of a session."""
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def forget_all(self) -> None:
        """Removes all of them."""
        shutil.rmtree(self._folder, ignore_errors=True)


def kind_of(data: bytes) -> str | None:
    """What ending the name of an image has; None for what is none."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((kind for begins, kind in _KINDS if data.startswith(begins)), None)
