"""Which commands run unasked: those that only read, where a read may."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.declared import policy_of
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.core.permissions.policy import Policy
    from qwen_dual.tools.toolset import Toolset


@pytest.fixture
def folder(workspace: Path) -> Path:
    """A workspace with a file, a folder, and links that lead out of it."""
    (workspace / "src").mkdir()
    for name in ("f", ".env", "src/f", "src/.env"):
        (workspace / name).write_text("x\n")
    (workspace.parent / "outside").mkdir()
    (workspace.parent / "outside" / "f").write_text("x\n")
    (workspace / "link").symlink_to(workspace.parent / "outside")
    (workspace / "leads-out").symlink_to(workspace.parent / "outside" / "f")
    (workspace / "src" / "g").symlink_to(workspace.parent / "outside" / "f")
    os.mkfifo(workspace / "pipe")
    return workspace


def judged(tools: Toolset, line: str, policy: Policy | None = None, **more: str) -> str:
    tool = tool_of(tools, "run_shell_command")
    call = tool.prepare({"command": line, **more})
    return (policy or policy_of()).judge(tool, call).action


@pytest.mark.parametrize("mode", ["default", "auto-edit", "plan"])
def test_what_only_reads_runs_unasked_wherever_reading_does(
    tools: Toolset, folder: Path, mode: str
) -> None:
    policy = policy_of(mode)
    for line in ("ls", "cat f | head -1", "grep -rn x . && wc -l src/f", "find . -name f; pwd"):
        assert judged(tools, line, policy) == "allow", line
    for line in ("touch x", "ls && touch x", "ls > x", "ls $X", "cat `ls`"):
        assert judged(tools, line, policy) != "allow", line


@pytest.mark.parametrize(
    "line",
    [
        "cat ../outside/f",
        "cat leads-out",
        "cat link/f",
        "ls ..",
        "ls link",
        "cat /etc/passwd",
        "cat l*",
        "cat src/*",
        "diff src src",
        "cd .. && ls",
        "cd link && cat f",
        "cd src && cat g",
        "cd src; cat ../leads-out",
        "cd src || cat leads-out",
        "true | cd src && cat ../outside/f",
        "true | cd src && cat leads-out",
        "nice cd src && cat leads-out",
        "cd src && cd .. && cat leads-out",
        "cd link/.. && cat outside/f",
        "cd - && cat f",
        "cd && cat f",
        "pushd src; cat f",
        "find . -newer leads-out",
        "grep -f leads-out f",
        "cat pipe",
        "wc -l < /dev/null pipe",
    ],
)
def test_what_a_read_would_ask_for_asks(tools: Toolset, folder: Path, line: str) -> None:
    assert judged(tools, line) == "ask"


def test_a_rule_with_a_star_says_nothing_of_where_a_command_reads(
    tools: Toolset, folder: Path
) -> None:
    outside = str(folder.parent / "outside" / "f")
    assert judged(tools, f"cat {outside}", policy_of(allow=["Bash(cat *)"])) == "ask"
    assert judged(tools, f"cat {outside}", policy_of(allow=[f"Bash(=cat {outside})"])) == "allow"
    assert judged(tools, f"cat {outside}", policy_of(allow=[f"Read(/{outside})"])) == "allow"


def test_rules_for_reading_hold_for_commands_that_read(tools: Toolset, folder: Path) -> None:
    for mode in ("default", "yolo"):
        policy = policy_of(mode, deny=["Read(.env)"])
        assert judged(tools, "cat .env", policy) == "refuse"
        assert judged(tools, "cd src && cat .env | head", policy) == "refuse"
        assert judged(tools, "cat f", policy) == "allow"
    policy = policy_of(deny=["Read(.env)"], allow=["Bash(grep *)"])
    assert judged(tools, "grep -r x .", policy) == "ask"
    assert judged(tools, "rg x src", policy) == "ask"
    assert judged(tools, "find . -name f", policy_of(deny=["Read(.env)"])) == "allow"
    assert judged(tools, "grep -r x src", policy_of(deny=["Read(/secret/**)"])) == "allow"
    assert judged(tools, "cat f", policy_of(ask=["Read(f)"])) == "ask"
    assert judged(tools, "ls", policy_of(ask=["Bash(ls *)"])) == "ask"


def test_rules_for_reading_hold_for_what_git_is_told_to_show(tools: Toolset, folder: Path) -> None:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    tools.trust(True)
    (folder / "secrets").mkdir()
    for line in (
        "git show HEAD:secrets/key",
        "git show :0:secrets/key",
        "git diff HEAD~1:secrets/key f",
        "git cat-file -p HEAD:secrets/key",
        "git cat-file -p :secrets/key",
        "cd src && git show HEAD:secrets/key",
        "cd secrets && git show HEAD:./key",
        "git log -L1,1:secrets/key",
        "git log -p -- :/secrets/key",
        "git grep x HEAD:secrets/key",
    ):
        assert judged(tools, line, policy_of(deny=["Read(secrets/**)"])) == "refuse", line
        assert judged(tools, line) == "allow", line
    assert judged(tools, "git blame -L '/^def x/,+9' f") == "allow"
    denied = policy_of(deny=["Read(.env)"])
    assert judged(tools, "git grep x", denied) == judged(tools, "grep -r x", denied) == "ask"
    assert judged(tools, "git show HEAD:f", denied) == "allow"
    assert judged(tools, "git show HEAD:../outside/f") == "ask"


def test_git_grep_reads_nothing_through_a_folder_that_is_a_link_now(
    tools: Toolset, folder: Path
) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)

    git("init", "-q")
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "f").write_text("tracked\n")
    git("add", "a")
    tools.trust(True)
    assert run(tools, "git grep -n tracked") == "a/b/f:1:tracked"
    (folder / "a" / "b" / "f").unlink()
    (folder / "a" / "b").rmdir()
    (folder / "a" / "b").symlink_to(folder.parent / "outside")
    for line in (
        "git grep x",
        "cd src && git --no-pager grep -h x .. | head -3",
        "ls; git grep x f",
    ):
        told = run(tools, line)
        assert f"{folder}/a/b, in which the repository has files, is a link" in told, line
    assert run(tools, "git grep --cached -h tracked") == "tracked"
    assert "a/b/f" in run(tools, "git status --short")


def run(tools: Toolset, line: str) -> str:
    return call(tools, "run_shell_command", command=line).text.strip()


def test_what_the_ignore_file_keeps_back_is_not_read_unasked(tools: Toolset, folder: Path) -> None:
    (folder / ".qwenignore").write_text(".env\n")
    assert judged(tools, "cat .env") == "ask"
    assert judged(tools, "grep -r x .") == "ask"
    assert judged(tools, "cat f") == "allow"


def test_git_runs_unasked_only_where_the_folder_is_trusted(tools: Toolset, folder: Path) -> None:
    assert judged(tools, "git status") == "ask"
    everywhere = policy_of(allow=["Bash(git *)", "Bash(=git commit -m x)", "Bash(nice *)"])
    for line in (
        "git status",
        "git commit -m x",
        "nice git log",
        "ls | xargs git log",
        "/usr/bin/git",
    ):
        assert judged(tools, line, everywhere) == "ask", line
    assert judged(tools, "ls && git log", policy_of(allow=["Bash(git *)"])) == "ask"
    given_here = policy_of()
    given_here.set_rules(here=["Bash(git *)"])
    assert judged(tools, "git status", given_here) == "allow"
    said = policy_of()
    said.remember("Bash(git *)")
    assert judged(tools, "git status && nice git log", said) == "allow"
    only = policy_of("yolo")
    only.set_rules(only=["Bash(git *)"])
    assert judged(tools, "git status", only) == "allow"
    tools.trust(True)
    assert judged(tools, "git status", everywhere) == "allow"
    assert judged(tools, "git status && git log -1 | cat") == "allow"
    assert judged(tools, "git -c core.pager=x log") == "ask"
    assert judged(tools, "npm ls") == "allow"


def test_a_program_that_the_workspace_brings_along_asks(
    tools: Toolset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = folder / "bin"
    programs.mkdir()
    (programs / "wc").write_text("#!/bin/sh\n")
    (programs / "wc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    assert judged(tools, "wc f") == "ask"
    assert judged(tools, "cat f") == "allow"
    assert judged(tools, "find . -name f -exec wc -l {} +") == "ask"


def test_a_command_in_a_folder_outside_asks(tools: Toolset, folder: Path) -> None:
    assert judged(tools, "ls", directory="..") == "ask"
    assert judged(tools, "echo x", directory="..") == "ask"
    assert judged(tools, "ls", directory="src") == "allow"


def in_repository(folder: Path, *words: str) -> None:
    known = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *known, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def nested(folder: Path) -> Path:
    """A repository with another one in it that it takes for a submodule; both name programs."""
    mark = folder.parent / "mark"
    trap = folder.parent / "trap"
    trap.write_text(f"#!/bin/sh\n: > {mark}\ncat\n")
    trap.chmod(0o755)
    inner = folder / "inner"
    inner.mkdir()
    for place in (folder, inner):
        in_repository(place, "init", "-q")
    (inner / "f").write_text("old\n")
    (inner / ".gitattributes").write_text("f filter=inner diff=inner\n")
    in_repository(inner, "add", "-A")
    in_repository(inner, "commit", "-q", "-m", "x")
    (inner / "f").write_text("new\n")
    (folder / ".gitmodules").write_text(
        '[submodule "s"]\n\tpath = inner\n\turl = ./inner\n\tignore = none\n'
    )
    in_repository(folder, "add", "inner", ".gitmodules", "f")
    in_repository(folder, "commit", "-q", "-m", "x")
    for name, value in (
        ("filter.inner.clean", str(trap)),
        ("diff.inner.textconv", str(trap)),
        ("diff.external", str(trap)),
        ("core.fsmonitor", str(trap)),
    ):
        in_repository(inner, "config", name, value)
    return folder


@pytest.mark.parametrize(
    "line",
    [
        "git status",
        "git diff",
        "git diff-index HEAD",
        "git status --ignore-submodules=none",
        "cd inner && git status",
        "cd inner && git diff",
        "cd inner; git ls-files -m",
        "pwd && cd inner && git blame f",
    ],
)
def test_git_that_only_reads_runs_nothing_of_a_repository_within(
    tools: Toolset, nested: Path, line: str
) -> None:
    tools.trust(True)
    assert judged(tools, line) == "allow"
    call(tools, "run_shell_command", command=line)
    assert not (nested.parent / "mark").exists()


def test_differences_are_shown_without_the_program_that_is_named_for_them(
    tools: Toolset, nested: Path
) -> None:
    (nested / "f").write_text("y\n")
    plain = call(tools, "run_shell_command", command="git diff f").text
    assert "-x\n+y" in plain
    in_repository(nested, "config", "diff.external", "false")
    assert "-x\n+y" in call(tools, "run_shell_command", command="git diff f").text
    assert "-old\n+new" in call(tools, "run_shell_command", command="cd inner && git diff").text


def test_a_program_that_the_folder_says_which_it_is_asks(
    tools: Toolset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder.parent / "home"
    shims, managed, packed = home / "shims", home / "bin", home / "node" / "bin"
    for place in (shims, managed, packed, home / "corepack"):
        place.mkdir(parents=True)
    for program in (shims / "wc", managed / "mise", home / "corepack" / "npm.js"):
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    (managed / "head").symlink_to("mise")
    (packed / "npm").symlink_to("../../corepack/npm.js")
    monkeypatch.setenv("PATH", f"{shims}:{managed}:{packed}:/usr/bin:/bin")
    asked = ["wc f", "head f", "cat f | wc", "find . -name f -exec wc -l {} +"]
    assert [judged(tools, line) for line in asked] == ["ask"] * len(asked)
    assert judged(tools, "cat f") == "allow"
    tools.trust(True)
    assert [judged(tools, line) for line in asked] == ["allow"] * len(asked)
    # Auto-edit may change what package.json says it is.
    assert judged(tools, "npm --version") == "ask"
    assert judged(tools, "yarn --version") == judged(tools, "pnpm --version") == "ask"


@pytest.mark.parametrize(
    "line",
    [
        "ls;" * 20_000,
        "cat f|" * 9_000 + "cat",
        "ls " + "a " * 30_000,
        "find . " + "-name a " * 10_000,
        "test " + "! " * 20_000 + "x",
        "cat " + "* " * 2_000,
        "cd a && cd b && cd c && cd d && echo x" + " >a" * 6_000,
    ],
    ids=lambda line: line[:12],
)
def test_a_line_of_very_many_parts_asks_and_takes_no_time(
    tools: Toolset, folder: Path, line: str
) -> None:
    start = time.process_time()
    assert judged(tools, line, policy_of(allow=["Bash(echo *)"], deny=["Edit(x)"])) == "ask"
    assert time.process_time() - start < 5  # up to 30 s, were each part looked at


def test_a_pattern_of_many_stars_is_judged_at_once(tools: Toolset, folder: Path) -> None:
    (folder / ("a" * 250)).touch()
    assert judged(tools, f"ls {'a*' * 40}b") == "allow"  # it stands for itself: nothing fits
    assert judged(tools, f"cat {'*a' * 40}") == "ask"  # an option may hide behind the first star
