"""Where a folder's repository is and which branch it is on, without running git.

Everything here may come from an archive that somebody else has packed: files are read bounded, as
regular files of the person's own, and a branch is told only if it could be one.
"""

from __future__ import annotations

import os
import re
import stat
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.fs.foreign import owners_in, read_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

MAX_BYTES = 4096
"""Of HEAD and of the files that say where it is."""

LOOK_SECONDS = 1.0
"""How long a branch is told without a look whether it is still the same."""

# Compiled when they are used: not every folder is one, and HEAD seldom is a commit.
_BRANCH = r"ref: refs/heads/([^\x00-\x20\x7f~^:?*\[\\]{1,200})\n?"
_COMMIT = r"([0-9a-f]{40}(?:[0-9a-f]{24})?)\n?"
_NO_BRANCH = ".invalid"  # what HEAD says where references are kept in tables


class Repository(Struct, frozen=True):
    """One repository.

    Attributes:
        root: its work tree, the real path.
        git_dir: where HEAD and the index are; a worktree has one of its own.
        common_dir: where the configuration, the objects and ``info`` are.
    """

    root: str
    git_dir: str
    common_dir: str


def root_of(folder: str, owners: Collection[int] | None = None) -> str | None:
    """The nearest folder from ``folder`` upwards that has a ``.git`` of whatever kind in it.

    Args:
        folder: an absolute path; its links are not followed.
        owners: whose ``.git`` counts; None for anybody's.
    """
    while True:
        try:
            found = os.lstat(os.path.join(folder, ".git"))
        except OSError:
            found = None
        if found is not None and (owners is None or found.st_uid in owners):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def find_repository(folder: str) -> Repository | None:
    """The repository around ``folder``; None outside of one, or where it is not the person's.

    A folder that looks like a bare repository is none: only what is called ``.git`` counts.
    """
    root = root_of(os.path.realpath(folder))
    if root is None:
        return None
    try:
        return _repository(root)
    except OSError:
        return None


def branch_of(repository: Repository) -> str | None:
    """The branch that is checked out, a short commit when detached, None where there is none."""
    try:
        head = read_foreign("HEAD", root=repository.git_dir, limit=MAX_BYTES)
    except OSError:
        return None
    text = head.decode("utf-8", "replace")
    named = re.fullmatch(_BRANCH, text)
    if named is not None:
        return None if named[1] == _NO_BRANCH or not named[1].isprintable() else named[1]
    commit = re.fullmatch(_COMMIT, text)
    return None if commit is None else commit[1][:7]


class Branch:
    """The branch of a folder, followed while a session goes on.

    Args:
        folder: need not be in a repository; one that is made later is found.
        now: a monotonic clock in seconds.
    """

    def __init__(self, folder: str, now: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._now = now
        self._repository: Repository | None = None
        self._seen: tuple[int, int, int] | None = None
        self._name: str | None = None
        self._fresh_until = float("-inf")

    @property
    def name(self) -> str | None:
        """What ``branch_of`` says, at most ``LOOK_SECONDS`` old."""
        if self._now() >= self._fresh_until:
            self._look()
            self._fresh_until = self._now() + LOOK_SECONDS
        return self._name

    def look_again(self) -> None:
        """Something ran that may have changed it: the next ``name`` is a fresh one."""
        self._fresh_until = float("-inf")

    def _look(self) -> None:
        state = self._state()
        if state is None:
            self._repository = find_repository(self._folder)
            state = self._state()
        if state is None or self._repository is None:
            self._name = None
        elif state != self._seen:
            self._name = branch_of(self._repository)
        self._seen = state

    def _state(self) -> tuple[int, int, int] | None:
        """What a change of HEAD changes: git puts a new file in its place."""
        if self._repository is None:
            return None
        try:
            found = os.lstat(os.path.join(self._repository.git_dir, "HEAD"))
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _repository(root: str) -> Repository | None:
    dot_git = os.path.join(root, ".git")
    found, owners = os.lstat(dot_git), owners_in(os.lstat(root))
    if found.st_uid not in owners:
        return None
    if stat.S_ISREG(found.st_mode):  # a worktree or a submodule: the file names the real place
        text = os.fsdecode(read_foreign(dot_git, limit=MAX_BYTES))
        target = text.partition("gitdir:")[2].strip()
        if not target:
            return None
        git_dir = os.path.join(root, target)
        found = os.lstat(git_dir)
    else:
        git_dir = dot_git
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        return None
    common_dir = git_dir
    try:
        shared = read_foreign("commondir", root=git_dir, limit=MAX_BYTES)
    except FileNotFoundError:
        pass
    else:
        common_dir = os.path.normpath(os.path.join(git_dir, os.fsdecode(shared).strip()))
        if os.lstat(common_dir).st_uid not in owners:
            return None
    return Repository(root, git_dir, common_dir)
