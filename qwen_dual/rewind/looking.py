"""What is at a path now: a file and its bytes, a link and where it leads, a folder, or nothing.

No link is followed, on the way or at the end; nothing but regular files is opened, and only for reading.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qwen_dual.fs.folders import ForeignFileError, enter_real
from qwen_dual.fs.foreign import read_up_to

if TYPE_CHECKING:
    from typing import Final

Kind = Literal["absent", "file", "link", "folder", "unkept"]

RACY_NS = 100_000_000
"""A file that changed so shortly before it was looked at may change again without a trace in its times:
some file systems have no finer ones."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_TRIES = 3


class State(Struct, frozen=True):
    """What is, or was, at a path; two are equal if going from one to the other changes nothing.

    Attributes:
        kind: ``unkept`` is something whose content is not known.
        mode: permission bits of a file.
        digest: of its content.
        detail: where a link leads to; of what is not kept why, and behind a NUL what tells it from
            another.
    """

    kind: Kind
    mode: int = 0
    digest: bytes = b""
    detail: bytes = b""

    @property
    def why(self) -> str:
        """Why it is not kept."""
        return os.fsdecode(self.detail.partition(b"\0")[0])

    @property
    def is_leaf(self) -> bool:
        """Whether there is something that is no folder."""
        return self.kind in ("file", "link", "unkept")


ABSENT: Final = State("absent")
FOLDER: Final = State("folder")


def unkept(why: str, status: os.stat_result | None = None) -> State:
    """The state of what cannot be kept, or is not."""
    other = "" if status is None else f"\0{status.st_size} {status.st_mtime_ns} {status.st_ino}"
    return State("unkept", detail=os.fsencode(why + other))


class Look(Struct, frozen=True):
    """What was found.

    Attributes:
        state: of the path.
        print: of its status: as long as that is the same it has not changed. 0 says nothing.
        data: the content of a file.
    """

    state: State
    print: int = 0
    data: bytes | None = None


def print_of(status: os.stat_result) -> int:
    """What tells two states of a file apart without reading it; 0 for one that changed just now.

    The time of the last change of the inode is among it, which nobody can set.
    """
    if stat.S_ISDIR(status.st_mode):
        return 1
    if status.st_ctime_ns >= time.time_ns() - RACY_NS:
        return 0
    found = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)
    return hash(found)


def look(path: str, limit: int) -> Look:
    """What is at ``path``.

    Args:
        path: absolute, its folders without links.
        limit: bytes of a file that is read.
    """
    try:
        folder, name = enter_real(path)
    except (FileNotFoundError, NotADirectoryError, ForeignFileError):
        return Look(ABSENT)  # what is behind a link in its way is something else
    except OSError as error:
        return Look(unkept(f"its folder cannot be entered ({error.strerror})"))
    try:
        return look_in(folder, name, limit)
    finally:
        os.close(folder)


def look_in(folder: int, name: str, limit: int) -> Look:
    """What is called ``name`` in the open ``folder``."""
    status = None
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            return Look(FOLDER, 1)
        if stat.S_ISLNK(status.st_mode):
            target = os.fsencode(os.readlink(name, dir_fd=folder))
            return Look(State("link", detail=target), print_of(status))
        if not stat.S_ISREG(status.st_mode):
            return Look(unkept("it is no regular file", status), print_of(status))
        if status.st_size > limit:
            return Look(_too_large(status, limit), print_of(status))
        return _read(folder, name, limit)
    except FileNotFoundError:
        return Look(ABSENT)
    except OSError as error:
        return Look(unkept(f"it cannot be read ({error.strerror})", status))


def _read(folder: int, name: str, limit: int) -> Look:
    fd = os.open(name, _READ, dir_fd=folder)
    try:
        for _ in range(_TRIES):
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                return Look(unkept("it is no regular file", status))
            os.lseek(fd, 0, os.SEEK_SET)
            data = read_up_to(fd, limit + 1)
            after = os.fstat(fd)
            if len(data) > limit:
                return Look(_too_large(after, limit), print_of(after))
            if (status.st_mtime_ns, status.st_size) == (after.st_mtime_ns, len(data)):
                state = State("file", stat.S_IMODE(after.st_mode) & 0o777, digest_of(data))
                return Look(state, print_of(after), data)
    finally:
        os.close(fd)
    return Look(unkept("it was being written", after))


def digest_of(data: bytes) -> bytes:
    """What a content is kept under."""
    return hashlib.blake2b(data, digest_size=20).digest()


def _too_large(status: os.stat_result, limit: int) -> State:
    return unkept(f"it is larger than {limit >> 20} MiB", status)
