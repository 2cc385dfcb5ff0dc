"""What the searching tools leave out: .git, and what .gitignore and .qwenignore name.

As in git, the file nearest to a path decides, and nothing comes back from inside an ignored
folder. A folder that a call names itself is searched although .gitignore names it; .qwenignore
holds even then, since it keeps things from the model.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from qwen_dual.core.text.gitignore import Rules
from qwen_dual.fs.foreign import open_foreign, owners_in
from qwen_dual.git.repository import root_of
from qwen_dual.tools.filters import ALL, Filters
from qwen_dual.tools.workspace import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.tools.workspace import Folder


class Hidden(Protocol):
    """Says whether a file or folder is kept from the model."""

    def __call__(self, path: str, /, *, is_folder: bool) -> bool:
        """Whether it is."""
        ...


MAX_IGNORE_BYTES = 1 << 20


class Ignore:
    """Rules for everything below ``base``; made anew for each call, so it knows today's files.

    Args:
        base: the real path of the folder that is searched.
        root: the workspace; rules count from the top of its git repository, if it is in one.
        hidden: what is kept from the model besides, by real path.
        filters: which files count.

    Attributes:
        hides_base: whether .qwenignore keeps ``base`` itself from the model.
    """

    def __init__(
        self,
        base: str,
        root: str,
        hidden: Hidden = lambda _, is_folder: False,
        filters: Filters = ALL,
    ) -> None:
        self._base = base
        self._filters = filters
        self._hidden = hidden
        self._top = _top_of(base, root)
        self._chains: dict[tuple[str, str], tuple[tuple[int, Rules], ...]] = {}
        self._exclude = _load(os.path.join(self._top, ".git", "info", "exclude"))
        levels = _levels(base, self._top)
        self.hides_base = any(self._qwenignored(path, is_dir=True) for path in levels)
        self._base_is_named = any(self._gitignored(path, is_dir=True) for path in levels)

    def ignores(self, path: str, *, is_dir: bool) -> bool:
        """Whether ``path``, whose parents are not ignored, is left out."""
        if path.endswith("/.git") or self._qwenignored(path, is_dir=is_dir):
            return True
        if self._hidden(path, is_folder=is_dir):
            return True
        return not self._base_is_named and self._gitignored(path, is_dir=is_dir)

    def keeps_back(self, path: str) -> bool:
        """Whether .qwenignore keeps the file ``path``, which is in the base, from the model."""
        return self.hides_base or self._qwenignored(path, is_dir=False)

    def hides(self, path: str) -> bool:
        """Whether the file ``path`` or a folder between it and the base is left out."""
        return any(self.ignores(level, is_dir=level != path) for level in _levels(path, self._base))

    def _qwenignored(self, path: str, *, is_dir: bool) -> bool:
        return self._filters.qwenignore and bool(self._matches(path, ".qwenignore", is_dir=is_dir))

    def _gitignored(self, path: str, *, is_dir: bool) -> bool:
        if not self._filters.gitignore:
            return False
        found = self._matches(path, ".gitignore", is_dir=is_dir)
        if found is None and self._exclude is not None:
            return bool(self._exclude.check(_names(path, self._top), is_folder=is_dir))
        return bool(found)

    def _matches(self, path: str, name: str, *, is_dir: bool) -> bool | None:
        """What the nearest ``name`` that speaks of ``path`` says; None if none does."""
        for start, rules in self._chain(os.path.dirname(path), name):
            found = rules.check(path[start:].split("/"), is_folder=is_dir)
            if found is not None:
                return found
        return None

    def _chain(self, folder: str, name: str) -> tuple[tuple[int, Rules], ...]:
        """The rules in force in ``folder``, the nearest first, each with where its paths begin.

        A folder is deep as somebody else made it: it is gone through in a loop, and each level's
        are kept for what lies below.
        """
        unknown = []
        while (folder, name) not in self._chains and within(folder, self._top):
            unknown.append(folder)
            if folder == "/":
                break
            folder = os.path.dirname(folder)
        chain = self._chains.get((folder, name), ())
        for level in reversed(unknown):
            rules = _load(os.path.join(level, name))
            if rules:
                chain = ((len(level.rstrip("/")) + 1, rules), *chain)
            self._chains[level, name] = chain
        return chain


def ignore_below(base: str, workspace: Folder) -> Ignore:
    """What a search below the real path ``base`` leaves out."""
    return Ignore(base, workspace.root, workspace.hidden, workspace.filters)


def kept_back(real: str, workspace: Folder) -> bool:
    """Whether a .qwenignore of the workspace keeps the file ``real`` from the model."""
    if not workspace.filters.qwenignore:
        return False
    folder, root = os.path.dirname(real), workspace.root
    folders = [root, *_levels(folder, root)] if within(folder, root) else []
    if not any(os.path.exists(os.path.join(level, ".qwenignore")) for level in folders):
        return False  # nearly always, and then no rules are read
    return Ignore(folder, root).keeps_back(real)


def _top_of(base: str, root: str) -> str:
    """The git repository that holds ``base``, else the workspace if that does, else ``base``."""
    folder = root_of(base)
    if folder is None:
        return root if within(base, root) else base
    # A workspace that is not the repository's own may lie above it.
    return root if within(folder, root) else folder


def _levels(path: str, top: str) -> list[str]:
    """``path`` and the folders above it, the highest first, ``top`` not among them."""
    levels = []
    while path != top and within(path, top):
        levels.append(path)
        path = os.path.dirname(path)
    levels.reverse()
    return levels


def _names(path: str, top: str) -> Sequence[str]:
    """The names of ``path`` from ``top`` on."""
    return path[len(top.rstrip("/")) + 1 :].split("/")


def _load(path: str) -> Rules | None:
    """The rules of one file; None if there is none that can be read."""
    try:
        os.lstat(path)  # nearly always there is none
        # Whoever owns a folder has the say of what is in it: a checkout may be shared.
        folder = os.stat(os.path.dirname(path))
        fd = open_foreign(path, owners={*owners_in(folder), folder.st_uid})
        with os.fdopen(fd, "rb") as file:
            text = os.fsdecode(file.read(MAX_IGNORE_BYTES))
    except OSError:
        return None
    return Rules.parse(text.removeprefix("\ufeff").split("\n"))
