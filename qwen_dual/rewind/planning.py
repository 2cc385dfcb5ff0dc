"""What going back would do to each file, from what was kept and what is there now."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.rewind.comparing import Budget, counts
from qwen_dual.rewind.looking import ABSENT, Look, State, look
from qwen_dual.rewind.records import MAX_LISTED, Conflict, FileChange, Point, Preview

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwen_dual.rewind.records import Change
    from qwen_dual.rewind.store import Changed, Store


class Step(Struct, frozen=True):
    """What becomes of one path.

    Attributes:
        path: absolute.
        now: what is there.
        target: what was there.
        file: what others are told of it; None for a mere folder.
    """

    path: str
    now: State
    target: State
    file: FileChange | None


class Plan(Struct, frozen=True):
    """Steps, and what others are told of them.

    Attributes:
        undoing: whether the steps lead back; else they are what a session has done.
    """

    preview: Preview
    steps: tuple[Step, ...]
    undoing: bool = True


def points_of(store: Store, session_id: str) -> list[Point]:
    """Where a session can go back to, the oldest first: what has changed nothing is no point."""
    rows = store.database.rows(
        "SELECT uuid, turn, text, time, undo, first FROM point WHERE session=? ORDER BY first, time",
        session_id,
    )
    folders = store.database.rows("SELECT id FROM state WHERE kind IN ('absent', 'folder')")
    none = {number for (number,) in folders}
    changes = [
        change
        for change in store.changes(session_id)
        if change.before not in none or change.after not in none
    ]
    points, at = [], 0
    for index, (uuid, turn, text, when, undo, first) in enumerate(rows):
        until = rows[index + 1][5] if index + 1 < len(rows) else None
        while at < len(changes) and changes[at].number < first:
            at += 1
        paths = set()
        while at < len(changes) and (until is None or changes[at].number < until):
            paths.add(changes[at].path)
            at += 1
        if paths:
            listed = tuple(sorted(paths)[:MAX_LISTED])
            points.append(Point(uuid, session_id, turn, text, when, listed, len(paths), bool(undo)))
    return points


def plan_back(store: Store, session_id: str, since: Sequence[str]) -> Plan | None:
    """What going back to the first point of ``since`` would do; None where there is none.

    Args:
        store: where it is kept.
        session_id: whose doing is taken back.
        since: uuids of points, or of prompts without one.
    """
    marks = ", ".join("?" for _ in since)
    found = store.database.rows(
        f"SELECT uuid, turn, text, time, undo, first FROM point WHERE session=? AND uuid IN ({marks})"
        " ORDER BY first, time LIMIT 1",
        *(session_id, *since),
    )
    if not found:
        return None
    uuid, turn, text, when, undo, first = found[0]
    point = Point(uuid, session_id, turn, text, when, undo=bool(undo))
    return _plan(store, point, store.changes(session_id, first), undoing=True)


def plan_done(store: Store, session_id: str) -> Plan | None:
    """What a session has changed until now; None where it is nothing."""
    changes = store.changes(session_id)
    if not changes:
        return None
    point = Point("", session_id, None, "", time.time())
    return _plan(store, point, changes, undoing=False)


def _plan(store: Store, point: Point, changes: Iterable[Changed], *, undoing: bool) -> Plan:
    by_path: dict[str, list[Changed]] = {}
    for change in changes:
        by_path.setdefault(change.path, []).append(change)
    found = {path: look(path, store.bounds.named_bytes) for path in sorted(by_path)}
    targets = {path: store.database.state(by_path[path][0].before) for path in found}
    budget, steps = Budget(), []
    for path, seen in found.items():
        target = targets[path]
        if seen.state != target:
            file = None
            if seen.state.is_leaf or target.is_leaf:
                conflicts = _conflicts(store, by_path[path], seen.state)
                blocked = _blocked(store, path, found, targets)
                file = _told(store, path, seen, target, budget, undoing=undoing)
                file = _with(file, conflicts if undoing else (), blocked if undoing else "")
            steps.append(Step(path, seen.state, target, file))
    files = tuple(step.file for step in steps if step.file is not None)
    remarks = tuple(store.take_remarks())
    return Plan(Preview(point, files, remarks, time.monotonic_ns()), tuple(steps), undoing)


def _with(file: FileChange, conflicts: tuple[Conflict, ...], blocked: str) -> FileChange:
    return replace(file, conflicts=conflicts, blocked=blocked)


def _conflicts(store: Store, changes: Sequence[Changed], now: State) -> tuple[Conflict, ...]:
    found: list[Conflict] = []
    if store.database.state(changes[-1].after) != now:
        found.append("changed_since")
    if any(one.after != other.before for one, other in pairwise(changes)):
        found.append("changed_between")
    if any(change.shared for change in changes):
        found.append("other_session")
    if any(change.torn for change in changes):
        found.append("uncertain")
    return tuple(found)


def _blocked(store: Store, path: str, found: dict[str, Look], targets: dict[str, State]) -> str:
    """Why ``path`` cannot become what it was; empty where it can."""
    now, target = found[path].state, targets[path]
    if target.kind == "unkept":
        return f"what was there before is not kept: {target.why}"
    if now.kind == "unkept":
        return f"what is there now could not be had back: {now.why}"
    if store.database.missing(target):
        return "what was there before is no longer kept"
    if target.kind == "absent":
        return ""
    if now.kind == "folder" and target.is_leaf and not _empties(path, found, targets):
        return "there is a folder in its place, with other files in it"
    above = os.path.dirname(path)
    while above != "/":
        if above in targets and targets[above].kind == "folder":
            return ""  # it is made, or is there
        state = look(above, 0).state
        if state.kind == "folder":
            return ""
        if state != ABSENT:
            return f"{above} is no folder"
        above = os.path.dirname(above)
    return ""


def _empties(folder: str, found: dict[str, Look], targets: dict[str, State]) -> bool:
    """Whether nothing is left in ``folder`` once what was made in it is taken away."""
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(top, name)
            if path not in found or targets[path] != ABSENT:
                return False
    return True


def _told(
    store: Store, path: str, seen: Look, target: State, budget: Budget, *, undoing: bool
) -> FileChange:
    old, new = (seen.state, target) if undoing else (target, seen.state)
    change: Change = "modify"
    if not new.is_leaf:
        change = "delete"
    elif not old.is_leaf:
        change = "add"
    kept = b""
    if target.kind == "file" and not store.database.missing(target):
        kept = store.database.content(target)
    texts = (seen.data or b"", kept)
    added, removed, binary = counts(*(texts if undoing else texts[::-1]), budget)
    return FileChange(
        path,
        change,
        added,
        removed,
        binary,
        link="link" in (old.kind, new.kind),
    )
