"""What changed when: the states of files before and after each call, and whose call it was.

The numbers of changes are the clock of a project. A *span* is a call that may change something, from one
number to another; with ``whole`` all that is found to have changed meanwhile counts as its doing, else
just what it named. A *point* is the prompt that calls were made for. What changes while no call runs
is noticed, and is nobody's of ours.

All of it blocks, and can be called from any thread.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.fs.folders import enter_real
from qwen_dual.fs.tree import Tree
from qwen_dual.rewind.bounds import Bounds, trim
from qwen_dual.rewind.database import Database, is_of_repository, path_of
from qwen_dual.rewind.earlier import Earlier, rules_above
from qwen_dual.rewind.looking import ABSENT, FOLDER, Look, look, look_in, print_of, unkept
from qwen_dual.rewind.walking import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from qwen_dual.rewind.walking import Entry, Ignores

FULL = "the space for kept states is used up"

_COMMIT_EVERY = 256  # files, between which others may write


class Owner(Struct, frozen=True):
    """On whose behalf something is changed: the prompt of a session (see ``records.Point``)."""

    session_id: str
    uuid: str
    turn_id: str | None
    text: str
    undo: bool = False


class Span(Struct, frozen=True):
    """A call that is under way."""

    number: int
    paths: tuple[str, ...]
    whole: bool


class Store:
    """What is kept of one project.

    Args:
        folder: where the database is.
        top: the project's folder, absolute and without links.
        ignores: makes what says which files are left out.
        left_out: folders that are, too: this one.
        bounds: how much may be kept.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(
        self,
        folder: str,
        top: str,
        *,
        ignores: Callable[[], Ignores],
        left_out: Collection[str] = (),
        bounds: Bounds | None = None,
    ) -> None:
        self.top = top
        self.bounds = bounds or Bounds()
        self.database = Database(folder)
        self._gone = threading.Event()
        self._ignores = ignores
        self._left_out = left_out
        self._remarks: dict[str, None] = {}
        self._room = 0
        self._full = False
        self._session = ""

    # -- calls -----------------------------------------------------------------------------

    def begin(
        self,
        owner: Owner,
        paths: Iterable[str] = (),
        *,
        whole: bool,
        gone: threading.Event | None = None,
    ) -> Span:
        """Keeps what a call is about to change.

        Args:
            owner: whose call it is.
            paths: the files that it names; absolute, their folders without links.
            whole: whether it may change anything in the folder.
            gone: ends it early when set: the call does not run.

        Raises:
            StoreError: nothing could be kept.
        """
        named = _with_missing_folders(paths, self.top)
        with self.database.writing():
            self._session, self._gone = owner.session_id, gone or threading.Event()
            self._measure()
            self.settle()
            open_now = self._any_open()
            for path in named:
                self._note(path, look(path, self.bounds.named_bytes), recording=open_now)
            if whole:
                self._walk(recording=open_now)
            first = self.now + 1
            fields = (owner.uuid, owner.session_id, owner.turn_id, owner.text, time.time())
            self.database.run(
                "INSERT OR IGNORE INTO point VALUES(?, ?, ?, ?, ?, ?, ?)",
                *fields,
                int(owner.undo),
                first,
            )
            number = self.database.run(
                "INSERT INTO span(session, point, whole, first) VALUES(?, ?, ?, ?)",
                owner.session_id,
                owner.uuid,
                int(whole),
                first,
            )
            for path in named:
                self.database.run("INSERT INTO span_path VALUES(?, ?)", number, os.fsencode(path))
        return Span(number, tuple(named), whole)

    def end(self, span: Span) -> None:
        """Notes what a call has changed.

        Raises:
            StoreError: it could not be noted; the next one will.
        """
        with self.database.writing():
            self._gone = threading.Event()
            self._measure()
            self._note_all(span.paths, span.number)
            if span.whole:
                self._walk(recording=True, behind=True)
            self._close(span.number)

    def cancel(self, span: Span) -> None:
        """Notes that a call has not run."""
        with self.database.writing():
            self.database.run("UPDATE span SET last=first-1 WHERE id=?", span.number)

    def stop(self) -> None:
        """Ends what takes long, from any thread: what was found by then is noted."""
        self._gone.set()

    def mark_torn(self, session_id: str, *, alone: bool) -> None:
        """Takes note of calls in whose middle the program was ended.

        Args:
            session_id: of a session that no other process has.
            alone: whether no other session uses the store, so that there can be no call at all.
        """
        found = "last IS NULL AND torn=0 AND (session=? OR ?)"
        if self.database.value(f"SELECT 1 FROM span WHERE {found}", session_id, alone):
            with self.database.writing():
                self.database.run(f"UPDATE span SET torn=1 WHERE {found}", session_id, alone)

    def settle(self) -> None:
        """Finds out what calls have changed in whose middle the program was ended."""
        query = "SELECT id, whole FROM span WHERE torn=1 AND last IS NULL"
        if not (torn := self.database.rows(query)):
            return
        with self.database.writing():
            for number, _ in torn:
                found = self.database.rows("SELECT path FROM span_path WHERE span=?", number)
                self._note_all([path_of(path, self.top) for (path,) in found], number)
            if any(whole for _, whole in torn):
                self._walk(recording=True)
            for number, _ in torn:
                self._close(number)

    @property
    def now(self) -> int:
        """The number of the latest change."""
        found = self.database.value("SELECT seq FROM sqlite_sequence WHERE name='change'")
        return int(found or 0)

    def take_remarks(self) -> list[str]:
        """What is not kept, and why, since this was asked for the last time."""
        remarks = list(self._remarks)
        self._remarks.clear()
        return remarks

    # -- looking ---------------------------------------------------------------------------

    def keep(self, found: Look) -> int:
        """The number of a state, once its content is kept; of another one where there is no room."""
        if (known := self.database.find(found.state)) is not None:
            return known
        size = len(found.data or b"")
        self._room -= size
        if size and self._room < 0 and (self._full or not self._make_room(size)):
            self._remarks[f"Not everything is kept: {FULL}."] = None
            return self.database.number_of(unkept(FULL + "\0" + found.state.digest.hex()))
        return self.database.add(found.state, found.data)

    def _measure(self, wanted: int = 0) -> None:
        self._room, self._full = self.bounds.bytes - self.database.size - wanted, False

    def _make_room(self, wanted: int) -> bool:
        self._measure(wanted)  # contents are packed: there may be more than it seemed
        if self._room < 0:
            trim(self.database, self._session)
            self._measure(wanted)
        self._full = self._room < 0
        return not self._full

    def _any_open(self) -> bool:
        query = "SELECT 1 FROM span WHERE last IS NULL AND whole=1"
        return self.database.value(query) is not None

    def _close(self, number: int) -> None:
        self.database.run("UPDATE span SET last=? WHERE id=?", self.now, number)

    def _note_all(self, paths: Iterable[str], span: int) -> None:
        for path in paths:
            self._note(path, look(path, self.bounds.named_bytes), span=span)

    def _note(
        self,
        path: str,
        found: Look,
        *,
        recording: bool = True,
        span: int | None = None,
        before: int | None = None,
        walked: bool = False,
    ) -> None:
        """Takes note of what is at ``path``.

        Args:
            path: absolute.
            found: there, now.
            recording: whether a change counts as somebody's.
            span: the call whose doing it is; None for all that are under way.
            before: the state before, where it was not looked at.
            walked: whether a walk met it: no ignore file names it.
        """
        raw, number = os.fsencode(path), self.keep(found)
        known = self.database.rows("SELECT print, state, walked FROM seen WHERE path=?", raw)
        if known:
            before, walked = known[0][1], walked or bool(known[0][2])
            if known[0] == (found.print, number, walked):
                return
        row = (raw, found.print, number, walked)
        self.database.run("INSERT OR REPLACE INTO seen VALUES(?, ?, ?, ?)", *row)
        if recording and before is not None and before != number:
            insert = "INSERT INTO change(path, before, after, span) VALUES(?, ?, ?, ?)"
            self.database.run(insert, raw, before, number, span)

    def _walk(self, *, recording: bool, behind: bool = False) -> None:
        """Takes note of all there is below the top; ``behind`` a call, of what was kept before it first."""
        began = time.time_ns()
        inside = (os.fsencode(self.top.rstrip("/") + "/"), os.fsencode(self.top.rstrip("/") + "0"))
        query = "SELECT path, print, state, walked FROM seen WHERE path>? AND path<?"
        rows = self.database.rows(query, *inside)
        known = {path: (mark, state, walked) for path, mark, state, walked in rows}
        earlier, rules, bounds = Earlier.read(self.database), rules_above(self.top), self.bounds
        try:
            tree = Tree(self.top)
        except OSError as error:
            self._remarks[f"The folder cannot be looked at: {error.strerror}."] = None
            return
        with tree:
            walk = Walk(
                tree,
                self.top,
                self._ignores(),
                self._left_out,
                before=earlier.before(known, rules),
                seconds=bounds.seconds if earlier.complete or not behind else bounds.rest_seconds,
                most=bounds.entries,
                gone=self._gone,
            )
            noted = 0
            for entry in walk.entries():
                before = known.pop(entry.raw, None)
                if before is None or before[0] != (print_of(entry.status) or None):
                    self._scan_entry(entry, tree, earlier, recording=recording)
                    noted += 1
                    if noted % _COMMIT_EVERY == 0:
                        self.database.pause()
        if walk.why:
            self._remarks[
                f"Not every file of the folder is kept, only what edits name: {walk.why}."
            ] = None
        self._find_gone(known, walk, recording=recording)
        earlier.write(self.database, Earlier(walk.complete, frozenset(walk.hidden), began, rules))

    def _scan_entry(self, entry: Entry, tree: Tree, earlier: Earlier, *, recording: bool) -> None:
        try:
            found = look_in(tree.folder(entry.folder), entry.name, self.bounds.walked_bytes)
        except OSError:  # the folder is gone by now
            return
        state = earlier.state_of_new(entry.path, self.top, entry.status.st_ctime_ns)
        if state is not ABSENT and found.state == FOLDER:
            state = None  # a folder that was there is the same now
        before = None if state is None else self.database.number_of(state)
        self._note(entry.path, found, recording=recording, before=before, walked=True)

    def _find_gone(
        self, unmet: dict[bytes, tuple[int, int, int]], walk: Walk, *, recording: bool
    ) -> None:
        absent = self.database.number_of(ABSENT)
        until = time.monotonic() + 1
        for raw, (_, state, walked) in unmet.items():
            path = os.fsdecode(raw)
            if state != absent and not _is_there(path):
                self._note(path, Look(ABSENT), recording=recording)
            elif walked and walk.complete:  # it is ignored by now
                self.database.run("UPDATE seen SET walked=0 WHERE path=?", raw)
            if not walk.complete and time.monotonic() > until:
                return


def _with_missing_folders(paths: Iterable[str], top: str) -> list[str]:
    """``paths`` with the folders above them that are not there yet, each once, those first."""
    named: dict[str, None] = {}
    for path in paths:
        if is_of_repository(path, top):
            continue
        levels, level = [path], os.path.dirname(path)
        while level != "/" and not os.path.lexists(level):
            levels.append(level)
            level = os.path.dirname(level)
        named.update(dict.fromkeys(reversed(levels)))
    return list(named)


def _is_there(path: str) -> bool:
    try:
        folder, name = enter_real(path)
    except OSError:
        return False
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    finally:
        os.close(folder)
    return True
