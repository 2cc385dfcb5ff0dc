"""What git runs of a folder as its repository is configured: who writes to it has it run with the next commit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.fs.home import expanded
from qwen_dual.git.configured import beyond_values
from qwen_dual.git.repository import find_repository
from qwen_dual.tools.run_files import named_in

if TYPE_CHECKING:
    from qwen_dual.git.repository import Repository


class RunByGit:
    """What the configuration of a folder's repository has git run, followed while a session goes on.

    Args:
        folder: the workspace, a real path.
        home: what ``~`` stands for.
    """

    def __init__(self, folder: str, home: str) -> None:
        self._folder = folder
        self._home = home
        self._repository: Repository | None = None
        self._seen: tuple[object, ...] | None = None
        self._files: frozenset[str] = frozenset()
        self._hooks = ""

    def has(self, real: str) -> bool:
        """Whether git runs the file at ``real``, or would if it were made."""
        self._look()
        return real in self._files or os.path.dirname(real) == self._hooks

    def _look(self) -> None:
        state = self._state()
        if state is None:
            self._repository = find_repository(self._folder)
            state = self._state()
        if state == self._seen:
            return
        self._seen, self._files, self._hooks = state, frozenset(), ""
        if self._repository is None:
            return
        root = self._repository.root
        settings = list(beyond_values(self._repository, self._home))
        self._files = named_in((value for _, value in settings), root)
        for key, value in settings:
            if key == "core.hookspath":
                self._hooks = os.path.realpath(os.path.join(root, expanded(value, self._home)))

    def _state(self) -> tuple[object, ...] | None:
        """What a change of the configuration changes; None where there is none."""
        if self._repository is None:
            return None
        try:
            found = os.stat(os.path.join(self._repository.common_dir, "config"))
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
