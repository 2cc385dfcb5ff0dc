"""What going back would do to each file, from what was kept and what is there now."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.rewind.comparing import Budget, counts
from qwen_dual.rewind.database import StoreError
from qwen_dual.rewind.history import changes_of
from qwen_dual.rewind.looking import ABSENT, Look, State, look
from qwen_dual.rewind.records import MAX_LISTED, Conflict, FileChange, Point, Preview

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.rewind.history import Changed
    from qwen_dual.rewind.records import Change
    from qwen_dual.rewind.store import Store


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
        for change in changes_of(store, session_id)
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
        session_id,
        *since,
    )
    if not found:
        return None
    uuid, turn, text, when, undo, first = found[0]
    point = Point(uuid, session_id, turn, text, when, undo=bool(undo))
    return _plan(store, point, changes_of(store, session_id, first), undoing=True)


def plan_done(store: Store, session_id: str) -> Plan | None:
    """What a session has changed until now; None where it is nothing."""
    changes = changes_of(store, session_id)
    if not changes:
        return None
    point = Point("", session_id, None, "", time.time())
    return _plan(store, point, changes, undoing=False)


def _plan(store: Store, point: Point, changes: Iterable[Changed], *, undoing: bool) -> Plan:
    by_path: dict[str, list[Changed]] = {}
    for change in changes:
        by_path.setdefault(change.path, []).append(change)
    steps = _steps(store, by_path, undoing=undoing)
    if undoing:
        now, targets = {}, {}
        for step in steps:
            now[step.path], targets[step.path] = step.now, step.target
        steps = [
            step
            if step.file is None
            else replace(
                step,
                file=replace(
                    step.file,
                    conflicts=_conflicts(store, by_path[step.path], step.now),
                    blocked=step.file.blocked or _blocked(store, step.path, now, targets),
                ),
            )
            for step in steps
        ]
        steps = _with_those_they_need(steps)
    files = tuple(step.file for step in steps if step.file is not None)
    remarks = tuple(store.take_remarks())
    return Plan(Preview(point, files, remarks, time.monotonic_ns()), tuple(steps), undoing)


def _steps(store: Store, by_path: Mapping[str, Sequence[Changed]], *, undoing: bool) -> list[Step]:
    """What is another now than it was, sorted by path."""
    budget, steps = Budget(), []
    for path in sorted(by_path):
        seen = look(path, store.bounds.named_bytes)
        target = store.database.state(by_path[path][0].before)
        if seen.state == target:
            continue
        file = None
        if seen.state.is_leaf or target.is_leaf:
            file = _file_change(store, path, seen, target, budget, undoing=undoing)
        steps.append(Step(path, seen.state, target, file))
    return steps


def _with_those_they_need(steps: Iterable[Step]) -> list[Step]:
    """Steps with the conflicts of those that have to be taken before them.

    What was in a folder that is a file now waits for that file to go; a file that is a folder now for
    all that is in the folder.
    """
    found = {step.path: step for step in steps}
    for path, step in found.items():
        if step.now.is_leaf and step.target.kind == "folder":
            for below in _below(path, found):
                found[below] = _joined(found[below], step)
    for path in reversed(found):
        if found[path].now.kind == "folder" and found[path].target.is_leaf:
            for below in _below(path, found):
                found[path] = _joined(found[path], found[below])
    return list(found.values())


def _below(folder: str, found: Iterable[str]) -> list[str]:
    return [path for path in found if path.startswith(f"{folder}/")]


def _joined(step: Step, needed: Step) -> Step:
    if step.file is None or needed.file is None:
        return step
    conflicts = tuple(dict.fromkeys((*step.file.conflicts, *needed.file.conflicts)))
    blocked = step.file.blocked or needed.file.blocked
    return replace(step, file=replace(step.file, conflicts=conflicts, blocked=blocked))


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


def _blocked(
    store: Store, path: str, found: Mapping[str, State], targets: Mapping[str, State]
) -> str:
    """Why ``path`` cannot become what it was; empty where it can."""
    now, target = found[path], targets[path]
    if target.kind == "unkept":
        return f"what was there before is not kept: {target.why}"
    if now.kind == "unkept":
        return f"what is there now could not be had back: {now.why}"
    if store.database.missing(target):
        return "what was there before is no longer kept"
    if target.kind == "absent":
        return ""
    if now.kind == "folder" and target.is_leaf and not _empties(path, targets):
        return "there is a folder in its place, with other files in it"
    above = os.path.dirname(path)
    while above != "/":
        if above in targets and targets[above].kind == "folder":
            return ""  # it is made, or is there
        state = look(above, 0).state
        if state.kind == "folder":
            return ""
        if state != ABSENT:
            return f"{above} is {'a symbolic link' if state.kind == 'link' else 'no folder'} now"
        above = os.path.dirname(above)
    return ""


def _empties(folder: str, targets: Mapping[str, State]) -> bool:
    """Whether nothing is left in ``folder`` once what was made in it is taken away."""
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(top, name)
            if targets.get(path) != ABSENT:
                return False
    return True


def _file_change(
    store: Store, path: str, seen: Look, target: State, budget: Budget, *, undoing: bool
) -> FileChange:
    old, new = (seen.state, target) if undoing else (target, seen.state)
    change: Change = "modify"
    if not new.is_leaf:
        change = "delete"
    elif not old.is_leaf:
        change = "add"
    kept, blocked = b"", ""
    if target.kind == "file" and not store.database.missing(target):
        try:
            kept = store.database.content(target)
        except StoreError as error:
            blocked = str(error)
    texts = (seen.data or b"", kept)
    added, removed, binary = counts(*(texts if undoing else texts[::-1]), budget)
    return FileChange(
        path,
        change,
        added,
        removed,
        binary,
        link="link" in (old.kind, new.kind),
        blocked=blocked if undoing else "",
        modes=(old.mode, new.mode)
        if old.kind == new.kind == "file" and old.mode != new.mode
        else None,
    )
