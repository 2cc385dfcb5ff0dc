"""Command lines and permission rules: the usual tricks, and lines made at random."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwen_dual.core.permissions.proposals import rules_for
from qwen_dual.core.permissions.rules import allows
from qwen_dual.core.tools.tool import UNKNOWN, Command
from qwen_dual.tools.shellwords import MAX_LINE
from tests.support.declared import parse_rule, policy_of
from tests.support.fakes import FakeTool
from tests.tools.rules import SHELL, subject
from tests.tools.support import tool_of

if TYPE_CHECKING:
    from qwen_dual.tools.toolset import Toolset


def allowed(line: str, *rules: str) -> bool:
    return allows([parse_rule(rule) for rule in rules], SHELL, subject(line))


@pytest.mark.parametrize(
    "line",
    [
        "git log",
        "git status > /dev/null 2>&1",
        "git log && git status || git diff; git show | git log & ",
        'git log "--grep=a && b; rm -rf ~ # (c) {d,e}"',
        "git log --grep='a `rm x` $(rm y) \\'",
        '"git" status',
        "g'it' status",
        "\\git status",
        "git log --format='%H # not a comment'",
        "git --no-pager log",
        "git log HEAD~3..HEAD",
        "time git log",
        "timeout -k 1 5 git log",
        "time nice -n 5 git log",
        "command git log",
        "nohup env git log",
        "\ngit log\n\ngit status\n",
        "set -euo pipefail\ngit log",
        "cd sub && git log",
        "",
    ],
)
def test_a_rule_for_git_allows_what_runs_git_alone(line: str) -> None:
    assert allowed(line, "Bash(git *)") is bool(line)


@pytest.mark.parametrize(
    "line",
    [
        "git log; rm -rf ~",
        "git log\nrm -rf ~",
        "git log && rm x",
        "git log || rm x",
        "git log | sh",
        "git log & rm x",
        "git log $(rm x)",
        'git log "$(rm x)"',
        "git log `rm x`",
        'git log "a `rm x` b"',
        "git log <(rm x)",
        "git log > x",
        "git log >> x",
        "git log &> x",
        "git log >| x",
        "git log 2> x",
        "git log > $X",
        "> x git log",
        "git log > /dev/nullx",
        "git log < /dev/tcp/host/80",
        "X=1 git log",
        "PATH=/tmp git log",
        "LD_PRELOAD=x git log",
        "PATH=/tmp; git log",
        "export PATH=/tmp; git log",
        "env -i git log",
        "env X=1 git log",
        "sudo git log",
        "exec git log",
        "xargs git log",
        "eval git log",
        "bash -c 'git log'",
        "sh -c 'git log'",
        "find . -exec git log {} +",
        "git log $BRANCH",
        "git log *",
        "(git log); { git status; }; ! git diff",
        "for x in a b; do git show $x; done",
        "git \\\n  status",
        "git log # && rm -rf ~",
        "git diff <(git show a) <(git show b)",
        "nice -n 5 -x git log",
        "./nice git log",
        "/usr/bin/nice git log",
        "time -a -o x git log",
        "/usr/bin/time -a -o x git log",
        "git log | time -o x git log",
        "timeout $X git log",
        "stdbuf -oX git log",
        "timeout -s KILL git log",
        "cd .. && git log",
        "cd - && git log",
        "cd; git log",
        "cd sub; git log",
        "cd sub | git log",
        "git log && cd sub && git log",
        "cd a && cd b && git log",
        "set -o posix; git log",
        "set -k\ngit log",
        "alias git=rm; git log",
        "git() { rm x; }; git log",
        "git() { git log; }; git log",
        "trap 'rm x' EXIT; git log",
        "gitx log",
        "./git log",
        "/tmp/git log",
        "$GIT log",
        "${GIT} log",
        "$(echo git) log",
        "g?t log",
        "g* log",
        "{git,rm} log",
        "$'git' log",
        "git log ${X:-$(rm x)}",
        "git log ${X@P}",
        "git log $((a[$(rm x)]))",
        "[[ -v 'a[$(rm x)]' ]] && git log",
        "git log <<EOF\n$(rm x)\nEOF",
        "git log <<'EOF'\nx\nEOF\nrm x",
        "git log 'unfinished",
        "git log && ",
        "git log \\; rm x; rm y",
        "git log\r# x; rm y",
        "git log\x0brm x",
        "git\u00a0log",
        "git -c core.pager='rm x' log",
        "git -ccore.pager=x log",
        "git -C /elsewhere log",
        "git --exec-path=/tmp log",
        "git --config-env=a=b log",
        "git --git-dir=/x log",
        "git fetch --upload-pack='rm x' .",
        "git fetch --upload-p='rm x' .",
        "git rebase --exec 'rm x' main",
        "git diff --output=x",
        "git $X log",
        "coproc git log",
        "while rm x; do git log; done",
        "case $(rm x) in a) git log;; esac",
        "git log > /dev/null; cd /x",
        "((x=1)); git log",
        "git log && git status > /dev/null x 2>y",
    ],
)
def test_a_rule_for_git_allows_nothing_else(line: str) -> None:
    assert not allowed(line, "Bash(git *)")


def test_every_part_may_have_a_rule_of_its_own() -> None:
    line = "cd src && npm test | tail -5"
    assert allowed(line, "Bash(npm test *)", "Bash(tail *)")
    assert not allowed(line, "Bash(npm test *)")
    assert allowed("git log > x", "Bash")


def test_a_wrapper_is_allowed_by_its_own_name_and_its_risky_options_by_theirs() -> None:
    assert allowed("xargs rm", "Bash(xargs rm)")
    assert allowed("bash -c 'rm x'", "Bash(bash -c 'rm x')")
    assert allowed("find . -name '*.py'", "Bash(find *)")
    for line in (
        "find . -exec rm {} +",
        "find . -delete",
        "find $X",
        "fd x -x rm",
        "rg --pre sh x",
    ):
        assert not allowed(line, "Bash(find *)", "Bash(fd *)", "Bash(rg *)"), line
    assert allowed("find . -exec ls {} +", "Bash(find * -exec *)")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("git log -1", "run_shell_command(git log *)"),
        ("  make   test ", "run_shell_command(=make test)"),
        ("ls -l", "run_shell_command(=ls -l)"),
        ("git log && git log -2 > /dev/null", "run_shell_command(git log *)"),
        ("timeout 5 npm test", "run_shell_command(=npm test)"),
        ("git log; rm -rf x", None),
        ("git log\nrm x", None),
        ("ls > x", None),
        ("ls | sh", None),
        ("X=1 ls", None),
        ("find . -delete", "run_shell_command(=find . -delete)"),
        ("$X", None),
        ("ls 'unfinished", None),
        ("", None),
    ],
)
def test_a_rule_is_proposed_where_it_covers_the_whole_line(line: str, rule: str | None) -> None:
    rules = rules_for(FakeTool(SHELL), subject(line), outside=False)
    assert rules == ((rule,) if rule else ())


def test_a_call_names_the_files_that_its_redirects_write(tools: Toolset) -> None:
    policy = policy_of("yolo", deny=["Edit(.env)", "Edit(~/.profile)"])
    tool = tool_of(tools, SHELL)

    def judged(**arguments: str) -> str:
        return policy.judge(tool, tool.prepare(arguments)).action

    assert judged(command="echo x > .env") == "refuse"
    assert judged(command="echo x >> ~/.profile") == "refuse"
    assert judged(command="cat .env > other") == "allow"


PIECES = st.sampled_from(
    [
        *["echo", "touch m", " ", ";", "&&", "|", "&", "\n", '"', "'", "`", "$(", ")", "(", "{"],
        *["}", "#", "\\", "<<E", "\nE\n", "<<<", ">/dev/null", "2>&1", "$", "\r", "a", "if"],
        *["then", "fi", "for x in", "do", "done", "case x in", "x)", ";;", "esac", "!", "[["],
        *["]]", "${", "x:-", "x=", "*", "$((", "))", "time", "function", "|&", "&>", "<(", "$x"],
        *["\\\n", "''", "@P"],
    ]
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(st.lists(PIECES, min_size=2, max_size=12).map(lambda pieces: "echo " + "".join(pieces)))
def test_what_a_rule_for_echo_allows_runs_nothing_else(line: str) -> None:
    if "touch" not in line or not allowed(line, "Bash(echo *)"):
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["bash", "-c", line],
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
        )
        assert os.listdir(folder) == []


@pytest.mark.parametrize(
    "line",
    [
        "ls" + " >x" * 40_000,
        "ls;" * 30_000,
        "((((<<<>>>|||&&" * 3000,
        "((((<<<>>>|||&&" * 500,
        "$(" * 3000 + "ls" + ")" * 3000,
        "{ " * 4000 + "ls; " + "}; " * 4000,
        "bash -c 'ls;ls' ;" * 3000,
        "sudo " * 3000 + "ls",
        "taskset " * 3000 + "ls",
        "if ls; then " * 3000,
        "cp -r " + "a " * 2000 + "; x=1" * 2000,
        "mytool " + "a=b:c@d " * 9000 + ";ls" * 2000,
    ],
    ids=lambda line: f"{line[:6]}-{len(line)}",
)
def test_no_line_takes_long_to_take_apart_and_what_does_is_not_understood(
    tools: Toolset, line: str
) -> None:
    tool = tool_of(tools, SHELL)
    began = time.thread_time()
    found = tool.prepare({"command": line}).subject
    assert time.thread_time() - began < 2
    assert found.commands
    if len(line) > MAX_LINE or "<" in line:
        assert not found.parsed and found.commands[-1] == Command((UNKNOWN,))
    for rule in ("Bash(zz *)", "Edit(.env)", "Read(.env)"):
        verdict = policy_of("yolo", deny=[rule]).judge(tool, tool.prepare({"command": line}))
        assert verdict.action == "ask"
