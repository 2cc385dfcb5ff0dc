"""A recording on disk: a folder of mode 0700 with four files of mode 0600.

``meta.json`` says what was recorded; it is there from the start, without an end as long as there is none.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.private import folder_problem, private_folder
from qwen_dual.fs.replace import replace_file
from qwen_dual.protocol.codec import NotJson, decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CAST = "terminal.cast"
EVENTS = "events.jsonl"
INDEX = "index.jsonl"
META = "meta.json"

VERSION = 1
"""Of the folder's make-up."""

_SECRET = re.compile(r"--?[\w-]*(?:key|token|secret|password|passwd)[\w-]*", re.IGNORECASE)


class RecordingError(Exception):
    """A recording cannot be made, read or sent: says which and why."""


class NewRecording:
    """The files of a recording that is being made.

    Args:
        path: the folder; made, with those above it, if it is not there.
        terminal: whether a terminal is recorded beside the events.

    Raises:
        RecordingError: it cannot be made, or a recording is in it already.
    """

    def __init__(self, path: str, *, terminal: bool = True) -> None:
        self.path = path
        try:
            _check_folder(path)
            there = [
                name for name in (CAST, EVENTS, INDEX, META) if os.path.lexists(f"{path}/{name}")
            ]
            if there:
                raise RecordingError(f"{path}: {there[0]} is there already; name another folder")
            self.cast_fd = self._new(CAST) if terminal else -1
            self.events_fd = self._new(EVENTS)
            self.index_fd = self._new(INDEX)
        except ForeignFileError as error:
            raise RecordingError(str(error)) from error
        except OSError as error:
            raise RecordingError(f"{error.filename or path}: {error.strerror}") from error

    def describe(self, about: Mapping[str, Any]) -> None:
        """Writes ``meta.json`` anew, by rename."""
        where = os.path.join(os.path.realpath(self.path), META)
        replace_file(where, encode({"v": VERSION, **about}), mode=0o600, durable=False)

    def _new(self, name: str) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(os.path.join(self.path, name), flags, 0o600)


def _check_folder(path: str) -> None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        private_folder(path)
        return
    if not stat.S_ISDIR(found.st_mode):
        raise RecordingError(f"{path}: is no folder; name one, or a name that is free")
    if problem := folder_problem(found):
        raise RecordingError(f"{path}: {problem}; name a folder that is yours alone")


def meta_of(path: str) -> dict[str, Any]:
    """What ``meta.json`` of a recording says; empty where there is none that can be read."""
    try:
        with open(os.path.join(path, META), "rb") as file:
            found = decode(file.read(1 << 20))
    except (OSError, NotJson):
        return {}
    return found if isinstance(found, dict) else {}


def without_secrets(command: Sequence[str]) -> list[str]:
    """A command line as it may be kept: values of keys, tokens and the like become ``***``."""
    shown: list[str] = []
    hide = False
    for part in command:
        name, joined, _ = part.partition("=")
        if hide:
            shown.append("***")
            hide = False
        elif _SECRET.fullmatch(name):
            shown.append(f"{name}=***" if joined else part)
            hide = not joined
        else:
            shown.append(part)
    return shown
