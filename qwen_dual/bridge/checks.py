"""What an input channel may be: whose file, of which kind, with which rights.

Pure decisions over ``stat`` results and descriptors; nothing is read here.
"""

from __future__ import annotations

import fcntl
import os
import stat

from qwen_dual.bridge.errors import ChannelError

_REFUSED_KINDS = {
    stat.S_IFDIR: "is a directory",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
    stat.S_IFSOCK: "is a socket",
}


def refusal(found: os.stat_result) -> str | None:
    """Why commands are not taken from this file, or None where they are.

    Whoever can write to the file can run commands as this user, so only this user may.
    """
    kind = stat.S_IFMT(found.st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFIFO):
        what = _REFUSED_KINDS.get(kind, "is no file")
        return f"{what}; commands are read from a regular file or a FIFO"
    if found.st_uid != os.geteuid():
        return (
            f"belongs to another user (uid {found.st_uid}, not {os.geteuid()}); "
            "commands are read from your own files only"
        )
    if found.st_mode & stat.S_IWOTH:
        mode = stat.S_IMODE(found.st_mode)
        return f"is writable by everyone (mode {mode:04o}); run chmod o-w on it"
    return None


def check_directory(path: str) -> None:
    """Makes sure that a file at ``path`` could appear.

    Raises:
        ChannelError: the path is empty, or its directory is missing or cannot be entered.
    """
    if not path or "\0" in path:
        raise ChannelError(repr(path), "is no path")
    directory = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(directory):
        raise ChannelError(path, f"the directory {directory} does not exist; create it first")
    if not os.access(directory, os.X_OK):
        raise ChannelError(path, f"no permission to enter the directory {directory}")


def check_input_fd(fd: int) -> str:
    """The kind of an inherited descriptor: ``pipe`` or ``socket``.

    Raises:
        ChannelError: it is a standard stream, not open, not readable, or of another kind.
    """
    target = f"fd {fd}"
    if fd < 3:
        raise ChannelError(target, "is a standard stream of the terminal; use 3 or higher")
    try:
        mode = os.fstat(fd).st_mode
        access = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
    except (OSError, OverflowError) as error:
        reason = "is not open in this process; open it where the program is started"
        raise ChannelError(target, reason) from error
    if not stat.S_ISFIFO(mode) and not stat.S_ISSOCK(mode):
        raise ChannelError(target, "is neither a pipe nor a socket; for a file use its path")
    if access == os.O_WRONLY:
        raise ChannelError(target, "is open for writing only; pass the reading end")
    return "socket" if stat.S_ISSOCK(mode) else "pipe"


def is_socket(fd: int) -> bool:
    """Whether ``fd`` is a socket, so that it can carry both directions."""
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except (OSError, OverflowError):
        return False
