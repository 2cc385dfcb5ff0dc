"""The other side of the battery: what agents run all day does not ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.shell.battery import Judge, policies, sections

if TYPE_CHECKING:
    from pathlib import Path


def test_ordinary_lines_do_not_ask_under_sensible_rules(tmp_path: Path) -> None:
    for name in ("src/a.py", "src/b.py", "tests/test_a.py", "scripts/check.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("def main(): ...\n")
    for name in ("README.md", "package.json", "data.csv"):
        (tmp_path / name).write_text("x\n")
    judge = Judge(tmp_path, trusted=True)
    tried, asked = 0, []
    try:
        for policy, section in policies(sections("ordinary.txt")):
            tried += len(section.lines)
            asked += [line for line in section.lines if judge.allows(policy, line) is None]
    finally:
        judge.close()
    assert not asked, "\n".join(asked)
    assert tried >= 300
