"""Lines that mean harm: whatever the policy lets run is really run, and must have done none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.shell.battery import Judge, Workspace, policies, sections

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs git")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_no_line_that_may_run_does_harm_in_a_workspace_that_means_it(
    tmp_path: Path, trusted: bool
) -> None:
    workspace = Workspace(tmp_path, hostile_git=True)
    judge = Judge(workspace.root, trusted=trusted)
    harmful: list[str] = []
    tried = ran = 0
    try:
        for policy, section in policies(sections("hostile.txt")):
            for text in section.lines:
                line = workspace.line(text)
                if not trusted and "git" not in line:
                    continue  # it makes no difference
                tried += 1
                call = judge.allows(policy, line)
                if call is None:
                    continue
                ran += 1
                harm = workspace.harm(judge.run(call))
                if harm:
                    harmful.append(f"{line!r} under {section.rules}: {harm}")
    finally:
        judge.close()
    print(f"{tried} lines, {ran} ran")
    assert not harmful, "\n".join(harmful)
    assert tried >= (600 if trusted else 300)
    assert ran >= 50, "a battery in which next to nothing runs shows nothing"
