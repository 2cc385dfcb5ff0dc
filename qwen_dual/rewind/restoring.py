"""Going back: file by file, each in one step, and such that a process killed in the middle of it can be
followed by one that takes it back.

What is there before is kept first, with a record of what is about to be done. That record goes once all
is done, in the same transaction that notes what has changed; where it is found, it was broken off.

Where a conversation goes back too, the record names the one write to its chat by which both count, which
is between the last step and that transaction. Broken off before it, the files are taken back; behind it
nothing is left to do but to note them.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from typing import TYPE_CHECKING

from qwen_dual.fs.folders import enter_real
from qwen_dual.fs.reasons import reason
from qwen_dual.fs.replace import remove_file, remove_leftovers, replace_file, replace_link
from qwen_dual.rewind.database import path_of
from qwen_dual.rewind.looking import ABSENT, FOLDER, State, look
from qwen_dual.rewind.records import CONFLICTS, MAX_LISTED, Commit, Left, Point, Recovered, Restored
from qwen_dual.rewind.store import Owner, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from qwen_dual.rewind.planning import Plan, Step
    from qwen_dual.rewind.records import FileChange
    from qwen_dual.rewind.store import Store

MARK = "going"
"""A file beside the database while one goes back (``fs.projects.rewind_mark``): a start need not open
that to know."""

MOVED = "it is another now than when that was shown"


def restore(
    store: Store,
    plan: Plan,
    overwrite: Collection[str] = (),
    reached: Callable[[str], object] = lambda at: None,
    commit: Commit | None = None,
) -> Restored:
    """Does what a plan says.

    Args:
        store: where it is kept.
        plan: of going back.
        overwrite: paths with conflicts that are restored all the same.
        reached: called before each step with its path, and at the end with ``done``.
        commit: by which it counts; ``finish`` is to be called behind it.

    Raises:
        StoreError: what is there could not be kept, so nothing was done; or what was done could not be
            noted, and is taken back at the next start.
    """
    left: list[Left] = []
    steps = [step for step in plan.steps if _wanted(store, step, overwrite, left)]
    if not steps:
        return Restored(left=tuple(left))
    point = plan.preview.point
    owner = Owner(point.session_id, str(uuid.uuid4()), None, point.text, undo=True)
    mark = os.path.join(os.path.dirname(store.database.path), MARK)
    os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    try:
        with store.database.writing():
            store.begin(owner, [step.path for step in steps], whole=False)
            steps = [step for step in steps if _kept(store, step, left)]
            _record(store, owner, steps, commit)
        done = _apply(store, steps, left, reached)
        reached("done")
        if not done or commit is None:
            finish(store, owner.uuid, changed=bool(done))
    finally:
        _unmark(store)
    files = tuple(sorted(done, key=lambda file: file.path))
    paths = tuple(file.path for file in files)
    now, listed = time.time(), paths[:MAX_LISTED]
    undo = Point(owner.uuid, owner.session_id, None, owner.text, now, listed, len(paths), undo=True)
    unfinished = owner.uuid if files and commit is not None else None
    return Restored(files, tuple(left), undo if files else None, unfinished)


def finish(store: Store, going: str, *, changed: bool = True) -> None:
    """Notes that a going back is done: what it has changed, and that it can be taken back.

    Args:
        store: where it is kept.
        going: its id.
        changed: whether it changed anything.

    Raises:
        StoreError: it cannot be noted; it is at the next start.
    """
    with store.database.writing():
        for (number,) in store.database.rows("SELECT id FROM span WHERE point=?", going):
            store.database.run("UPDATE span SET torn=0 WHERE id=?", number)
            rows = store.database.rows("SELECT path FROM span_path WHERE span=?", number)
            store.end(
                Span(number, tuple(path_of(path, store.top) for (path,) in rows), whole=False)
            )
        _forget(store, going)
        if not changed:
            store.database.run("DELETE FROM point WHERE uuid=?", going)
    _unmark(store)


def recover(
    store: Store,
    session_id: str,
    *,
    alone: bool,
    committed: Callable[[Commit], bool] = lambda commit: False,
) -> Recovered | None:
    """Takes back a going back that was broken off, or finishes it; None where there is none.

    Args:
        store: where it is kept.
        session_id: of a session that no other process has.
        alone: whether no other session uses the store, so that nobody can be going back.
        committed: whether a commit was written; may raise ``OSError``.
    """
    found = store.database.rows(
        "SELECT id, text, chat, event FROM going LEFT JOIN going_commit ON going=id"
        " WHERE session=? OR ?",
        session_id,
        alone,
    )
    files, left, finished = 0, list[Left](), False
    for going, _, chat, event in found:
        finished = chat is not None and committed(Commit(chat, event))
        if finished:
            files += sum(one.is_leaf or other.is_leaf for _, one, other in _steps_of(store, going))
            finish(store, going)
        else:
            back, kept = take_back(store, going)
            files, left = files + back, [*left, *kept]
    _unmark(store)
    return Recovered(found[-1][1], files, tuple(left), finished) if found else None


def take_back(store: Store, going: str) -> tuple[int, list[Left]]:
    """Makes everything what it was before a going back; how many files that were, and what was left.

    Raises:
        StoreError: it cannot be noted; the next start does it again.
    """
    files, left = 0, list[Left]()
    steps = _steps_of(store, going)
    remove_leftovers(path for path, _, _ in steps)
    for path, before, target in steps:
        try:
            files += _take_back(store, path, before, target)
        except OSError as error:
            left.append(Left(path, reason(error)))
    with store.database.writing():
        _forget(store, going)
        store.database.run("UPDATE span SET torn=0, last=first-1 WHERE point=?", going)
        store.database.run("DELETE FROM point WHERE uuid=?", going)
    _unmark(store)
    return files, left


def _steps_of(store: Store, going: str) -> list[tuple[str, State, State]]:
    """The path, the state before and the one to come of each step, the last first."""
    rows = store.database.rows(
        "SELECT path, before, target FROM going_step WHERE going=? ORDER BY number DESC", going
    )
    state = store.database.state
    return [(path_of(raw, store.top), state(before), state(target)) for raw, before, target in rows]


def _unmark(store: Store) -> None:
    """Takes the mark away once nobody is going back any more."""
    if store.database.value("SELECT 1 FROM going") is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(os.path.dirname(store.database.path), MARK))


def _wanted(store: Store, step: Step, overwrite: Collection[str], left: list[Left]) -> bool:
    """Whether a step is taken; says of a file why not."""
    file = step.file
    if file is None:
        return True
    why = file.blocked
    if not why and file.conflicts and step.path not in overwrite:
        why = ", ".join(CONFLICTS[conflict] for conflict in file.conflicts)
    if not why and look(step.path, store.bounds.named_bytes).state != step.now:
        why = MOVED
    if why:
        left.append(Left(step.path, why))
    return not why


def _kept(store: Store, step: Step, left: list[Left]) -> bool:
    """Whether what is there now is kept, just as it was shown."""
    number = store.database.value("SELECT state FROM seen WHERE path=?", os.fsencode(step.path))
    now = store.database.state(number) if number is not None else None
    if step.file is None or now == step.now:
        return True
    kept = now is None or now.kind != "unkept"
    left.append(Left(step.path, MOVED if kept else "what is there now could not be had back"))
    return False


def _record(store: Store, owner: Owner, steps: Sequence[Step], commit: Commit | None) -> None:
    add = store.database.run
    add("INSERT INTO going VALUES(?, ?, ?)", owner.uuid, owner.session_id, owner.text)
    if commit is not None:
        row = (owner.uuid, commit.chat, commit.event)
        add("INSERT INTO going_commit VALUES(?, ?, ?)", *row)
    for number, step in enumerate(steps):
        states = store.database.number_of(step.now), store.database.number_of(step.target)
        path = os.fsencode(step.path)
        add("INSERT INTO going_step VALUES(?, ?, ?, ?, ?)", owner.uuid, number, path, *states)


def _forget(store: Store, going: str) -> None:
    store.database.run("DELETE FROM going_step WHERE going=?", going)
    store.database.run("DELETE FROM going_commit WHERE going=?", going)
    store.database.run("DELETE FROM going WHERE id=?", going)


def _apply(
    store: Store, steps: Sequence[Step], left: list[Left], reached: Callable[[str], object]
) -> list[FileChange]:
    """Takes the steps in an order that lets each find what it needs; returns what was done."""
    done: list[FileChange] = []
    for step in ordered(steps):
        reached(step.path)
        try:
            if look(step.path, store.bounds.named_bytes).state != step.now:
                raise OSError(0, MOVED)  # while the steps before it were taken
            _become(store, step.path, step.now, step.target)
        except OSError as error:
            if step.file is not None:
                left.append(Left(step.path, reason(error)))
        else:
            if step.file is not None:
                done.append(step.file)
    return done


def ordered(steps: Iterable[Step]) -> list[Step]:
    """What is taken away goes first, the deepest of it before the rest; folders before what is in them."""
    taken: list[Step] = []
    made: list[Step] = []
    for step in steps:
        (made if step.target.is_leaf or step.target == FOLDER else taken).append(step)
    taken.sort(key=lambda step: (step.now.kind == "folder", -step.path.count("/"), step.path))
    made.sort(key=lambda step: (step.path.count("/"), step.path))
    return [*taken, *made]


def _become(store: Store, path: str, now: State, target: State) -> None:
    """Makes what is at ``path`` what it was.

    Raises:
        OSError: it is not, then.
    """
    if now.kind == "folder" and target.kind != "folder":
        _change_folder(path, os.rmdir)
    elif now.kind in ("file", "link") and target.kind in ("absent", "folder"):
        remove_file(path)
    if target.kind == "folder":
        _change_folder(path, os.mkdir)
    elif target.kind == "link":
        replace_link(path, os.fsdecode(target.detail))
    elif target.kind == "file":
        data = store.database.content(target)
        if now.kind == "link":
            remove_file(path)
        replace_file(path, data, mode=target.mode)


def _change_folder(path: str, change: Callable[..., None]) -> None:
    folder, name = enter_real(path, make=0o777)
    try:
        change(name, dir_fd=folder)
    finally:
        os.close(folder)


def _take_back(store: Store, path: str, before: State, target: State) -> int:
    """Makes ``path`` what it was before a going back that was broken off; how many files that were.

    Raises:
        OSError: it is neither the one nor the other, or cannot be changed.
    """
    now = look(path, store.bounds.named_bytes).state
    if now == before:
        return 0
    # A file in place of a link, or of a folder, takes two steps: there is nothing between them.
    if now not in (target, ABSENT):
        raise OSError(0, "it was changed since by somebody else", path)
    _become(store, path, now, before)
    return int(before.is_leaf or target.is_leaf)
