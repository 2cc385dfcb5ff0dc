"""Importing a library without some of what it would bring along, or with that only once it is used."""

from __future__ import annotations

import os
import sys
import threading

TYPE_CHECKING = False  # typing itself takes as long to import as this is to save
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType as Module
    from types import TracebackType
    from typing import Any
else:
    Module = type(sys)


class _Within:
    """Has something stand for modules that nothing has imported yet."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._held: dict[str, Module | None] = {}

    def __enter__(self) -> None:
        self._held = {
            name: self._in_place_of(name) for name in self._names if name not in sys.modules
        }
        sys.modules.update(self._held)  # type: ignore[arg-type]  # None makes importing it fail

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name, module in self._held.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]

    def _in_place_of(self, name: str) -> Module | None:
        raise NotImplementedError


class Without(_Within):
    """Within, modules that nothing has imported yet are as if they were not installed.

    For libraries that do without them as well: each says so by catching ImportError.

    Args:
        names: of the modules.
    """

    def _in_place_of(self, name: str) -> None:
        return None


class Later(_Within):
    """Within, modules that nothing has imported yet are imported once something of them is used.

    What ``import x`` binds there stays good: it looks up in ``x`` whatever it is asked for. Only
    ``from x import name`` imports at once. Python 3.15 has this of its own (PEP 810).

    Args:
        names: of the modules; they need not exist before they are used.
        known: by module, what of it can be told without importing it.
        called: by module, which of its names may be imported from it at once. Each may be called, asked for
            its names and subscribed, for which alone the module is imported; it is no class.
    """

    def __init__(
        self,
        *names: str,
        known: Mapping[str, Mapping[str, object]] = {},
        called: Mapping[str, Iterable[str]] = {},
    ) -> None:
        known = {
            **known,
            **{own: {name: _Called(own, name) for name in each} for own, each in called.items()},
        }
        super().__init__(*names, *known)
        self._known = known

    def _in_place_of(self, name: str) -> Module:
        return _Proxy(name, self._known.get(name, {}))


class _Proxy(Module):
    def __init__(self, name: str, known: Mapping[str, object]) -> None:
        super().__init__(name)
        self._known_until_imported = known

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # the import system asks every module whether it is a package
            raise AttributeError(name)
        own, known = self.__name__, self._known_until_imported
        module = sys.modules.get(own)
        if module is None or isinstance(module, _Proxy) or _begun(module):
            if name in known:
                return known[name]
            if module is self:
                del sys.modules[own]
            # Waits where another thread is at it: what it has by now may lack the name.
            __import__(own)
        return getattr(sys.modules[own], name)


class _Called:
    """Stands for a name of a module that is imported once that is called or asked for something."""

    def __init__(self, module: str, name: str) -> None:
        self._of = module, name

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._itself()(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._itself(), name)

    def __getitem__(self, of: object) -> _Called:
        return self  # of a generic class: a note for who reads types

    def _itself(self) -> Any:
        module, name = self._of
        __import__(module)
        return getattr(sys.modules[module], name)


def _begun(module: Module) -> bool:
    """Whether a module is being imported, by whichever thread."""
    return getattr(module.__spec__, "_initializing", False)


class _OfSsl(type):
    """Stands for a class of ``ssl``: nothing is an instance of it as long as that is not imported."""

    def __instancecheck__(cls, instance: object) -> bool:
        ssl = sys.modules.get("ssl")
        return ssl is not None and isinstance(instance, getattr(ssl, cls.__name__))


def tls_later() -> Mapping[str, Mapping[str, object]]:
    """What ``Later`` needs to know of ``ssl`` for libraries that only ask whether something is of it.

    asyncio asks so of each socket that it connects; others name its classes where they say what they take.
    """
    return {"ssl": {name: _OfSsl(name, (), {}) for name in ("SSLContext", "SSLSocket")}}


class PatternsLater:
    """Within, a pattern that some packages compile is compiled when it is first used.

    To compile one takes as long as to import a small module, and a library compiles all that it may need.
    For packages that use what ``re.compile`` gives them by its methods alone.

    Args:
        packages: their names; what others compile meanwhile is compiled at once.
    """

    def __init__(self, *packages: str) -> None:
        self._packages = frozenset(packages)

    def __enter__(self) -> None:
        import re

        self._compile = re.compile
        re.compile = self._declare

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import re

        re.compile = self._compile

    def _declare(self, pattern: Any, flags: Any = 0) -> Any:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller.partition(".")[0] in self._packages:
            return _Pattern(self._compile, pattern, flags)
        return self._compile(pattern, flags)


class _Pattern:
    def __init__(self, compile_it: Any, pattern: Any, flags: Any) -> None:
        self._asked = compile_it, pattern, flags

    def __getattr__(self, name: str) -> Any:
        compile_it, pattern, flags = self._asked
        found = getattr(compile_it(pattern, flags), name)
        setattr(self, name, found)  # from now on this method is not called for it
        return found


class DataclassesLater:
    """Within, a dataclass that is declared becomes one when its first instance is made.

    To make one Python writes its methods as text and compiles them, half a millisecond each, and of those
    that a library declares a run uses a few. A class with slots is made at once: another takes its place.
    """

    def __enter__(self) -> None:
        import dataclasses

        self._make = dataclasses.dataclass
        dataclasses.dataclass = self._declare

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import dataclasses

        dataclasses.dataclass = self._make

    def _declare(self, cls: type | None = None, /, **options: Any) -> Any:
        if cls is None:
            return lambda cls: self._declare(cls, **options)
        return (
            self._make(cls, **options) if options.get("slots") else _defer(self._make, cls, options)
        )


_becoming = threading.RLock()
"""Held while a class becomes a dataclass: another thread that has use for it waits for that."""


def _defer(make: Any, cls: Any, options: Mapping[str, Any]) -> Any:
    """Has ``cls`` become a dataclass when it is instantiated, or has a subclass."""
    own = {
        name: cls.__dict__[name]
        for name in ("__init__", "__init_subclass__")
        if name in cls.__dict__
    }

    def become() -> None:
        with _becoming:
            if cls.__dict__.get("__init_subclass__") is not subclassing:
                return  # it has, or this very thread is at it
            if "__init_subclass__" in own:
                cls.__init_subclass__ = own["__init_subclass__"]
            else:
                del cls.__init_subclass__
            if not cls.__doc__:  # else its signature is made one, by means of `inspect`
                cls.__doc__ = cls.__name__
            # Its ``__init__`` last, and in one step: until then who instantiates it comes here and waits.
            make(cls, **{**options, "init": False})
            if "__init__" in own:
                cls.__init__ = own["__init__"]
            elif options.get("init", True):
                cls.__init__ = _init_of(make, cls, options)
            else:
                del cls.__init__

    def first(self: Any, *args: Any, **kwargs: Any) -> None:
        become()
        cls.__init__(self, *args, **kwargs)

    def of_subclass(subclass: type, /, **kwargs: Any) -> None:
        become()  # its fields are those of the subclass too
        super(cls, subclass).__init_subclass__(**kwargs)

    subclassing: Any = classmethod(of_subclass)
    cls.__init__, cls.__init_subclass__ = first, subclassing
    return cls


def _init_of(make: Any, cls: Any, options: Mapping[str, Any]) -> Any:
    """The ``__init__`` that a dataclass of these fields has."""
    bare = {"repr": False, "eq": False, "frozen": options.get("frozen", False)}
    return make(type(cls.__name__, (cls,), {"__doc__": cls.__doc__}), **bare).__init__


def import_bare(package: str, *first: str, inner: Iterable[str] | None = ()) -> None:
    """Imports a package without running its ``__init__``, for one that only gathers names.

    Its modules are imported as ever. A name of its own is looked for in some of them (in ``__all__``, where
    one has that), and where none has it the ``__init__`` is run after all. No effect where something has imported the package.

    Args:
        package: its name; it is installed, and the package that it is in is imported.
        first: which of its modules to look in, in this order; one that is missing is passed over.
        inner: which of its names are modules that it imports once somebody asks for them; None for all that
            its folder holds, for a package whose modules import one another from it.
    """
    if package in sys.modules:
        return
    from importlib.util import find_spec, module_from_spec

    spec = find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    module = module_from_spec(spec)
    module.__class__ = _Bare
    sys.modules[package] = module
    if inner is None:
        assert spec.submodule_search_locations is not None  # it is a package
        (folder,) = spec.submodule_search_locations
        inner = (name[:-3] for name in os.listdir(folder) if name.endswith(".py"))
    _modules_of[package] = first, frozenset(inner)
    parent, _, name = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], name, module)


_modules_of: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {}


class _Bare(Module):
    def __getattr__(self, name: str) -> Any:
        own = self.__name__
        first, inner = _modules_of[own]
        if name in inner:
            __import__(f"{own}.{name}")
            return sys.modules[f"{own}.{name}"]
        for each in first:
            try:
                __import__(f"{own}.{each}")
            except ModuleNotFoundError:
                continue
            found = sys.modules[f"{own}.{each}"].__dict__
            if name in found and name in found.get("__all__", found):
                self.__dict__[name] = found[name]  # what asks again shall not come here
                return found[name]
        self.__class__ = Module  # type: ignore[assignment]
        assert self.__spec__ is not None and self.__spec__.loader is not None
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)
