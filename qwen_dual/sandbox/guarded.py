"""What a command must not change though it lies in the workspace: it would run outside later.

Git directories (hooks, ``core.fsmonitor``), the agents' own folders, editors' tasks, ``direnv``.
What exists can be made read-only. What does not exist yet cannot, without leaving empty files in
the person's folder; ``Watch`` tells afterwards when a command made it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from qwen_dual.fs.guarded import NAMES, PATHS
from qwen_dual.sandbox.hidden import outermost, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BARE: Final = frozenset(("HEAD", "config", "objects", "refs"))
_PASSED_OVER: Final = frozenset(("node_modules", ".venv", "venv", "__pycache__", ".tox"))
MAX_FOLDERS = 2000
MAX_DEPTH = 6
MAX_GITFILE = 4096


def guarded_paths(root: str, known: Iterable[str] = ()) -> list[str]:
    """What there is in ``root`` to protect: real paths, none inside another.

    Args:
        root: the workspace, a real path.
        known: what ``scan`` found deeper in it.
    """
    found = {path for path in known if os.path.lexists(path)}
    found.update(os.path.join(root, name) for name in _at_top(root))
    for path in [path for path in found if os.path.basename(path).lower() == ".git"]:
        found.update(git_directories(path))
    if _is_bare(root):
        found.update(os.path.join(root, name) for name in (*_BARE, "hooks", "info", "packed-refs"))
    real = (os.path.realpath(path) for path in found)
    return outermost(path for path in real if within(path, root) and path != root)


def git_directories(dot_git: str) -> list[str]:
    """What a ``.git`` file leads to: a worktree's directory and the one it shares."""
    target = _reference(dot_git, "gitdir:")
    if target is None:
        return []
    common = _reference(os.path.join(target, "commondir"), "")
    return [target, common] if common else [target]


def scan(root: str) -> list[str]:
    """Guarded names and bare repositories below the top of ``root``; bounded, links not followed."""
    found: list[str] = []
    folders = [(root, 0)]
    for count, (folder, depth) in enumerate(folders):
        if count >= MAX_FOLDERS:
            break
        names = list(_entries(folder))
        if depth and {name for name, _ in names} >= _BARE:
            found.append(folder)
            continue
        for name, is_folder in names:
            path = os.path.join(folder, name)
            if name.lower() in NAMES:
                found.append(path)
            elif is_folder and depth < MAX_DEPTH and name not in _PASSED_OVER:
                folders.append((path, depth + 1))
    return found


class Watch:
    """Notes what could not be protected, to tell afterwards whether a command changed it.

    Args:
        root: the workspace.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._before = self._now()

    def made(self) -> list[str]:
        """Guarded paths that are there now and were not, or were another file."""
        now = self._now()
        return sorted(path for path, mark in now.items() if self._before.get(path) != mark)

    def _now(self) -> dict[str, tuple[int, int, int]]:
        found = {}
        for name in _at_top(self._root):
            try:
                status = os.lstat(os.path.join(self._root, name))
            except OSError:
                continue
            # A link is a file of its own here: where it leads, nothing keeps it from being replaced.
            found[name] = (status.st_dev, status.st_ino, stat.S_IFMT(status.st_mode))
        return found


def _at_top(root: str) -> list[str]:
    """Those of ``NAMES`` and ``PATHS`` that are in ``root``, as they are written there."""
    try:
        there = os.listdir(root)
    except OSError:  # may be entered and not listed
        there = [*NAMES, *(path.partition("/")[0] for path in PATHS)]
    first = {name.lower() for name in there}  # some systems know no case
    found = [name for name in there if name.lower() in NAMES]
    found += [path for path in PATHS if path.partition("/")[0] in first]
    return [path for path in found if os.path.lexists(os.path.join(root, path))]


def _entries(folder: str) -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                yield entry.name, entry.is_dir(follow_symlinks=False)
    except OSError:
        return  # gone, or not ours to read


def _is_bare(folder: str) -> bool:
    return all(os.path.lexists(os.path.join(folder, name)) for name in _BARE)


def _reference(path: str, prefix: str) -> str | None:
    """The folder that a small file of git's names, absolute."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        line = os.read(descriptor, MAX_GITFILE).split(b"\n", 1)[0]
    except OSError:
        return None
    finally:
        os.close(descriptor)
    text = os.fsdecode(line)
    if not text.startswith(prefix) or "\0" in text:
        return None
    named = text.removeprefix(prefix).strip()
    return os.path.realpath(os.path.join(os.path.dirname(path), named)) if named else None
