"""A project with a store, and what is done in it: by calls of a session, and by others."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qwen_dual.rewind.bounds import Bounds
from qwen_dual.rewind.planning import plan_back, points_of
from qwen_dual.rewind.restoring import restore
from qwen_dual.rewind.store import Owner, Store
from qwen_dual.tools.ignore import Ignore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from qwen_dual.rewind.planning import Plan
    from qwen_dual.rewind.records import FileChange, Point, Restored

SESSION = "session-1"


def tree(top: Path) -> dict[str, object]:
    """Everything below ``top``: contents and modes of files, where links lead, folders."""
    found: dict[str, object] = {}
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            shown = os.path.relpath(path, top)
            if stat.S_ISLNK(status.st_mode):
                found[shown] = ("link", os.readlink(path))
            elif stat.S_ISDIR(status.st_mode):
                found[shown] = "folder"
            else:
                with open(path, "rb") as file:
                    found[shown] = (stat.S_IMODE(status.st_mode), file.read())
    return found


_opened: list[Store] = []


def close_stores() -> None:
    """Closes every store that was opened here and is not closed by now."""
    while _opened:
        _opened.pop().database.close()


class Project:
    """A folder ``work`` in ``place``, and the store of it.

    Attributes:
        top: the folder.
        store: what is kept of it.
    """

    def __init__(self, place: Path, bounds: Bounds | None = None, session: str = SESSION) -> None:
        self.place, self.session = place, session
        self.top = place / "work"
        self.top.mkdir(exist_ok=True)
        self.store = self.opened(bounds)

    def opened(self, bounds: Bounds | None = None) -> Store:
        """The store, as another process has it."""
        top = str(self.top)
        store = Store(
            str(self.place / "kept"),
            top,
            ignores=lambda: Ignore(top, top),
            bounds=bounds or Bounds(),
        )
        _opened.append(store)
        return store

    def owner(self, prompt: str, session: str | None = None) -> Owner:
        """The prompt ``prompt``, whose uuid is its text."""
        return Owner(session or self.session, prompt, f"turn of {prompt}", prompt)

    @contextmanager
    def command(self, prompt: str) -> Iterator[None]:
        """Within, a command of the prompt runs, which may change anything."""
        span = self.store.begin(self.owner(prompt), whole=True)
        yield
        self.store.end(span)

    @contextmanager
    def edit(self, prompt: str, *paths: Path) -> Iterator[None]:
        """Within, a tool changes just these files."""
        span = self.store.begin(self.owner(prompt), map(str, paths), whole=False)
        yield
        self.store.end(span)

    def points(self) -> list[Point]:
        """Where the session can go back to."""
        return points_of(self.store, self.session)

    def plan(self, *since: str) -> Plan:
        """What going back to the first of these prompts would do."""
        plan = plan_back(self.store, self.session, since)
        assert plan is not None
        return plan

    def shown(self, *since: str) -> dict[str, FileChange]:
        """The files of that by their paths below the top."""
        files = self.plan(*since).preview.files
        return {os.path.relpath(file.path, self.top): file for file in files}

    def back(self, *since: str, overwrite: Collection[Path] = ()) -> Restored:
        """Goes back."""
        return restore(self.store, self.plan(*since), {str(path) for path in overwrite})
