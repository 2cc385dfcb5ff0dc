"""Where events go: what every sink can do, inherited descriptors, and ``open_sink``.

A sink takes bytes without waiting and says when it can take more; what to write and what was lost
belongs to ``tee``. Regular files are ``file_sink``'s, FIFOs ``fifo_sink``'s.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from typing import TYPE_CHECKING, Protocol

from qwen_dual.bridge.checks import is_inherited, status_of
from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.streams import StreamSink
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.private import LINK

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_DEVICE = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_OWN_FD = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")


class Sink(Protocol):
    """A target of events.

    Attributes:
        target: what it was asked to write to: a path, or ``fd 3``.
        kind: ``file``, ``fifo``, ``pipe``, ``socket`` or ``device``.
        readers: how many readers (or files) there have been.
        keeps: bytes that a reader may leave unread in the kernel.
        warnings: what a person should know of the file; whoever tells it clears it.
    """

    target: str
    kind: str
    readers: int
    keeps: int
    warnings: list[str]

    @property
    def ready(self) -> bool:
        """Whether somebody is there to write to."""
        ...

    def write(self, data: memoryview) -> int:
        """Writes what can be taken at once; 0 when nothing can.

        Raises:
            BrokenPipeError: the reader is gone.
            OSError: it cannot be written any more.
        """
        ...

    def renewed(self) -> bool:
        """Whether a new file took the old one's place since the last call: greet it."""
        ...

    def lost_reader(self) -> int | None:
        """After BrokenPipeError: the bytes it left unread, or None if nobody can come back."""
        ...

    def attach(
        self,
        loop: asyncio.AbstractEventLoop,
        on_ready: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> None:
        """Tells of readers that come and go from now on."""
        ...

    def wait_writable(self, callback: Callable[[], None] | None) -> None:
        """Calls back whenever more can be taken, until None is given."""
        ...

    def close(self) -> None:
        """Lets go; an inherited descriptor stays open, as it was found."""
        ...


class FdSink(StreamSink):
    """A pipe, socket or device: written without waiting, gone for good when its reader goes.

    Args:
        fd: the descriptor.
        target: what to call it.
        kind: ``pipe``, ``socket`` or ``device``.
        owned: whether it was opened here, so that ``close`` closes it.
    """

    def __init__(self, fd: int, target: str, kind: str, *, owned: bool) -> None:
        self.target = target
        self.kind = kind
        self.readers = 1
        self.keeps = 0
        self.ready = True
        self.warnings: list[str] = []
        self._fd: int = fd
        self._owned = owned
        # The flag belongs to the description that the host shares, so it is put back at the end.
        self._was_blocking = os.get_blocking(fd)
        os.set_blocking(fd, False)
        os.set_inheritable(fd, False)

    def lost_reader(self) -> int | None:
        """Nobody can come back."""
        return None

    def attach(
        self,
        loop: asyncio.AbstractEventLoop,
        on_ready: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> None:
        """Notes the loop; a reader that left is found at the next write."""
        self._loop = loop

    def close(self) -> None:
        """Stops waiting; closes what was opened here, restores what was not."""
        self.wait_writable(None)
        if self._owned:
            os.close(self._fd)
        elif self._was_blocking:
            os.set_blocking(self._fd, True)


def open_sink(*, fd: int | None = None, path: str | None = None) -> Sink:
    """Opens the target of events.

    Args:
        fd: an inherited descriptor, 3 or higher.
        path: a regular file (made if it is not there, never overwritten), a FIFO, a device, or
            ``/dev/fd/N``, which is the descriptor N.

    Raises:
        ChannelError: it cannot be written to; says why.
    """
    if path is not None:
        match = _OWN_FD.fullmatch(path)
        if match is None:
            return _open_path(path)
        fd = int(match[1])
    if fd is None:
        raise TypeError("open_sink needs fd or path")
    return _open_fd(fd, path or f"fd {fd}")


def _open_fd(fd: int, target: str) -> Sink:
    if fd < 3:
        raise ChannelError(target, "is a standard stream of the terminal; use 3 or higher")
    try:
        found = os.fstat(fd)
        access = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
    except (OSError, OverflowError):
        reason = "is not open in this process; open it where the program is started"
        raise ChannelError(target, reason) from None
    if access == os.O_RDONLY:
        raise ChannelError(target, "is open for reading only; pass the writing end")
    mode = found.st_mode
    if stat.S_ISREG(mode):
        from qwen_dual.bridge.file_sink import FileSink

        return FileSink(target, fd)
    if stat.S_ISFIFO(mode):
        return FdSink(fd, target, "pipe", owned=False)
    if stat.S_ISSOCK(mode):
        return FdSink(fd, target, "socket", owned=False)
    if stat.S_ISCHR(mode):
        _refuse_own_terminal(found, target)
        return FdSink(fd, target, "device", owned=False)
    raise ChannelError(target, "is no file, pipe, socket or device that can be written to")


def _open_path(path: str) -> Sink:
    try:
        found = status_of(path)
    except FileNotFoundError:
        found = None
    except (OSError, ValueError) as error:
        raise ChannelError(path, f"cannot be opened: {_why(error)}") from None
    if is_inherited(path):
        return _open_standard(path)
    try:
        if found is None or stat.S_ISREG(found.st_mode):
            from qwen_dual.bridge.file_sink import FileSink

            return FileSink(path)
        if stat.S_ISFIFO(found.st_mode):
            from qwen_dual.bridge.fifo_sink import FifoSink

            return FifoSink(path)
        if stat.S_ISCHR(found.st_mode):
            _refuse_own_terminal(found, path)
            fd = os.open(path, _DEVICE | os.O_NOFOLLOW)
            return FdSink(fd, path, "device", owned=True)
    except ForeignFileError as error:
        raise ChannelError(path, error.why) from None
    except OSError as error:
        raise ChannelError(path, f"cannot be opened: {_why(error)}") from None
    if stat.S_ISLNK(found.st_mode):
        raise ChannelError(path, LINK)
    kind = "a directory" if stat.S_ISDIR(found.st_mode) else "no file or FIFO"
    raise ChannelError(path, f"is {kind}; name a regular file or a FIFO")


def _open_standard(path: str) -> Sink:
    """What a standard stream was redirected to, which is opened anew."""
    try:
        _refuse_own_terminal(os.stat(path), path)
        fd = os.open(path, _DEVICE | os.O_APPEND)
    except OSError as error:
        raise ChannelError(path, f"cannot be opened: {_why(error)}") from None
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        from qwen_dual.bridge.file_sink import FileSink

        return FileSink(path, fd)
    return FdSink(fd, path, "pipe" if stat.S_ISFIFO(mode) else "device", owned=True)


def _refuse_own_terminal(found: os.stat_result, target: str) -> None:
    """Events in the middle of the UI would make both unreadable."""
    own = {os.makedev(5, 0)}  # /dev/tty: whatever terminal is ours
    for number in range(3):
        try:
            stream = os.fstat(number)
        except OSError:
            continue
        if os.isatty(number):
            own.add(stream.st_rdev)
    if found.st_rdev in own:
        raise ChannelError(target, "is the terminal of the UI itself; name a file or a FIFO")


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
