"""Writes standard output: everything, in order, and no faster than whoever reads it takes it.

The descriptor is shared with whoever started us, so it is never made non-blocking: the kernel is asked
how much room there is, and no more is written. What it has no room for waits; when a megabyte waits, the
run stands still until it is less, which slows the model rather than filling memory.
"""

from __future__ import annotations

import os
import select
import stat
from typing import TYPE_CHECKING

from qwen_dual.frontends.headless.endings import FAILED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

MAX_WAITING = 1 << 20
"""Bytes that may wait for a slow reader while the run goes on."""

PIECE = select.PIPE_BUF
"""Bytes that a descriptor takes without blocking when it is said to be writable."""

PATIENCE_MS = 100
"""Between two looks at whether there is still a point in waiting."""


class Stdout:
    """Standard output of a run.

    Args:
        fd: the descriptor.
        give_up: asked while a reader takes nothing: whether to drop what waits, as the run ends.

    Attributes:
        on_gone: called once when nobody reads any more, from within a write or from the loop.
        fd: the descriptor.
        is_terminal: whether it is one.
    """

    def __init__(self, fd: int = 1, *, give_up: Callable[[], bool] = lambda: False) -> None:
        self.on_gone: Callable[[], object] = lambda: None
        self._gone = False
        self.fd = fd
        self._failure = ""
        self.is_terminal = os.isatty(fd)
        self._give_up = give_up
        self._waiting: list[bytes] = []
        self._size = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False
        self._watched = False
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)
        self._whole = stat.S_ISREG(os.fstat(fd).st_mode)

    @property
    def waiting(self) -> bool:
        """Whether something is not written yet."""
        return self._size > 0

    @property
    def gone(self) -> bool:
        """Whether nobody reads it any more."""
        return self._gone

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Writes once a pass of ``loop`` from now on."""
        self._loop = loop
        self._watch(self._size > 0)

    def write(self, data: bytes) -> None:
        """Takes whole lines; they go out in this pass of the loop, or at once without one."""
        if self.gone:
            return
        self._waiting.append(data)
        self._size += len(data)
        if self._loop is None:
            self._flush()
        elif not self._scheduled and not self._watched:
            self._scheduled = True
            self._loop.call_soon(self._flush)
        if self._size > MAX_WAITING:
            self._stand_still(MAX_WAITING)

    def drain(self) -> bool:
        """Waits until all is written, or there is no point in that; False where nobody reads it."""
        self._stand_still(0)
        self._watch(False)
        return not self._gone

    def lost(self, tell: Callable[[str], object]) -> int:
        """The exit status of a run whose output nobody gets; tells where that is a failure."""
        if not self._failure:
            return 0
        tell(f"stdout cannot be written: {self._failure}")
        return FAILED

    def _stand_still(self, most: int) -> None:
        """Blocks until no more than ``most`` bytes wait."""
        while self._size > most and not self.gone:
            self._flush(PATIENCE_MS)
            if self._size > most and self._give_up():
                self._drop()

    def _flush(self, timeout: int = 0) -> None:
        """Writes what there is room for, waiting ``timeout`` milliseconds for the first of it."""
        self._scheduled = False
        data = memoryview(b"".join(self._waiting))
        done = 0
        try:
            while done < len(data) and (self._whole or self._poll.poll(timeout)):
                end = len(data) if self._whole else done + PIECE
                done += os.write(self.fd, data[done:end])
                timeout = 0
        except BlockingIOError:  # somebody else made it non-blocking
            pass
        except OSError as error:
            self._lose(error)
            return
        self._waiting = [bytes(data[done:])] if done < len(data) else []
        self._size = len(data) - done
        self._watch(self._size > 0)

    def _watch(self, wanted: bool) -> None:
        """Has the loop tell when there is room again."""
        if self._loop is None or wanted == self._watched:
            return
        self._watched = wanted
        if wanted:
            self._loop.add_writer(self.fd, self._flush)
        else:
            self._loop.remove_writer(self.fd)

    def _drop(self) -> None:
        self._waiting, self._size = [], 0

    def _lose(self, error: OSError) -> None:
        self._gone = True
        if not isinstance(error, ConnectionError):  # that a reader leaves is no failure
            from qwen_dual.fs.reasons import reason

            self._failure = reason(error)
        self._drop()
        self._watch(False)
        self.on_gone()
