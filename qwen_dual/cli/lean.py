"""What the start imports before everything else, so that it is imported for less.

Each of these brings along what only some of its users need, or what none needs yet. All of it is there
for whoever uses it: see ``net.imports``.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import partial
from types import CoroutineType, FunctionType, MethodType, ModuleType

from qwen_dual.net.imports import (
    DataclassesLater,
    Later,
    PatternsLater,
    Without,
    import_bare,
    tls_later,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def import_msgspec() -> None:
    """Imports msgspec by itself, and orjson.

    It takes three names from typing_extensions where that is installed, which for pydantic's sake it is;
    typing has them, and typing_extensions takes longer to import than all the rest of msgspec. uuid asks
    platform for the name of the system, and a library of the system for ids that are made of the time, as
    none is here. dataclasses need inspect where one is made: from Python 3.12 on for the annotations of a
    class alone. Decimals nobody has here, and of json orjson wants what its own error is one of.
    """
    _import_datetime()
    known: dict[str, Mapping[str, object]] = {
        "platform": {"system": lambda: os.uname().sysname},
        "decimal": {"Decimal": type("Decimal", (), {})},
        "json": {"JSONDecodeError": _NoJson},
        "inspect": {"get_annotations": _annotations_of},
    }
    few = ("msgspec.inspect", "msgspec.json", "msgspec.toml", "msgspec.yaml", "copy")
    later = Later(*few, known=known)
    with Without("typing_extensions", "_uuid"), later, PatternsLater("dataclasses"):
        import msgspec  # noqa: F401

        import qwen_dual.protocol.codec  # noqa: F401


def _import_datetime() -> None:
    """Imports datetime as Python does from 3.12 on: not its half in Python first, which the other replaces."""
    if sys.version_info >= (3, 12) or "datetime" in sys.modules:
        return
    with suppress(ImportError):  # a Python that has that half alone
        import _datetime  # type: ignore[import-not-found]

        module = sys.modules["datetime"] = ModuleType("datetime", _datetime.__doc__)
        names = {name: it for name, it in vars(_datetime).items() if not name.startswith("__")}
        vars(module).update(names)


def _annotations_of(cls: type) -> dict[str, Any]:
    return dict(cls.__dict__.get("__annotations__", {}))  # noqa: RUF063 - instead of that module


class _NoJson(ValueError):
    """``json.JSONDecodeError``, as orjson makes one."""

    def __init__(self, message: str, document: str, at: int) -> None:
        line = document.count("\n", 0, at) + 1
        column = at - document.rfind("\n", 0, at)
        super().__init__(f"{message}: line {line} column {column} (char {at})")
        self.msg, self.doc, self.pos = message, document, at
        self.lineno, self.colno = line, column


def import_argparse() -> None:
    """Imports argparse, which asks gettext for its words in the person's language, and locale which that is.

    Nobody has them, and all else that the program says is English.
    """
    words = {"gettext": str, "ngettext": lambda one, many, count: one if count == 1 else many}
    with Later(known={"gettext": words}), PatternsLater("argparse"):
        import argparse  # noqa: F401


def import_asyncio() -> None:
    """Imports asyncio and anyio, and TLS only once something speaks it.

    anyio's packages read their own source to find out which names they have, and what else they bring
    along is for who types against them, or looks into a coroutine. Of asyncio's nobody here has use for
    streams and queues, nor of anyio's for streams that are stapled together or lead from task to task.
    """
    with Later("ipaddress"), PatternsLater("urllib"):  # it looks into hosts in brackets alone
        import urllib.parse  # noqa: F401
    import_bare("asyncio", *_OF_ASYNCIO, inner=None)
    import_bare("anyio", *_OF_ANYIO, inner=("abc", "from_thread", "lowlevel", "to_thread"))
    known = {
        **tls_later(),
        "inspect": _KNOWN_OF_COROUTINES,
        "traceback": {"extract_stack": _extract_stack},
        "ipaddress": {"IPv4Address": _Address, "IPv6Address": _Address6, "ip_address": _address},
        "subprocess": {"PIPE": -1, "STDOUT": -2, "DEVNULL": -3},
        "textwrap": {"dedent": _dedent, "indent": _indent},
        "typing_extensions": _known_of_types(),
    }
    with (
        DataclassesLater(),
        Later(*_OF_FEW, known=known, called=_CALLED_OF_ANYIO),
    ):
        import asyncio.unix_events  # noqa: F401

        import_bare("anyio.abc", *_OF_ANYIO_ABC)
        import anyio._backends._asyncio  # noqa: F401
        from anyio import connect_tcp  # noqa: F401  # what of anyio knows of TLS comes with it


_OF_ASYNCIO = (
    *(
        "events",
        "exceptions",
        "tasks",
        "futures",
        "runners",
        "coroutines",
        "base_events",
        "protocols",
    ),
    *("transports", "unix_events", "locks", "queues", "streams", "subprocess", "taskgroups"),
    *("timeouts", "threads"),
)
_OF_FEW = ("asyncio.sslproto", "asyncio.staggered", "array", "locale", "linecache")
"""What TLS, several addresses of a name, descriptors that are sent and programs that are started need alone."""

_CALLED_OF_ANYIO = {
    "anyio.streams.memory": (
        "MemoryObjectReceiveStream",
        "MemoryObjectSendStream",
        "_MemoryObjectStreamState",
    ),
    "anyio.streams.stapled": ("MultiListener",),
}
_OF_ANYIO = tuple(
    f"_core._{name}"
    for name in (
        *("eventloop", "exceptions", "tasks", "synchronization", "resources", "streams", "sockets"),
        *("subprocesses", "fileio", "signals", "testing"),
    )
)
_OF_ANYIO_ABC = (
    "_eventloop",
    "_resources",
    "_tasks",
    "_streams",
    "_sockets",
    "_subprocesses",
    "_testing",
)


class _Address:
    """An address as anyio has use for it."""

    def __init__(self, text: str) -> None:
        self.compressed = text


class _Address6(_Address):
    pass


def _address(text: object) -> _Address:
    """What anyio asks ``ipaddress``, which takes longer to import than anyio's sockets.

    Raises:
        ValueError: it is a name.
    """
    import socket

    address = str(text)
    for family, kind in ((socket.AF_INET, _Address), (socket.AF_INET6, _Address6)):
        try:
            socket.inet_pton(family, address)
        except (OSError, ValueError):
            continue
        return kind(address)
    raise ValueError(f"{address!r} is no address")


def _extract_stack(*args: Any, **options: Any) -> Any:
    from traceback import extract_stack

    return extract_stack(*args, **options)


def _is_coroutine(it: object) -> bool:
    return isinstance(it, CoroutineType)


def _state_of(coroutine: CoroutineType[Any, Any, Any]) -> str:
    if coroutine.cr_running:
        return "CORO_RUNNING"
    if coroutine.cr_suspended:
        return "CORO_SUSPENDED"
    return "CORO_CLOSED" if coroutine.cr_frame is None else "CORO_CREATED"


def _is_coroutine_function(it: object) -> bool:
    while isinstance(it, (MethodType, partial)):
        it = it.__func__ if isinstance(it, MethodType) else it.func
    marked = getattr(it, "_is_coroutine_mark", None) is not None
    return marked or (isinstance(it, FunctionType) and bool(it.__code__.co_flags & _CO_COROUTINE))


_CO_COROUTINE = 0x80  # of a function's code: `inspect.CO_COROUTINE`


def _is_function(it: object) -> bool:
    return isinstance(it, FunctionType)


def _unwrapped(it: Any) -> Any:
    if not hasattr(it, "__wrapped__"):
        return it
    from inspect import unwrap

    return unwrap(it)


_KNOWN_OF_COROUTINES = {
    "isfunction": _is_function,
    "unwrap": _unwrapped,
    "iscoroutinefunction": _is_coroutine_function,
    "iscoroutine": _is_coroutine,
    "getcoroutinestate": _state_of,
    "CORO_RUNNING": "CORO_RUNNING",
    "CORO_SUSPENDED": "CORO_SUSPENDED",
    "get_annotations": _annotations_of,
}
"""What asyncio, anyio and the dataclasses that they declare take of ``inspect``, which takes longer to import than anyio's tasks."""


def _dedent(text: str) -> str:
    from textwrap import dedent

    return dedent(text)


def _indent(text: str, prefix: str) -> str:
    from textwrap import indent

    return indent(text, prefix)


def _known_of_types() -> Mapping[str, object]:
    """What anyio takes of typing_extensions: what typing has by now, and what only type checkers read."""
    import typing

    def variable(name: str, *bounds: Any, default: object = None, **options: Any) -> object:
        return typing.TypeVar(name, *bounds, **options)

    known = {name: getattr(typing, name) for name in ("Never", "Self", "TypeVarTuple", "Unpack")}
    same = {"override": lambda it: it, "deprecated": lambda *said, **how: lambda it: it}
    return {**known, **same, "TypeVar": variable, "sentinel": lambda name: object()}
