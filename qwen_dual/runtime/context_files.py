"""The context files: what a person and a project want the model to know before the first prompt.

``QWEN.md`` of the user, then ``QWEN.md`` and ``AGENTS.md`` from the root of the repository down to the
folder. Reads, never writes.
"""

from __future__ import annotations

import codecs
import os
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.fs.foreign import ForeignFileError, inside, open_foreign, owners_in, read_up_to
from qwen_dual.git.repository import root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from qwen_dual.runtime.context_imports import Imports

NAMES = ("QWEN.md", "AGENTS.md")

MAX_CHARS = 40_000
"""Of one file; a longer one is cut, and says so."""

MAX_BYTES = 1 << 20
"""Of one file; what lies behind is not even counted."""


class ContextFile(Struct, frozen=True):
    """One file in force.

    Attributes:
        text: what the model gets of it.
        cut: characters that it does not get; of a file over ``MAX_BYTES``, about as many.
        parent: the file that names it with ``@``; empty for one that counts by its own name.
        trigger: the one of those that count by their own name which led to it.
    """

    path: str
    text: str
    cut: int = 0
    parent: str = ""
    trigger: str = ""


def context_files(
    folder: str,
    home: str,
    names: Sequence[str] = NAMES,
    *,
    trusted: bool = True,
    person: str = "",
    hidden: Callable[[str, str], bool] = lambda path, real: False,
    may_import: Callable[[str], bool] = lambda real: True,
    on_refused: Callable[[str], object] = lambda why: None,
) -> list[ContextFile]:
    """The files in force for ``folder``, in the order in which the model gets them.

    A repository's file may be a symbolic link within the repository, not out of it, and belongs to
    the user, to root, or, where the user is root, to the owner of ``folder``. The user's own may
    be a link anywhere.

    Args:
        folder: the workspace.
        home: the user's settings folder; only the first of ``names`` counts there.
        names: what the files are called.
        trusted: whether ``folder`` is: otherwise only the user's own file counts.
        person: the person's home, which their own file may name files of; that of ``home`` unless given.
        hidden: whether rules keep a file from the model, by its path and its real path.
        may_import: whether a file, by its real path, may be named with ``@`` by a context file.
        on_refused: told of each file that is there and is not used, and why.
    """
    folder = os.path.realpath(folder)
    owners = _owners(folder)
    places = [(os.path.join(home, name), "") for name in names[:1]]
    if trusted:
        places += _places(folder, names, owners)
    found: list[ContextFile] = []
    seen: set[str] = set()
    person = os.path.realpath(person or os.path.dirname(home))
    imports: Imports | None = None
    for path, root in places:
        real = os.path.realpath(path)
        if real in seen or os.path.isdir(real) or not os.path.lexists(path):
            continue
        seen.add(real)
        if hidden(path, real):
            on_refused(f"{path} is left out: a permission rule keeps it from the model")
            continue
        try:
            file = _read(path, root, owners)
        except ForeignFileError as error:
            on_refused(f"{error}; the file is left out")
        except FileNotFoundError:  # gone since it was looked for
            continue
        except OSError as error:
            on_refused(f"{path} cannot be read: {error.strerror}; the file is left out")
        else:
            if file is None:
                continue
            found.append(file)
            if "@" in file.text:
                imports = imports or _imports(owners, seen, hidden, may_import, on_refused)
                found += imports.of(file, os.path.realpath(root) if root else person, person)
    return found


def _imports(
    owners: Collection[int],
    seen: set[str],
    hidden: Callable[[str, str], bool],
    may_import: Callable[[str], bool],
    on_refused: Callable[[str], object],
) -> Imports:
    from qwen_dual.runtime.context_imports import Imports  # for those whose files name others

    return Imports(
        lambda path, root: _read(path, root, owners),
        seen,
        lambda path, real: hidden(path, real) or not may_import(real),
        on_refused,
    )


def project_files(folder: str, names: Sequence[str] = NAMES) -> list[str]:
    """The paths of a project's own files that are there; none is opened."""
    folder = os.path.realpath(folder)
    places = _places(folder, names, _owners(folder))
    return [path for path, _ in places if os.path.lexists(path)]


def as_prompt(files: Sequence[ContextFile]) -> str:
    """The files as a part of the system prompt; empty where there are none."""
    return "".join(f"\n\n--- {file.path} ---\n{file.text}" for file in files)


def _owners(folder: str) -> Collection[int]:
    """Whose files count in ``folder``; nobody's where it is gone."""
    try:
        return owners_in(os.stat(folder))
    except OSError:
        return ()


def _places(folder: str, names: Sequence[str], owners: Collection[int]) -> list[tuple[str, str]]:
    """Where a project's files may be, and the folder that each must not lead out of."""
    levels = _levels(folder, owners)
    return [(os.path.join(level, name), levels[0]) for level in levels for name in names]


def _levels(folder: str, owners: Collection[int]) -> list[str]:
    """From the root of the repository down to ``folder``; only itself outside of one."""
    root = root_of(folder, owners)  # another user's makes no repository of what is below it
    levels = [folder]
    while root is not None and levels[-1] != root:
        levels.append(os.path.dirname(levels[-1]))
    return levels[::-1]


def _read(path: str, root: str, owners: Collection[int]) -> ContextFile | None:
    if root:
        real, top = inside(path, root)
        fd = open_foreign(real, root=top, owners=owners)
    else:
        fd = open_foreign(path, follow=True)
    try:
        data = read_up_to(fd, MAX_BYTES)
        beyond = max(os.fstat(fd).st_size - len(data), 0)
    finally:
        os.close(fd)
    whole = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    text = whole[:MAX_CHARS].strip()
    rest = len(whole) - MAX_CHARS + beyond
    if rest <= 0:
        return ContextFile(path, text) if text else None
    return ContextFile(path, f"{text}\n[… {rest} characters of this file are left out …]", rest)
