"""Where definitions lie: the project's folders before the person's own, ``.qwen`` before ``.claude``."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from msgspec import Struct

from qwen_dual.definitions.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from qwen_dual.definitions.front_matter import FrontMatter

Source = Literal["project", "user", "builtin"]
"""Whose a definition is."""

MAX_FILES = 500
"""Of one kind in one place; those behind it in the order of their names are left out."""

MAX_DEPTH = 8
"""Folders below a place that are gone into."""

Found = TypeVar("Found")


class Place(Struct, frozen=True):
    """One folder that may hold definitions of one kind.

    Attributes:
        path: the folder.
        source: whose it is.
        root: what a project's files must lie in, without a link on the way; empty for the person's.
    """

    path: str
    source: Source
    root: str = ""

    @property
    def is_claudes(self) -> bool:
        """Whether it is one of Claude Code's."""
        return os.path.basename(os.path.dirname(self.path)) == ".claude"

    def read(self, path: str, limit: int | None = None) -> FrontMatter:
        """The file at ``path`` in here, of at most ``limit`` bytes.

        Raises:
            DefinitionError: it cannot be used.
        """
        from qwen_dual.definitions.front_matter import MAX_BYTES, read_front_matter

        return read_front_matter(path, root=self.root or None, limit=limit or MAX_BYTES)


class Listing(Struct, Generic[Found], frozen=True):
    """What was found.

    Attributes:
        found: by name, in the order of the places.
        errors: the files that are there and cannot be used.
        shadowed: what another of the same name comes before.
    """

    found: dict[str, Found]
    errors: tuple[DefinitionError, ...] = ()
    shadowed: tuple[Found, ...] = ()


def places(kind: str, folder: str, home: str, person: str, *, trusted: bool) -> list[Place]:
    """The places of one kind that exist, those first that win.

    Args:
        kind: what the folders are called: ``agents``, ``skills``, ``commands``, ``output-styles``.
        folder: the workspace.
        home: the person's settings folder (``~/.qwen``).
        person: the person's home.
        trusted: whether ``folder`` is: otherwise nothing in it counts.
    """
    own = [os.path.join(home, kind), os.path.join(person, ".claude", kind)]
    found: list[Place] = []
    if trusted:
        mine = {os.path.realpath(path) for path in own}
        root = os.path.realpath(folder)
        for name in (".qwen", ".claude"):
            path = os.path.join(root, name, kind)
            if os.path.isdir(path) and os.path.realpath(path) not in mine:
                found.append(Place(path, "project", root))
    return found + [Place(path, "user") for path in own if os.path.isdir(path)]


def files(place: Place, *endings: str, deep: bool = False) -> list[str]:
    """The files in ``place`` whose names have one of ``endings``, in order.

    No link to a folder is followed in a project's, and none twice in the person's.

    Args:
        place: where.
        endings: such as ``.md``.
        deep: whether folders within count.

    Raises:
        DefinitionError: the place cannot be read.
    """
    found: list[str] = []
    for path in _walk(place, MAX_DEPTH if deep else 0):
        if path.endswith(endings):
            found.append(path)
            if len(found) == MAX_FILES:
                break
    return found


def folders(place: Place) -> list[str]:
    """The folders in ``place``, in order; in a project's, none that is a link.

    Raises:
        DefinitionError: the place cannot be read.
    """
    entries = [entry for entry in _entries(place.path) if _is_folder(entry, place)]
    return [entry.path for entry in entries[:MAX_FILES]]


def gather(
    places: list[Place],
    paths: Callable[[Place], Iterable[str]],
    read: Callable[[str, Place], Found],
    name_of: Callable[[Found], str],
) -> Listing[Found]:
    """What all ``places`` hold; of one name the first.

    Args:
        places: where, those first that win.
        paths: the files of a place; may raise ``DefinitionError``.
        read: the definition in one of them; likewise.
        name_of: what a definition is known by.
    """
    found: dict[str, Found] = {}
    errors: list[DefinitionError] = []
    shadowed: list[Found] = []
    for place in places:
        taken: dict[str, str] = {}
        try:
            for path in paths(place):
                try:
                    one = read(path, place)
                except DefinitionError as error:
                    errors.append(error)
                    continue
                name = name_of(one)
                if name in taken:
                    first = os.path.relpath(taken[name], place.path)
                    errors.append(DefinitionError(path, 1, f"“{name}” is in {first} already"))
                    continue
                taken[name] = path
                if name in found:
                    shadowed.append(one)
                found.setdefault(name, one)
        except DefinitionError as error:
            errors.append(error)
    return Listing(found, tuple(errors), tuple(shadowed))


def _walk(place: Place, depth: int) -> Iterator[str]:
    """Every file, folders after the files beside them."""
    waiting: list[tuple[str, int]] = [(place.path, 0)]
    seen = {os.path.realpath(place.path)}
    while waiting:
        folder, level = waiting.pop(0)
        for entry in _entries(folder):
            if not _is_folder(entry, place):
                yield entry.path
            elif level < depth and (real := os.path.realpath(entry.path)) not in seen:
                seen.add(real)
                if len(seen) <= MAX_FILES:
                    waiting.append((entry.path, level + 1))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            listed = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise DefinitionError(folder, 0, f"cannot be read: {error.strerror}") from None
    return sorted(listed, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str], place: Place) -> bool:
    try:
        return entry.is_dir(follow_symlinks=not place.root)
    except OSError:
        return False


def stamp(kind: str, folder: str, home: str, person: str, *, trusted: bool) -> tuple[object, ...]:
    """What is another as soon as any file of a kind, or where one may be, is; arguments as ``places``."""
    found: list[object] = []
    for place in places(kind, folder, home, person, trusted=trusted):
        try:
            paths = list(islice(_walk(place, MAX_DEPTH), 4 * MAX_FILES))
        except DefinitionError as error:
            found.append(str(error))
            continue
        found += [(path, _changed(path)) for path in (place.path, *paths)]
    return tuple(found)


def _changed(path: str) -> tuple[int, int, int] | None:
    try:
        now = os.stat(path)
    except OSError:
        return None
    return now.st_mtime_ns, now.st_size, now.st_ino
