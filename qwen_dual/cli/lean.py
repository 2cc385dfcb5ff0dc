"""What the start imports before everything else, so that it is imported for less.

Each of these brings along what only some of its users need, or what none needs yet. All of it is there
for whoever uses it: see ``net.imports``.
"""

from __future__ import annotations

import os

from qwen_dual.net.imports import Later, Without, tls_later


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


def import_argparse() -> None:
    """Imports argparse, which asks gettext for its words in the person's language, and locale which that is.

    Nobody has them, and all else that the program says is English.
    """
    words = {"gettext": str, "ngettext": lambda one, many, count: one if count == 1 else many}
    with Later(known={"gettext": words}):
        import argparse  # noqa: F401


def import_asyncio() -> None:
    """Imports asyncio and anyio, and TLS only once something speaks it."""
    with Later("asyncio.sslproto", "locale", known=tls_later()):
        import asyncio  # noqa: F401

        from anyio import connect_tcp  # noqa: F401  # what of anyio knows of TLS comes with it
