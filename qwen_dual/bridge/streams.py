"""A descriptor that takes what it has room for: what sinks of pipes, sockets, devices and FIFOs share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class StreamSink:
    """Writes without waiting, and lets the loop tell when there is room again."""

    _fd: int | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    def write(self, data: memoryview) -> int:
        """Writes what the kernel has room for."""
        assert self._fd is not None
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    def renewed(self) -> bool:
        """Never: only a regular file is made anew under its writer."""
        return False

    def wait_writable(self, callback: Callable[[], None] | None) -> None:
        """Asks the loop."""
        if self._loop is None or self._fd is None or self._loop.is_closed():
            return
        if callback is None:
            self._loop.remove_writer(self._fd)
        else:
            self._loop.add_writer(self._fd, callback)
