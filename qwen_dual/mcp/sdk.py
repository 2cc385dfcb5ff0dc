"""The SDK, imported when the first server is there, and kept from filling the log."""

from __future__ import annotations

import logging
import time

from anyio import to_thread

from qwen_dual.mcp.bounds import MAX_RECORDS
from qwen_dual.mcp.errors import MissingExtra

LOGGERS = (
    "client",
    "mcp.client.client",
    "mcp.client.sse",
    "mcp.client.streamable_http",
    "mcp.shared.jsonrpc_dispatcher",
)
"""Those of the SDK that write a traceback for each message of a server that is none."""


class Bounded(logging.Filter):
    """Lets ``MAX_RECORDS`` a minute through."""

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0.0
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this one is kept."""
        now = time.monotonic()
        if now - self._minute >= 60:
            self._minute, self._count = now, 0
        self._count += 1
        return self._count <= MAX_RECORDS


_BOUNDED = Bounded()


async def import_sdk() -> None:
    """Imports it in a thread, once: 400 ms, 36 MiB.

    Raises:
        MissingExtra: it is not installed.
    """
    await to_thread.run_sync(_load, abandon_on_cancel=True)


def _load() -> None:
    try:
        import mcp
        import mcp.client.sse
        import mcp.client.streamable_http  # noqa: F401
    except ImportError as error:
        raise MissingExtra from error
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_BOUNDED)  # the same one again is none more
