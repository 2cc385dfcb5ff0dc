"""What the start imports before everything else, so that it is imported for less.

Each of these brings along what only some of its users need, or what none needs yet. All of it is there
for whoever uses it: see ``net.imports``.
"""

from __future__ import annotations

import os
import sys

from qwen_dual.net.imports import Later, Without


def import_msgspec() -> None:
    """Imports msgspec by itself, and orjson.

    It takes three names from typing_extensions where that is installed, which for pydantic's sake it is;
    typing has them, and typing_extensions takes longer to import than all the rest of msgspec. uuid asks
    platform for the name of the system, and dataclasses need inspect where one is made.
    """
    system = {"platform": {"system": lambda: os.uname().sysname}}
    formats = ("msgspec.inspect", "msgspec.json", "msgspec.toml", "msgspec.yaml")
    with Without("typing_extensions"), Later("inspect", *formats, known=system):
        import msgspec  # noqa: F401

        import qwen_dual.protocol.codec  # noqa: F401


def import_asyncio() -> None:
    """Imports asyncio and anyio, and TLS only once something speaks it."""
    names = (
        "SSLContext",
        "SSLSocket",
    )  # asyncio asks of each socket that it connects whether it is one
    with Later("asyncio.sslproto", known={"ssl": {name: _OfSsl(name, (), {}) for name in names}}):
        import asyncio  # noqa: F401

        from anyio import connect_tcp  # noqa: F401  # what of anyio knows of TLS comes with it


class _OfSsl(type):
    """Stands for a class of ``ssl``: nothing is an instance of it as long as that is not imported."""

    def __instancecheck__(cls, instance: object) -> bool:
        ssl = sys.modules.get("ssl")
        return ssl is not None and isinstance(instance, getattr(ssl, cls.__name__))
