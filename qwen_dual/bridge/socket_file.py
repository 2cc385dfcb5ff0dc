"""A Unix socket at a path: made where nothing is, or where a session that is gone left one; taken away.

The file has mode 0600 from its first moment, and lies in a folder that others cannot write to. What is
there already and is no socket that nobody listens on stays as it is.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
import time
from typing import TYPE_CHECKING

from qwen_dual.bridge.checks import check_directory
from qwen_dual.bridge.errors import ChannelError
from qwen_dual.fs.private import LINK, owner_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PATH_BYTES = 107 if os.uname().sysname == "Linux" else 103
"""Of a socket's path, which the kernel keeps in a field of its own (``sun_path``)."""

BACKLOG = 64
LOCK_SECONDS = 0.5
"""How long another session may look after the sockets of a folder before this one goes ahead."""

SUFFIX = ".sock"


class SocketFile:
    """A socket that listens, and its file.

    Args:
        path: where; its folder must exist.

    Attributes:
        path: as given.
        socket: takes connections, without waiting.

    Raises:
        ChannelError: it cannot be made there; says why.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        _check(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            with _folder_to_oneself(os.path.dirname(os.path.abspath(path))):
                _make_way(path)
                self.socket.setblocking(False)
                _listen(self.socket, path)
                self._made = _identity(os.stat(path, follow_symlinks=False))
        except OSError as error:
            self.socket.close()
            raise ChannelError(path, f"no socket can be made there: {error.strerror}") from None
        except ChannelError:
            self.socket.close()
            raise

    def close(self) -> None:
        """Takes no more connections, and takes the file away unless another is in its place."""
        self.socket.close()
        with contextlib.suppress(OSError):
            if _identity(os.stat(self.path, follow_symlinks=False)) == self._made:
                os.unlink(self.path)


def remove_left_behind(folder: str) -> None:
    """Takes away the sockets in ``folder`` on which nobody listens any more: of killed sessions."""
    with _folder_to_oneself(folder), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX) and len(os.fsencode(entry.path)) <= MAX_PATH_BYTES:
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISSOCK(found.st_mode) and not _listened_on(entry.path):
                        os.unlink(entry.path)


def _check(path: str) -> None:
    """Whether a socket may be at ``path``.

    Raises:
        ChannelError: it may not.
    """
    check_directory(path)
    length = len(os.fsencode(path))
    if length > MAX_PATH_BYTES:
        raise ChannelError(
            path,
            f"is too long for a socket: {length} bytes, and the system takes {MAX_PATH_BYTES}; "
            "name a shorter one with --socket PATH",
        )


def _listen(made: socket.socket, path: str) -> None:
    """Has ``made`` listen at ``path``, where whoever sees it can connect at once.

    Between binding and listening others are refused, and threads may take that long that hosts see it: so it
    is bound under another name, and gets its own when it listens.
    """
    # On Linux the file is made with the mode of the descriptor: there is no moment in which others
    # could connect.
    os.fchmod(made.fileno(), 0o600)
    first = os.path.join(os.path.dirname(path), f".{os.urandom(4).hex()}{SUFFIX}")
    if len(os.fsencode(first)) > MAX_PATH_BYTES:
        first = path
    made.bind(first)
    try:
        os.chmod(first, 0o600)
        made.listen(BACKLOG)
        if first != path:
            os.link(first, path)  # not renamed: that would replace what somebody has put there
    finally:
        if first != path:
            os.unlink(first)


def _make_way(path: str) -> None:
    """Takes away what a session that is gone left at ``path``.

    Raises:
        ChannelError: there is something else, or somebody listens.
    """
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise ChannelError(path, LINK)
    if not stat.S_ISSOCK(found.st_mode):
        raise ChannelError(path, "is there already and is no socket; name another path")
    if (problem := owner_problem(found)) is not None:
        raise ChannelError(path, f"{problem}; name another path")
    if _listened_on(path):
        raise ChannelError(path, "is the socket of a session that runs; name another path")
    os.unlink(path)


def _listened_on(path: str) -> bool:
    """Whether a process listens on the socket at ``path``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return False
        except OSError as error:
            return error.errno != errno.ENOENT  # it may be somebody's who has many waiting
    return True


@contextlib.contextmanager
def _folder_to_oneself(folder: str) -> Iterator[None]:
    """Keeps other sessions from the sockets of a folder: one is made in two steps.

    Between them it looks as if nobody listened. A folder that somebody holds on to is used all the same.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # one that may be entered and not read
        handle = -1
    try:
        until = time.monotonic() + LOCK_SECONDS
        while handle >= 0:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > until:
                    break
                time.sleep(0.01)
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
