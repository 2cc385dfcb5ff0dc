"""What of a line needs a rule: wrappers, and commands that change the shell for those behind."""

from __future__ import annotations

import pytest

from qwen_dual.shell.commands import entered, readings, to_be_covered, unwrapped
from qwen_dual.shell.reader import GLOB, read


@pytest.mark.parametrize(
    ("line", "inner"),
    [
        ("nice ls -l", "ls -l"),
        ("nice -n 5 ls", "ls"),
        ("nice -n5 ls", "ls"),
        ("nice --adjustment=-5 ls", "ls"),
        ("nohup ls", "ls"),
        ("env ls", "ls"),
        ("command ls", "ls"),
        ("timeout 5 ls", "ls"),
        ("timeout --foreground -k 1.5s -s KILL 5m ls -n 1", "ls -n 1"),
        ("stdbuf -oL -e 0 ls", "ls"),
        ("ionice -c 3 ls", "ls"),
        ("xargs -0 -n 1 ls -l", f"ls -l {GLOB}"),
    ],
)
def test_a_wrapper_is_looked_through(line: str, inner: str) -> None:
    assert unwrapped(line.split()) == tuple(inner.split(" "))


@pytest.mark.parametrize(
    "line",
    [
        *("nice", "nice -n ls", "nice -x ls", "nice -n 5", "nice -n 5 -n 6 ls", "./nice ls", "Nice ls"),
        *("/usr/bin/nice ls", "env -i ls", "env A=b ls", "env -S ls", "env -C / ls", "env -- ls"),
        *("command -v ls", "command -p ls", "nohup --help", "timeout ls", "timeout 5", "timeout -x 5 ls"),
        *("timeout 5 -x", "timeout 5 A=b", "stdbuf ls", "stdbuf -oX ls", "xargs", "xargs -I{} ls {}"),
        *("xargs -a f ls", "time -a ls", "sudo ls", "exec ls", "setsid ls", "watch ls", "builtin cd x"),
        *("nice \0*", "timeout \0* ls", "strace ls", "busybox ls"),
    ],
)  # fmt: skip
def test_a_wrapper_with_more_than_that_is_a_program_like_any_other(line: str) -> None:
    assert unwrapped(line.split()) is None


def test_wrappers_within_wrappers_may_be_named_by_each() -> None:
    found = readings(("nice", "timeout", "5", "ls"))
    assert found == [("nice", "timeout", "5", "ls"), ("timeout", "5", "ls"), ("ls",)]
    assert len(readings(("nice",) * 50)) < 12


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("cd x && ls", "x"),
        ("cd 'a b' && ls || ls; ls", "a b"),
        ("cd x", None),
        ("cd x; ls", None),
        ("cd x || ls", None),
        ("cd x | ls", None),
        ("cd .. && ls", None),
        ("cd a/../b && ls", None),
        ("cd - && ls", None),
        ("cd x y && ls", None),
        ("cd x* && ls", None),
        ("command cd x && ls", None),
        ("ls && cd x", None),
    ],
)
def test_the_folder_that_a_line_enters(line: str, folder: str | None) -> None:
    found = read(line)
    assert found is not None
    assert entered(found) == folder


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ls; pwd | wc", ["ls", "pwd", "wc"]),
        ("cd x && ls", ["ls"]),
        ("set -e; ls", ["ls"]),
        ("set -euo pipefail\nls", ["ls"]),
        ("set -e", ["set -e"]),
        ("ls; export A=b", ["ls", "export A=b"]),
        ("printf x; ls", ["printf x", "ls"]),
        ("export PATH=x; ls", None),
        ("command export PATH=x; ls", None),
        ("nice command export PATH=x; ls", None),
        ("printf -v PATH x; ls", None),
        ("printf -vPATH x; ls", None),
        ("read PATH; ls", None),
        ("set -o posix; ls", None),
        ("set -ex; ls", None),
        ("set -e x; ls", None),
        ("shopt -s extglob\nls", None),
        ("alias ls=x; ls", None),
        ("hash -p x git; git", None),
        ("enable -f x y; ls", None),
        ("trap x DEBUG; ls", None),
        ("cd x; ls", None),
        ("cd x && cd y && ls", None),
        ("pushd x && ls", None),
        (". x; ls", None),
        ("unset PATH; ls", None),
        ("exec -a x y; ls", None),
        ("umask 0; ls", None),
        ("builtin cd x; ls", None),
    ],
)
def test_what_changes_the_shell_for_others_cannot_be_allowed_by_parts(
    line: str, expected: list[str] | None
) -> None:
    found = read(line)
    assert found is not None
    covered = to_be_covered(found)
    told = None if covered is None else [" ".join(command.words) for command in covered]
    assert told == expected
