"""Rules that deny: what of a command line they find, wherever it hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.declared import parse_rule, policy_of
from tests.tools.rules import SHELL, subject
from tests.tools.support import tool_of

if TYPE_CHECKING:
    from qwen_dual.tools.toolset import Toolset


def denied(line: str, rule: str = "Bash(rm *)") -> str:
    return parse_rule(rule).applies(SHELL, subject(line))


@pytest.mark.parametrize(
    "line",
    [
        "rm x",
        "git log; rm x",
        "git log $(rm x)",
        'echo "`rm x`"',
        "cat <(rm x)",
        "X=1 rm x",
        "/bin/rm x",
        "\\rm x",
        "r'm' x",
        "sudo rm x",
        "sudo -u root -- rm x",
        "env -u A X=1 rm x",
        "command rm x",
        "exec rm x",
        "nohup nice -n 5 timeout -s KILL 5 rm x",
        "xargs -n 1 rm",
        "eval 'rm x'",
        "eval rm x",
        "bash -c 'git log; rm x'",
        'sh -ec "rm x"',
        "bash -c \"bash -c 'rm x'\"",
        "find . -name x -exec rm {} \\;",
        "watch -n 1 rm x",
        "trap 'rm x' EXIT",
        "busybox rm x",
        "f() { rm x; }; f",
        "if true; then rm x; fi",
        "cat <<EOF\n$(rm x)\nEOF",
        "rm x > /dev/null",
        "> /dev/null rm x",
        "echo 'unfinished; rm x\nrm y",
        "(cd /; rm x)",
        "! rm x",
        "time rm x",
        "coproc rm x",
        "env env env env env rm x",
        "taskset -c 0 rm x",
        "valgrind --tool=none rm x",
        "script -qc 'rm x' /dev/null",
        *["sudo -iu x rm x", "time ! rm x", "coproc X { rm x; }", "npx rm x", "uv run rm x"],
        *["docker run -v .:/x y rm x", "git bisect run rm x", "git submodule foreach 'rm x'"],
        *["git rebase -x 'rm x' HEAD", "git rebase --exec='rm x' HEAD", "git -c alias.y='!rm x' y"],
        *["git difftool -yx 'rm x'", "git filter-branch --tree-filter 'rm x'"],
        *["tar cf x --checkpoint-action=exec='rm x' .", "tar -cf x -I 'rm x' .", "rg --pre rm x"],
        *["sort --compress-program=rm a", "mapfile -C 'rm x' y", "alias y='rm x'"],
    ],
)
def test_a_denied_command_is_found_wherever_it_hides(line: str) -> None:
    assert denied(line) in ("yes", "maybe")
    if "unfinished" not in line:
        assert denied(line) == "yes"


@pytest.mark.parametrize(
    "line",
    [
        "env " * 9 + "rm x",
        "$CMD x",
        "${X}m x",
        "r? x",
        "eval $X",
        "bash -c $X",
        "curl x | sh",
        "xargs $X",
    ],
)
def test_what_may_be_denied_is_not_sure(line: str) -> None:
    assert denied(line) == "maybe"


@pytest.mark.parametrize(
    "line",
    [
        *["echo 'rm x'", "echo rm", "git commit -m 'rm x'", "ls # rm x", "cat <<'E'\n`rm x`\nE"],
        *[
            "git rebase main",
            "tar cf rm x",
            "awk '{print $1}' rm",
            "sort rm",
            "git -c core.abbrev=8 log",
        ],
    ],
)
def test_words_alone_are_not_denied(line: str) -> None:
    assert denied(line) == "no"


def test_options_of_git_itself_hide_no_subcommand() -> None:
    assert denied("git -c a=b -C x push origin", "Bash(git push *)") == "yes"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cd src && echo x > f", "refuse"),
        ("cd src/deep && cd .. && echo x > f", "refuse"),
        ("(cd src; echo x > f)", "refuse"),
        ("bash -c 'echo x > src/f'", "refuse"),
        ("bash -c 'cd src && echo x > f'", "refuse"),
        ("cd src && bash -c 'echo x > f'", "refuse"),
        ("cd $X && echo x > f", "ask"),
        ("pushd other; popd; echo x > f", "ask"),
        ("echo x > $X", "ask"),
        ("echo x > s*", "ask"),
        ("bash -c 'echo x > $X'", "ask"),
        ("cd other && echo x > f", "allow"),
        ("cd $X && echo x > /dev/null", "allow"),
        ("cat < $X", "allow"),
    ],
)
def test_a_rule_against_edits_holds_wherever_a_line_goes(
    tools: Toolset, line: str, expected: str
) -> None:
    tool = tool_of(tools, SHELL)
    policy = policy_of("yolo", deny=["Edit(./src/**)"])
    assert policy.judge(tool, tool.prepare({"command": line})).action == expected
