"""Changes a settings file of the person's own, and leaves all else in it as they wrote it.

Comments, order, indentation, line ends, a byte order mark, the file's mode and that it is a symbolic
link: they stay. What the text has no place for, and a file that does not parse, is not written at all.
Every writer of such a file comes through here.
"""

from __future__ import annotations

import copy
import fcntl
import os
import stat
import time
from codecs import BOM_UTF8
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.replace import replace_file
from qwen_dual.settings.files import BadFile, decoded, parse_object, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 1.0
"""Seconds to wait for another session that changes a file of the same folder: it takes milliseconds."""

PRIVATE = 0o600


class CannotKeep(ValueError):
    """A settings file that cannot take what should be kept.

    Attributes:
        path: the file.
    """

    def __init__(self, path: str, why: str, instead: str) -> None:
        super().__init__(f"{path} {why}; {instead}")
        self.path = path


def edit_settings(
    path: str,
    change: Callable[[dict[str, Any]], object],
    instead: str,
    *,
    private: bool = False,
) -> None:
    """Puts into the file at ``path`` what ``change`` does to the values it holds.

    It is written whole or not at all; one that is not there is made, private. Sessions that change it
    at the same moment do so one after the other.

    Args:
        path: the file.
        change: gets the values and changes them; what it raises comes out and nothing is written.
        instead: what the person can do by hand, for the error.
        private: nobody else may read the file afterwards.

    Raises:
        CannotKeep: the file does not parse (says where), or its text cannot take the change.
        OSError: it cannot be written.
    """
    with _alone_in(os.path.dirname(os.path.realpath(path))):
        _edit(path, change, instead, private=private)


def _edit(
    path: str, change: Callable[[dict[str, Any]], object], instead: str, *, private: bool
) -> None:
    from qwen_dual.settings.insertion import NoPlace, with_changes  # rarely needed

    try:
        raw = read_bytes(path) or b""
        text = decoded(path, raw)
        values = parse_object(path, text)
    except BadFile as error:
        mend = f"it is left as it is: mend it and try again, or {instead}"
        raise CannotKeep(path, error.problem, mend) from None
    wanted = copy.deepcopy(values)
    change(wanted)
    ends = "\r\n" if "\n" in text and text.count("\n") == text.count("\r\n") else "\n"
    try:
        changed = with_changes(text.replace(ends, "\n"), values, wanted).replace("\n", ends)
        found = parse_object(path, changed)
    except (BadFile, NoPlace):
        found = None
    if found != wanted:
        raise CannotKeep(path, "is written in a way that is not understood", instead)
    real = os.path.realpath(path)
    was = stat.S_IMODE(os.stat(real).st_mode) if os.path.exists(real) else None
    mode = PRIVATE if private or was is None else was
    if changed == text and mode == was:
        return
    mark = BOM_UTF8 if raw.startswith(BOM_UTF8) else b""
    copies = os.path.join(os.path.dirname(path), "copies")
    replace_file(real, mark + changed.encode(), mode=mode, folder_mode=0o700, copies=copies)


@contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """Holds a lock of ``folder``, since a file that is replaced has none that lasts.

    Goes on without where there is none to be had: a change that might be lost is better than one
    that is not made.
    """
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield  # what is wrong with it the write will say
        return
    try:
        _lock(fd)
        yield
    finally:
        os.close(fd)


def _lock(fd: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.005)
        except OSError:
            return  # a file system without locks
        else:
            return


def section(values: dict[str, Any], name: str) -> Any:
    """The object called ``name`` in ``values``, made where there is none; what else stands there."""
    if values.get(name) is None:
        values[name] = {}
    return values[name]
