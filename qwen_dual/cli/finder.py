"""Finds and loads modules in fewer steps than Python's own finder, which it asks where anything is unusual.

A start imports five hundred modules, each a small file, and finding and reading one takes Python longer than
running it: eleven calls of the system, where its compiled code is there and current. Here it takes five: the
folder is listed once, the source is asked for its time, and the compiled file is read by its descriptor.
"""

from __future__ import annotations

import os
import sys
from _imp import _fix_co_filename  # type: ignore[attr-defined]  # as importlib does
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    BuiltinImporter,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import MAGIC_NUMBER
from marshal import loads
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

_LOADERS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)
"""As Python's own finder has them."""

_BEFORE = tuple(EXTENSION_SUFFIXES)
_OTHER = (*EXTENSION_SUFFIXES, *BYTECODE_SUFFIXES)

_HEAD = 16
"""Bytes before the code: magic number, flags, time and size of the source (PEP 552)."""

_BY_TIME = bytes(4)
"""The flags of compiled code that counts as long as its source has the same time and size."""

_PIECE = 1 << 16

_SECONDS = 2.0
"""For how long what a folder does not have when it is listed is not looked for again.

A start asks several folders for each library. Who makes a module and imports it at once has to call
``importlib.invalidate_caches`` for Python's own finder too.
"""


def find_quickly() -> None:
    """Has modules found this way from now on, in this process.

    No effect where compiled code is kept elsewhere or not made use of as usual.
    """
    if sys.implementation.name == "cpython" and sys.pycache_prefix is None:
        sys.path_hooks.insert(0, _folder_at)
        sys.path_importer_cache.clear()
        # Behind what somebody has put before Python's own: that means to come first.
        own = sys.meta_path.index(BuiltinImporter) if BuiltinImporter in sys.meta_path else 0
        sys.meta_path.insert(own, _Within())


def _folder_at(path: str) -> Folder:
    try:
        return Folder(path)
    except (OSError, ValueError) as error:  # no folder: an archive, perhaps
        raise ImportError(str(error), path=path) from None


class _Within:
    """Goes before Python's own finders, for the modules of packages: none of those is built in or frozen."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module is whose package is one folder, and the module plain source; else None."""
        if type(path) is not list or len(path) != 1:
            return None
        folder = sys.path_importer_cache.get(path[0])
        return folder.plain(fullname) if type(folder) is Folder else None


class Folder(FileFinder):
    """The modules of a folder on ``sys.path``, or of a package.

    Args:
        path: of the folder.

    Raises:
        OSError: it cannot be listed.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path, *_LOADERS)
        self._begin_list()
        self._names = frozenset(os.listdir(path))

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where a module is; Python's own way for what is not plain source. None where it is not here."""
        if (found := self.plain(fullname)) is not None:
            return found
        name = fullname.rpartition(".")[2]
        if name in self._names:
            if _is_package(folder := f"{self.path}/{name}"):
                return _spec(fullname, folder, "__init__", is_package=True)
        elif self._has_no(name):
            if monotonic() < self._until or _changed(self.path) == self._listed:
                return None
            self._list()
        return super().find_spec(fullname, target)

    def plain(self, fullname: str) -> ModuleSpec | None:
        """Where a module is that is a source file here with nothing else before it; else None."""
        name = fullname.rpartition(".")[2]
        return _spec(fullname, self.path, name, is_package=False) if self.has(name) else None

    def has(self, name: str) -> bool:
        """Whether there is a source file of this name, and nothing here that would go before it."""
        names = self._names
        if name + ".py" not in names or name in names:
            return False
        for suffix in _BEFORE:  # noqa: SIM110 - a generator for each module would take longer than this
            if name + suffix in names:
                return False
        return True

    def _has_no(self, name: str) -> bool:
        names = self._names
        for suffix in _OTHER:  # noqa: SIM110 - see above
            if name + suffix in names:
                return False
        return True

    def invalidate_caches(self) -> None:
        """Looks at the folder anew."""
        super().invalidate_caches()
        self._list()

    def _begin_list(self) -> None:
        self._listed = _changed(self.path)  # before: what comes meanwhile is seen next time
        self._until = monotonic() + _SECONDS

    def _list(self) -> None:
        self._begin_list()
        try:
            self._names = frozenset(os.listdir(self.path))
        except OSError:  # it has gone, with all that was in it
            self._names = frozenset()


def _changed(folder: str) -> int:
    """When a folder has changed last, in ns; -1 for one that has gone."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return -1


def _is_package(folder: str) -> bool:
    found = sys.path_importer_cache.get(folder)
    if found is None:
        try:
            found = sys.path_importer_cache[folder] = _folder_at(folder)
        except ImportError:
            return False
    return isinstance(found, Folder) and found.has("__init__")


_OPTIMISED = f".opt-{sys.flags.optimize}" if sys.flags.optimize else ""
_COMPILED = f".{sys.implementation.cache_tag}{_OPTIMISED}.pyc"


def _spec(fullname: str, folder: str, name: str, *, is_package: bool) -> ModuleSpec:
    source, compiled = f"{folder}/{name}.py", f"{folder}/__pycache__/{name}{_COMPILED}"
    loader = _Loader(fullname, source)
    loader.compiled = compiled
    spec = ModuleSpec(fullname, loader, origin=source, is_package=is_package)
    spec.has_location = True
    spec.cached = compiled
    if is_package:
        spec.submodule_search_locations = [folder]
    return spec


class _Loader(SourceFileLoader):
    compiled: str  # the path of its compiled code

    def get_code(self, fullname: str) -> CodeType | None:
        code = _current(self.path, self.compiled)
        return super().get_code(fullname) if code is None else code


def _current(source: str, compiled: str) -> CodeType | None:
    """The compiled code of a source file, where that is all it takes."""
    try:
        facts = os.stat(source)
        file = os.open(compiled, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.read(file, _PIECE)
            while len(data) % _PIECE == 0 and (more := os.read(file, _PIECE)):
                data += more
        finally:
            os.close(file)
    except OSError:
        return None
    stamp = int(facts.st_mtime).to_bytes(8, "little")[:4]
    size = facts.st_size.to_bytes(8, "little")[:4]
    if data[:_HEAD] != MAGIC_NUMBER + _BY_TIME + stamp + size:
        return None
    try:
        code: CodeType = loads(memoryview(data)[_HEAD:])
    except (EOFError, TypeError, ValueError):
        return None
    if code.co_filename != source:  # compiled by another name of the folder, or moved since
        _fix_co_filename(code, source)
    return code
