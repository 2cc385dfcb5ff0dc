"""Every file and folder of a workspace that a person may want to name. Blocks; for a thread.

Git is asked where it knows the folder and the person trusts it: it leaves out what .gitignore names
several times faster than a walk that reads the rules itself. .qwenignore holds either way. Nothing is
read but names.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from qwen_dual.fs.tree import Tree
from qwen_dual.git.repository import find_repository
from qwen_dual.tools.filters import ALL
from qwen_dual.tools.ignore import Ignore
from qwen_dual.tools.walk import Walk

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from qwen_dual.tools.filters import Filters

MAX_ENTRIES = 200_000
GIT_SECONDS = 20.0
FIRST_NEWS = 2000
"""Entries after which a walk tells for the first time what it has; then at four times as many."""

_QWENIGNORE = ".qwenignore"


def list_paths(
    root: str,
    gone: threading.Event,
    *,
    env: Mapping[str, str],
    news: Callable[[list[str]], object] = lambda _: None,
    most: int = MAX_ENTRIES,
    filters: Filters = ALL,
    recursive: bool = True,
    trusted: bool = False,
) -> list[str]:
    """Paths relative to ``root``, folders with ``/`` at the end, the highest first.

    Args:
        root: the workspace, its real path.
        gone: ends it early when set; what it returns then is not all.
        env: the session's environment, for git.
        news: gets what was found while more is looked for.
        most: entries beyond which nothing is looked for.
        filters: which ignore files count.
        recursive: whether folders are looked into.
        trusted: whether git may be asked: the repository's configuration is git's.
    """
    ignore = Ignore(root, root, filters=filters)
    if ignore.hides_base:
        return []
    files = _git_files(root, env, gone) if recursive and trusted and filters.gitignore else None
    if files is not None:
        return _with_folders(_sayable(_not_kept_back(root, files, ignore)), most)
    try:
        tree = Tree(root)
    except OSError:
        return []  # it has gone, or may not be read
    with tree:
        walk = Walk(tree, root, ignore, gone)
        if recursive:
            return _walked(walk, root, news, most)
        entries = walk.entries(root)
        names = (f"{e.name}/" if e.leads_to_folder() else e.name for e in entries)
        return sorted(islice(_sayable(names), most))


def _walked(walk: Walk, root: str, news: Callable[[list[str]], object], most: int) -> list[str]:
    start = len(root.rstrip("/")) + 1
    found: list[str] = []
    told = FIRST_NEWS
    for entry in islice(walk.files(), most):
        found.append(entry.path[start:])
        if len(found) == told:
            told *= 4
            news(_with_folders(_sayable(found), most))
    return _with_folders(_sayable(found), most)


def _git_files(root: str, env: Mapping[str, str], gone: threading.Event) -> list[str] | None:
    """The files that git knows or would add; None where it cannot tell of all of them."""
    if os.path.exists(os.path.join(root, ".gitmodules")):
        return None  # it names a submodule, but not what is in it
    listed = _git(root, env, gone, "--cached", "--others", "--exclude-standard", "--deduplicate")
    # Git lists nothing in a folder that is ignored itself; here it is the workspace all the same.
    if not listed or any(path.endswith("/") for path in listed):
        return None  # a repository within this one
    deleted = _git(root, env, gone, "--deleted")
    return None if deleted is None else list(dict.fromkeys(listed).keys() - set(deleted))


def _git(
    root: str, env: Mapping[str, str], gone: threading.Event, *options: str
) -> list[str] | None:
    """The paths that ``git ls-files`` names; None when it fails, or takes too long."""
    repository = find_repository(root)
    if repository is None:
        return None
    arguments = ("ls-files", "-z", *options)
    from qwen_dual.git.run import run

    output = run(repository, arguments, folder=root, env=env, seconds=GIT_SECONDS, gone=gone)
    if output is None:
        return None
    return [os.fsdecode(path) for path in output.split(b"\0") if path]


def _not_kept_back(root: str, files: Iterable[str], ignore: Ignore) -> Iterator[str]:
    """``files`` without what a .qwenignore names, in the order of their names."""
    ordered = sorted(files)
    folders = {"", *(os.path.dirname(path) for path in ordered)}
    if not any(os.path.exists(os.path.join(root, name, _QWENIGNORE)) for name in _all(folders)):
        yield from ordered
        return
    known = {"": ignore.hides_base}

    def is_hidden(folder: str) -> bool:
        unknown = []
        while folder not in known:
            unknown.append(folder)
            folder = os.path.dirname(folder)
        hidden = known[folder]
        for level in reversed(unknown):  # in a loop: a folder is as deep as somebody made it
            hidden = hidden or ignore.ignores(os.path.join(root, level), is_dir=True)
            known[level] = hidden
        return hidden

    for path in ordered:
        if not is_hidden(os.path.dirname(path)) and not ignore.ignores(
            os.path.join(root, path), is_dir=False
        ):
            yield path


def _all(folders: Iterable[str]) -> set[str]:
    """``folders`` and those above them."""
    every: set[str] = set()
    for folder in folders:
        while folder not in every:
            every.add(folder)
            folder = os.path.dirname(folder)
    return every


def _sayable(paths: Iterable[str]) -> Iterator[str]:
    """Those that can stand in a prompt: in UTF-8, in one line."""
    return (path for path in paths if path.isprintable())


def _with_folders(files: Iterable[str], most: int) -> list[str]:
    kept = list(islice(files, most))
    folders = _all(os.path.dirname(path) for path in kept) - {""}
    every = [*(f"{folder}/" for folder in folders), *kept]
    every.sort(key=lambda path: (path.count("/", 0, -1), path))
    return every
