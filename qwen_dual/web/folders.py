"""The folders that a session may be started in from a page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class FolderRefused(Exception):
    """No session is started there; says why, and what to do."""


class Folders:
    """Those below the ones that the command line named.

    Args:
        default: where a session starts unless it is said; a folder that exists.
        roots: further ones below which it may.
    """

    def __init__(self, default: str, roots: Sequence[str] = ()) -> None:
        self.default = os.path.realpath(default)
        self._roots = tuple(dict.fromkeys((self.default, *map(os.path.realpath, roots))))

    def checked(self, wanted: str | None) -> str:
        """The folder that a page means, with no link on the way to it.

        Args:
            wanted: a path, relative to the default one; None or empty for that.

        Raises:
            FolderRefused: it is none, or lies elsewhere.
        """
        if not wanted:
            return self.default
        if "\0" in wanted:
            raise FolderRefused("a path cannot hold the character NUL")
        path = os.path.realpath(os.path.join(self.default, wanted))
        if not any(path == root or path.startswith(root.rstrip("/") + "/") for root in self._roots):
            raise FolderRefused(
                f"{path} is not below {' or '.join(self._roots)}; the server has to be started with"
                f" --root {path}, so that sessions may be"
            )
        if not os.path.isdir(path):
            raise FolderRefused(f"{path} is no folder")
        if not os.access(path, os.R_OK | os.X_OK):
            raise FolderRefused(f"{path} cannot be entered by the server's user")
        return path
