"""The variables that a command line is given, and whether the strict reader may speak of it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from qwen_dual.tools.shell_environment import environment, reads_as_told, shell_arguments
from tests.support.declared import policy_of
from tests.tools.support import tool_of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.tools.toolset import Toolset


def test_nothing_that_steers_bash_reaches_it(tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.write_text("git() { echo from the start-up file; }\n")
    steering = {
        "BASH_ENV": str(start),
        "BASH_FUNC_ls%%": "() { echo from a function; }",
        "SHELLOPTS": "xtrace:keyword",
        "BASHOPTS": "expand_aliases:nullglob",
        "PS4": "$(touch mark)",
        "CDPATH": "/",
        "GLOBIGNORE": "*",
        "POSIXLY_CORRECT": "1",
    }
    made = environment({**os.environ, **steering})
    assert steering.keys().isdisjoint(made)
    line = "type -t git ls; shopt nullglob expand_aliases; set -o | grep -c on$; cd usr; echo x=~ *"
    outputs = [
        subprocess.run(
            [*shell_arguments(made), line],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=env,
            check=False,
        ).stdout
        for env in (made, environment(os.environ))
    ]
    assert outputs[0] == outputs[1]
    assert "from" not in outputs[0]
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin"),
        (".:/bin:", "/bin"),
        ("node_modules/.bin:/bin:../x", "/bin"),
        ("~/bin:/bin", "~/bin:/bin"),
        (".", os.defpath),
    ],
)
def test_no_program_is_looked_for_in_the_folder_itself(path: str, expected: str) -> None:
    assert environment({"PATH": path})["PATH"] == expected


@pytest.mark.parametrize(
    ("line", "locale", "expected"),
    [
        ("ls é", {"LANG": "C.UTF-8"}, True),
        ("ls é", {"LC_ALL": "de_DE.utf8@euro", "LANG": "ja_JP.SJIS"}, True),
        ("ls é", {"LC_ALL": "", "LC_CTYPE": "POSIX"}, True),
        ("ls é", {}, True),
        ("ls é", {"LANG": "zh_CN.GBK"}, False),
        ("ls é", {"LANG": "C.UTF-8", "LC_ALL": "ja_JP.SJIS"}, False),
        ("ls é", {"LANG": "de_DE"}, False),
        ("ls e", {"LANG": "ja_JP.SJIS"}, True),
    ],
)
def test_other_encodings_are_not_read(line: str, locale: dict[str, str], expected: bool) -> None:
    assert reads_as_told(line, {"PATH": os.environ["PATH"], **locale}) is expected


def test_without_bash_no_rule_for_commands_allows_anything(
    tools: Toolset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tool_of(tools, "run_shell_command")
    policy = policy_of(allow=["Bash(make)"])
    assert policy.judge(tool, tool.prepare({"command": "make"})).action == "allow"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shell_arguments(environment(os.environ)) == ["/bin/sh", "-c"]
    assert policy.judge(tool, tool.prepare({"command": "make"})).action == "ask"
    (tmp_path / "busybox").touch(mode=0o755)
    (tmp_path / "bash").symlink_to(tmp_path / "busybox")
    assert policy.judge(tool, tool.prepare({"command": "make"})).action == "ask"
    assert policy_of(allow=["Bash"]).judge(tool, tool.prepare({"command": "x"})).action == "allow"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cd sub && git status", "allow"),
        ("cd ./sub/deep && git status && git status", "allow"),
        ("cd link && git status", "ask"),
        ("cd / && git status", "ask"),
        ("cd .. && git status", "ask"),
        ("cd sub/../.. && git status", "ask"),
        ("cd sub && cd / && git status", "ask"),
        ("cd / ; git status", "ask"),
        ("cd '' && git status", "ask"),
        ("cd - && git status", "ask"),
        ("cd s* && git status", "ask"),
        ("cd -P sub && git status", "ask"),
        ("cd && git status", "ask"),
        ("cd sub && rm x", "ask"),
    ],
)
def test_a_rule_holds_in_the_folder_that_the_line_enters_if_it_is_inside(
    tools: Toolset, workspace: Path, line: str, expected: str
) -> None:
    (workspace / "sub" / "deep").mkdir(parents=True)
    (workspace / "link").symlink_to("/")
    tool = tool_of(tools, "run_shell_command")
    policy = policy_of()
    policy.remember("Bash(git status)")
    assert policy.judge(tool, tool.prepare({"command": line})).action == expected


def test_no_start_up_file_is_read_in_a_session_of_sshd(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("ls() { echo from the start-up file; }\n")
    session = {"HOME": str(tmp_path), "SSH_CLIENT": "1.2.3.4 5 6", "SHLVL": "0"}
    made = environment({**os.environ, **session})
    found = subprocess.run(
        [*shell_arguments(made), "ls"], capture_output=True, cwd=tmp_path, env=made, check=False
    )
    assert b"from" not in found.stdout


def test_a_folder_that_is_a_bare_repository_runs_nothing(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    subprocess.run(["git", "init", "-q", "--bare", str(hidden)], check=True)
    with (hidden / "config").open("a") as config:
        config.write(
            f'[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = "touch {tmp_path}/mark"\n'
        )
    own = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "x.y", "GIT_CONFIG_VALUE_0": "z"}
    made = environment({**os.environ, **own})
    line = "cd hidden && git status; git config --get x.y"
    found = subprocess.run(
        [*shell_arguments(made), line], capture_output=True, cwd=tmp_path, env=made, check=False
    )
    assert found.stdout == b"z\n"
    assert b"safe.bareRepository" in found.stderr
    assert not (tmp_path / "mark").exists()


def test_the_kind_of_terminal_is_told_for_colours_that_are_asked_for() -> None:
    assert environment({"TERM": "xterm-256color"})["TERM"] == "xterm-256color"
    assert environment({})["TERM"] == "dumb"
