"""What a channel may be: whose file, of which kind, with which rights.

Decisions over ``stat`` results and descriptors; nothing is read or written here.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat

from qwen_dual.bridge.errors import ChannelError
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.private import LINK, folder_problem, open_checked, owner_problem

_INHERITED = re.compile(r"/(?:dev|proc/self)/fd/\d+|/dev/std(?:in|out|err)")

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
    if kind == stat.S_IFLNK:
        return LINK
    if kind not in (stat.S_IFREG, stat.S_IFIFO):
        what = _REFUSED_KINDS.get(kind, "is no file")
        return f"{what}; commands are read from a regular file or a FIFO"
    problem = owner_problem(found)
    if problem is not None:
        return f"{problem}; commands are read from your own files only"
    if found.st_mode & 0o022:
        who = "everyone" if found.st_mode & stat.S_IWOTH else "its group"
        mode = stat.S_IMODE(found.st_mode)
        return f"is writable by {who} (mode {mode:04o}); run chmod go-w on it"
    return None


def file_refusal(found: os.stat_result) -> str | None:
    """Why events are not written to this regular file, or None where they are."""
    return _events_refusal(found, stat.S_IFREG, "a regular file")


def fifo_refusal(found: os.stat_result) -> str | None:
    """Why events are not written to this FIFO, or None where they are."""
    return _events_refusal(found, stat.S_IFIFO, "a FIFO")


def _events_refusal(found: os.stat_result, kind: int, name: str) -> str | None:
    if stat.S_IFMT(found.st_mode) != kind:
        return f"is not {name} any more"
    problem = owner_problem(found)
    return problem and f"{problem}; events are written to your own files only"


def is_inherited(path: str) -> bool:
    """Whether ``path`` is the system's name for a descriptor that is open here: ``/dev/fd/N``.

    Such a name is a link to what whoever started the program has opened.
    """
    return _INHERITED.fullmatch(path) is not None


def status_of(path: str) -> os.stat_result:
    """What is at ``path`` itself, or behind a descriptor's name.

    Raises:
        OSError: nothing is, or it cannot be looked at.
    """
    return os.stat(path, follow_symlinks=is_inherited(path))


def open_input(path: str, flags: int) -> int:
    """Opens what ``refusal`` lets through at ``path``.

    Raises:
        ForeignFileError: it is not safe to take commands from; says why.
        OSError: it cannot be opened.
    """
    if not is_inherited(path):
        return open_checked(path, flags, refusal)
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    why = refusal(os.fstat(fd))
    if why is not None:
        os.close(fd)
        raise ForeignFileError(path, why)
    return fd


def check_directory(path: str) -> None:
    """Makes sure that a file at ``path`` could appear, and that no other user could put it there.

    Raises:
        ChannelError: the path is empty, or its directory is missing, cannot be entered, or can be
            written to by others.
    """
    if not path or "\0" in path:
        raise ChannelError(repr(path), "is no path")
    if is_inherited(path):
        return
    directory = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(directory):
        raise ChannelError(path, f"the directory {directory} does not exist; create it first")
    if not os.access(directory, os.X_OK):
        raise ChannelError(path, f"no permission to enter the directory {directory}")
    problem = folder_problem(os.stat(directory))
    if problem is not None:
        raise ChannelError(path, f"is in {directory}, which {problem}")


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
