"""What a rule denies runs in no mode unasked, by whatever other program; and ordinary lines do not ask for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwen_dual.core.tools.tool import InvalidArguments
from tests.shell.battery import Judge, sections
from tests.support.declared import policy_of

if TYPE_CHECKING:
    from pathlib import Path


def test_what_may_run_a_denied_program_does_not_run_unasked(tmp_path: Path) -> None:
    judge = Judge(tmp_path, trusted=True)
    policy = policy_of("yolo", deny=["Bash(rm *)"])
    try:
        lines = [line for section in sections("denied.txt") for line in section.lines]
        ran = [line for line in lines if judge.allows(policy, line) is not None]
        assert not ran, "\n".join(ran)
        assert len(lines) > 120
    finally:
        judge.close()


def test_ordinary_lines_do_not_ask_for_what_is_denied_elsewhere(tmp_path: Path) -> None:
    judge = Judge(tmp_path, trusted=True)
    policy = policy_of("yolo", deny=[f"Bash({name} *)" for name in ("rm", "sudo", "curl", "kill")])
    try:
        lines = [line for section in sections("ordinary.txt") for line in section.lines]
        lines.remove("bash --version")  # a shell without a script reads one
        lines += [
            "git commit -m 'rm x from the list; curl it'",
            "python -c 'import os; print(os.environ)'",
            "node -e 'console.log(1)'",
            "NODE_ENV=production npm run build",
            "uv run pytest -q",
            "docker compose up -d",
            "cp a b",
            "GIT_PAGER=cat git log -1",
            "GIT_AUTHOR_NAME='a b' GIT_COMMITTER_DATE=now git commit -m x",
            "GIT_TERMINAL_PROMPT=0 git fetch",
            'export PATH="$PATH:/opt/x/bin"',
        ]
        asked = [line for line in lines if judge.allows(policy, line) is None]
        assert not asked, "\n".join(asked)
    finally:
        judge.close()


def test_a_line_of_many_words_is_held_against_many_rules_at_once(tmp_path: Path) -> None:
    judge = Judge(tmp_path, trusted=True)
    policy = policy_of("yolo", deny=[f"Bash(x{at} *)" for at in range(200)])
    try:
        for line in ("a b c 'd e f' ; " * 250, "a " * 2_000, "a 'b c'" + " 'b c d e'" * 400):
            begin = time.thread_time()
            try:
                judge.allows(policy, line.rstrip("; "))
            except InvalidArguments:
                raise AssertionError(line[:20]) from None
            assert time.thread_time() - begin < 0.5
    finally:
        judge.close()
