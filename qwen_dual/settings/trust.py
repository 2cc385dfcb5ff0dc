"""Which folders the user trusts: ``trustedFolders.json`` in the user's own settings folder.

A path maps to ``TRUST_FOLDER`` (it and all below), ``TRUST_PARENT`` (the folder above it and all
below that) or ``DO_NOT_TRUST``. The most specific rule decides; without one a folder is not trusted.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from qwen_dual.settings.files import BadFile, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "trustedFolders.json"


class TrustedFolders:
    """The user's list, read when it is first asked; one that cannot be read trusts nothing.

    Args:
        home: the user's settings folder.

    Attributes:
        path: the file.
        problem: why it cannot be used.
    """

    def __init__(self, home: str) -> None:
        self.path = os.path.join(home, FILE)
        self.problem: str | None = None
        self._rules: dict[str, Any] | None = None

    def trusts(self, folder: str) -> bool:
        """Whether ``folder`` may bring settings that reach beyond it."""
        if self._rules is None:
            try:
                self._rules, _ = read_object(self.path)
            except BadFile as error:
                self.problem = str(error)
                self._rules = {}
        return is_trusted(folder, self._rules)


def is_trusted(folder: str, rules: Mapping[str, Any]) -> bool:
    """Whether ``rules`` trust ``folder``; symbolic links are resolved on both sides."""
    folder = os.path.realpath(folder)
    best, trusted = -1, False
    for path, level in rules.items():
        root = os.path.realpath(os.path.expanduser(path))
        if level == "TRUST_PARENT":
            root = os.path.dirname(root)
        elif level not in ("TRUST_FOLDER", "DO_NOT_TRUST"):
            continue
        depth = len(root)
        if not _within(folder, root) or depth < best:
            continue
        # Of two rules for one folder the cautious one wins.
        trusted = level != "DO_NOT_TRUST" and (trusted or depth > best)
        best = depth
    return trusted


def _within(folder: str, root: str) -> bool:
    return folder == root or folder.startswith(root.rstrip(os.sep) + os.sep)
