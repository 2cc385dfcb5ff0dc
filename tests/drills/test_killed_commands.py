"""Killed at any write of what a command with an id began: sent again, it was run once, and the receipt says which."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.drills.killed_commands import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]


def outcomes(place: Path, scenario: str, step: int) -> list[dict[str, Any]]:
    """What was found behind each write."""
    command = [sys.executable, "-m", "tests.drills.killed_commands", str(place / "place")]
    done = subprocess.run(
        [*command, str(step), scenario], cwd=ROOT, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line)[1] for line in done.stdout.splitlines()]


def check(found: dict[str, Any], prompts: Iterable[str]) -> str:
    """Holds what was found against what a host was told; what became of the first prompt."""
    ran = Counter(found["ran"])
    assert all(receipt["status"] == "duplicate" for receipt in found["again"].values())
    for name in prompts:
        receipt, again = found["first"][name], found["again"][name]
        assert ran[name] <= 1
        if receipt["status"] in ("accepted", "queued"):  # it had not begun, and runs now
            assert again["outcome"] in ("done", "rejected")
            assert ran[name] == (again["outcome"] == "done")
        elif receipt["outcome"] == "done":
            assert ran[name] == 1
            assert (receipt["result"]["result"], receipt["result"]["command_id"]) == ("done", name)
        else:
            assert receipt["outcome"] in ("interrupted", "rejected")
            assert ran[name] == 0 or receipt["outcome"] == "interrupted"
            assert again["outcome"] == receipt["outcome"]
    first = found["first"]["A"]
    return first.get("outcome") or "ran now"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_command_is_carried_out_once_wherever_the_program_was_killed(
    tmp_path: Path, scenario: str, whole: bool
) -> None:
    if scenario != "prompt" and not whole:
        pytest.skip("the others are gone through with --whole")
    commands = SCENARIOS[scenario]
    prompts = [one["id"] for one in commands if one["type"] == "submit" and one["id"] != "S"]
    found = outcomes(tmp_path, scenario, 1 if whole else 11)
    came = [check(one, prompts) for one in found]
    assert list(dict.fromkeys(came)) == ["ran now", "interrupted", "done"]
