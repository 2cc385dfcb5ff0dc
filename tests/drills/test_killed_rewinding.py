"""Killed at any write of a going back, the next start has files and conversation back, or neither."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def outcomes(place: Path, step: int, *first: int) -> dict[int, str]:
    """What was found behind each write."""
    command = [sys.executable, "-m", "tests.drills.killed_rewinding", str(place / "place")]
    done = subprocess.run(
        [*command, str(step), *map(str, first)], cwd=ROOT, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return {number: outcome(found) for number, found in map(json.loads, done.stdout.splitlines())}


def outcome(found: dict[str, Any]) -> str:
    assert found["left"] == []  # there is nothing to be put right any more
    (came,) = [kind for kind in ("whole", "back") if all(found[kind].values())] or [str(found)]
    receipt = (found["receipt"]["status"], found["receipt"].get("outcome"))
    whole = {("duplicate", "interrupted"), ("accepted", None)}
    assert receipt in ({("duplicate", "done")} if came == "back" else whole)
    told = [text for text in found["told"] if "/rewind" in text]
    assert len(told) < 2
    if told:
        assert (
            "are again as they were before it" if came == "whole" else "is finished now"
        ) in told[0]
    return came


def test_killed_from_outside_among_many_files_it_is_the_same(tmp_path: Path, whole: bool) -> None:
    for left in (90, 70, 50, 20, 10, 5) if whole else (20,):
        found = outcomes(tmp_path / str(left), 0, left)
        assert list(found.values()) in (["whole"], ["back"])


def test_files_and_conversation_go_back_both_or_neither(tmp_path: Path, whole: bool) -> None:
    found = outcomes(tmp_path, 1 if whole else 20)
    came = list(found.values())
    assert came == sorted(
        came, reverse=True
    )  # whole before the one write that counts, back behind it
    assert (came[0], came[-1]) == ("whole", "back")
    if not whole:
        return
    counts = came.index("back") + 1
    ends = set()
    for first in (counts - 3, counts + 4):  # and so does a start that is killed in its turn
        again = outcomes(tmp_path / str(first), 1, first)
        assert len(again) > 5
        (end,) = set(again.values())
        ends.add(end)
    assert ends == {"whole", "back"}
