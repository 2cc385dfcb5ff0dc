"""The file system as a command in a sandbox gets it; both backends are made from this. Pure.

Later entries lie deeper, so each holds for what is below it until a deeper one says otherwise.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from qwen_dual.sandbox.hidden import within

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PRIVATE: Final = ("/tmp", "/var/tmp")
"""Folders of which a command gets its own."""

Access = Literal["hidden", "read", "write"]


class View(Struct, frozen=True):
    """What is where.

    Attributes:
        root: the workspace, a real path.
        writable: whether commands may write there.
        hidden: what nothing is seen of.
        guarded: what is only read though it lies in the workspace.
        shown: what is read though it lies in a hidden or private folder.
    """

    root: str
    writable: bool
    hidden: Sequence[str] = ()
    guarded: Sequence[str] = ()
    shown: Sequence[str] = ()

    def entries(self) -> list[tuple[str, Access]]:
        """Each path with what may be done below it, the ones further up first."""
        found: dict[str, Access] = dict.fromkeys(self._hidden(), "hidden")
        for path in self.shown:
            found[path] = "read"
        found[self.root] = "write" if self.writable else "read"
        if self.writable:
            secret = [path for path, access in found.items() if access == "hidden"]
            inside = [path for path in secret if within(path, self.root)]
            for path in self.guarded:
                if not any(within(path, hidden) for hidden in inside):
                    found[path] = "read"
            self._pin(found)
        return sorted(found.items(), key=lambda item: item[0].count("/"))

    def _pin(self, found: dict[str, Access]) -> None:
        """Makes an entry of each folder on the way to what is hidden or guarded in the workspace.

        What is an entry cannot be renamed, so that nothing comes to lie where nobody looks for it.
        """
        for path in [path for path in found if within(path, self.root) and path != self.root]:
            while (path := os.path.dirname(path)) != self.root:
                found.setdefault(path, "write")

    def _hidden(self) -> Iterable[str]:
        for path in self.hidden:
            private = any(within(path, folder) for folder in PRIVATE)
            if not private or within(path, self.root):
                yield path
