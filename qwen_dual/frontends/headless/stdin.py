"""Lines of standard input as they come, until its end.

The descriptor is shared with whoever started us, so it is never made non-blocking: it is read when the
system says that there is something.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from qwen_dual.bridge.lines import LineSplitter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from qwen_dual.bridge.lines import Item

CHUNK = 1 << 16


async def lines(fd: int = 0) -> AsyncGenerator[Item, None]:
    """Every line, blank ones left out; the last one counts without its newline, too.

    Ends where the input does, an input that cannot be read at once. A line that is too long streams by
    in bounded memory.

    Args:
        fd: a pipe, a socket, a terminal or a file; it stays open.
    """
    splitter = LineSplitter()
    waits = True
    while True:
        if waits:
            try:
                await anyio.wait_readable(fd)
            except OSError:  # a file or /dev/null always is, and no event loop watches it
                waits = False
        else:
            await anyio.lowlevel.checkpoint()
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:  # somebody else made it non-blocking
            continue
        except OSError:
            data = b""
        for item in splitter.feed(data) if data else splitter.finish():
            yield item
        if not data:
            return
