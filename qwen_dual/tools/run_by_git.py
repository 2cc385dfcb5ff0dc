"""What git runs of a folder as it is configured: who writes to it has it run with the next commit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.fs.home import expanded
from qwen_dual.git.configured import beyond_values, files_of, is_included, own_files, own_values
from qwen_dual.git.repository import find_repository
from qwen_dual.tools.run_files import named_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qwen_dual.git.repository import Repository


class RunByGit:
    """What git runs of a folder, followed while a session goes on.

    The repository's configuration says so, and the person's own, which may name a file of any work tree
    (``core.hooksPath = hooks``).

    Args:
        folder: the workspace, a real path.
        home: what ``~`` stands for.
        env: the person's environment.
    """

    def __init__(self, folder: str, home: str, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._home = home
        self._env = env
        self._repository: Repository | None = None
        self._read: tuple[str, ...] = ()
        self._seen: tuple[object, ...] = ()
        self._files: frozenset[str] = frozenset()
        self._hooks: frozenset[str] = frozenset()

    def has(self, real: str) -> bool:
        """Whether git runs the file at ``real``, or would if it were made."""
        self._look()
        return real in self._files or os.path.dirname(real) in self._hooks

    def _look(self) -> None:
        if self._seen and self._state() == self._seen:
            return
        self._repository = find_repository(self._folder)
        self._seen = self._read = ()
        self._files = self._hooks = frozenset()
        if self._repository is None:
            return
        root = self._repository.root
        its = list(beyond_values(self._repository, self._home))
        own = list(own_values(self._home, self._env))
        settings = (*its, *own)
        included = (value for key, value in settings if is_included(key))
        self._read = (
            *files_of(self._repository),
            *own_files(self._home, self._env),
            *included,
        )
        self._seen = self._state()
        # Of the person's own a bare word is a program or a subcommand, as in ``st = status``.
        self._files = named_in(_values(its), root) | named_in(_values(own), root, bare=False)
        self._hooks = frozenset(
            os.path.realpath(os.path.join(root, expanded(value, self._home)))
            for key, value in settings
            if key == "core.hookspath"
        )

    def _state(self) -> tuple[object, ...]:
        """What a change of the configuration changes."""
        return tuple(map(_signature, self._read))


def _values(settings: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (value for _, value in settings)


def _signature(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
