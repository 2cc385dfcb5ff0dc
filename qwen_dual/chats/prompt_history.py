"""The prompts that were sent in a folder, in a file of the person's home: read by every later session.

One line of JSON each, private, without the keys in use. Two generations bound its size: a full file
gives way to a new one, and is itself the old one from then on. So nothing is ever rewritten, and
sessions that run at the same time need a lock only where one of them begins a new file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, Any

from qwen_dual.core.prompts.prompt import Entered
from qwen_dual.fs.private import make_private, open_checked, owner_problem, private_folder
from qwen_dual.fs.projects import history_file
from qwen_dual.protocol.codec import NotJson, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_ENTRIES = 1000
"""Entries that are loaded: the newest."""

MAX_FILE = 512 * 1024
"""Bytes after which a generation is full."""

MAX_ENTRY = 64 * 1024
"""Bytes of an entry; a longer one is not kept."""


class PromptHistory:
    """The prompts of one folder.

    Args:
        home: the user's settings folder.
        cwd: the folder; another whose name on disk is the same has entries of its own.
        scrub: takes secrets out of a text.
    """

    def __init__(self, home: str, cwd: str, scrub: Callable[[str], str]) -> None:
        self._cwd = os.path.realpath(cwd)
        self._path = history_file(home, self._cwd)
        self._scrub = scrub

    def load(self) -> list[Entered]:
        """The newest entries, the oldest of them first; a line that cannot be read is passed over.

        Raises:
            OSError: the file cannot be read, or is not this user's alone.
        """
        found = [*self._read(self._old), *self._read(self._path)]
        return found[-MAX_ENTRIES:]

    def append(self, entered: Entered) -> None:
        """Keeps an entry.

        Raises:
            OSError: it cannot be written.
        """
        entry: dict[str, Any] = {
            "text": self._scrub(entered.text),
            "cwd": self._cwd,
            "at": round(time.time()),
        }
        if entered.shell:
            entry["shell"] = True
        if entered.pastes:
            entry["pastes"] = {name: self._scrub(text) for name, text in entered.pastes.items()}
        line = encode(entry)
        if len(line) > MAX_ENTRY:
            return
        os.makedirs(os.path.dirname(os.path.dirname(self._path)), mode=0o700, exist_ok=True)
        private_folder(os.path.dirname(self._path))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        fd = open_checked(self._path, flags, owner_problem)
        try:
            if os.fstat(fd).st_size + len(line) > MAX_FILE:
                self._give_way(fd)
                os.close(fd)
                fd = open_checked(self._path, flags, owner_problem)
            os.write(fd, line)
        finally:
            os.close(fd)

    def _give_way(self, full: int) -> None:
        """Makes the open file the old one, unless another session does, or has done it."""
        try:
            fcntl.flock(full, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another is at it
        except OSError:
            pass  # a file system without locks
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(full), os.stat(self._path)):
                os.rename(self._path, self._old)

    @property
    def _old(self) -> str:
        return f"{self._path}.old"

    def _read(self, path: str) -> Iterator[Entered]:
        with contextlib.suppress(FileNotFoundError):
            make_private(path, owner_problem)
            fd = open_checked(path, os.O_RDONLY, owner_problem)
            with open(fd, "rb") as file:
                raw = file.read(2 * MAX_FILE)
            yield from filter(None, map(self._entry, raw.splitlines()))

    def _entry(self, line: bytes) -> Entered | None:
        try:
            entry = decode(line)
        except NotJson:
            return None  # cut off by a full disk, or by somebody's editor
        if not isinstance(entry, dict) or entry.get("cwd") != self._cwd:
            return None
        text, pastes = entry.get("text"), entry.get("pastes", {})
        if not isinstance(text, str) or not isinstance(pastes, dict):
            return None
        kept = {str(name): body for name, body in pastes.items() if isinstance(body, str)}
        return Entered(text, entry.get("shell") is True, kept)
