"""What rules, .qwenignore and guarded places keep from the tools."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.tools.toolset import toolset
from tests.support.declared import policy_of
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from qwen_dual.tools.toolset import Toolset


@pytest.fixture
def denying(tools: Toolset, workspace: Path) -> Toolset:
    (workspace / "secrets").mkdir()
    (workspace / "secrets" / "key.txt").write_text("hidden words\n")
    (workspace / "open.txt").write_text("hidden words, shown\n")
    tools.hide(policy_of(deny=["Read(secrets/**)"]).hides)
    return tools


def test_searches_show_nothing_of_what_rules_deny(denying: Toolset) -> None:
    found = call(denying, "grep_search", pattern="hidden words").text
    assert "open.txt" in found and "key.txt" not in found
    assert "key.txt" not in call(denying, "glob", pattern="**/*.txt").text
    assert "secrets" not in call(denying, "list_directory", path=".").text


def test_a_mention_shows_nothing_of_what_rules_deny(denying: Toolset) -> None:
    blocks = anyio.run(denying.expand_mentions, "see @secrets/key.txt and @open.txt").blocks
    assert "A permission rule keeps this from the agent." in blocks[0]
    assert "hidden words, shown" in blocks[1]


def test_a_link_into_what_rules_deny_is_no_way_in(denying: Toolset, workspace: Path) -> None:
    (workspace / "link").symlink_to("secrets/key.txt")
    tool = tool_of(denying, "read_file")
    policy = policy_of("yolo", deny=["Read(secrets/**)"])
    assert policy.judge(tool, tool.prepare({"file_path": "link"})).action == "refuse"
    assert policy.judge(tool, tool.prepare({"file_path": "open.txt"})).action == "allow"


def test_qwenignore_keeps_files_from_reading_and_mentions(tools: Toolset, workspace: Path) -> None:
    (workspace / ".qwenignore").write_text("private/\n*.pem\n")
    (workspace / "private").mkdir()
    for name in ("private/a.txt", "b.pem", "c.txt"):
        (workspace / name).write_text("words")
    for name in ("private/a.txt", "b.pem"):
        result = call(tools, "read_file", file_path=name)
        assert result.is_error and "kept from the agent by .qwenignore" in result.text
        assert "words" not in anyio.run(tools.expand_mentions, f"@{name}").blocks[0]
    assert call(tools, "read_file", file_path="c.txt").text == "words"


def test_no_search_runs_a_program_that_the_workspace_brings_along(
    workspace: Path, tmp_path: Path
) -> None:
    (workspace / "bin").mkdir()
    (workspace / "bin" / "rg").write_text(f"#!/bin/sh\n: > {tmp_path}/mark\n")
    (workspace / "bin" / "rg").chmod(0o755)
    (workspace / "a").write_text("words\n")
    tools = toolset(workspace, {**os.environ, "PATH": f"{workspace}/bin:{os.environ['PATH']}"})
    assert "words" in call(tools, "grep_search", pattern="words").text
    assert not (tmp_path / "mark").exists()
    tools.close()


def judged(tools: Toolset, path: str) -> str:
    """What auto-edit makes of a write to ``path``."""
    tool = tool_of(tools, "write_file")
    return (
        policy_of("auto-edit").judge(tool, tool.prepare({"file_path": path, "content": ""})).action
    )


@pytest.mark.parametrize(
    "name",
    [
        ".git/hooks/pre-commit",
        "link/config",
        "settings-link",
        ".qwen/settings.json",
        ".husky/pre-commit",
        ".envrc",
        ".vscode/tasks.json",
        ".mcp.json",
        ".claude/settings.json",
        "sub/.github/workflows/ci.yml",
    ],
)
def test_guarded_files_ask_in_auto_edit_mode(tools: Toolset, workspace: Path, name: str) -> None:
    for folder in (".git/hooks", ".qwen"):
        (workspace / folder).mkdir(parents=True)
    (workspace / "link").symlink_to(".git")
    (workspace / ".qwen" / "settings.json").touch()
    (workspace / "settings-link").symlink_to(".qwen/settings.json")
    assert (judged(tools, name), judged(tools, "plain.txt")) == ("ask", "allow")


@pytest.mark.parametrize("mode", ["auto-edit", "auto"])
def test_what_the_session_itself_obeys_asks(tools: Toolset, workspace: Path, mode: str) -> None:
    tools.workspace.channels = frozenset([str(workspace / "in.jsonl")])
    tools.workspace.run_files = {"hooks": frozenset([str(workspace / "check.sh")])}
    (workspace / "link").symlink_to("in.jsonl")
    policy = policy_of(mode, allow=["Edit"])
    write, shell = tool_of(tools, "write_file"), tool_of(tools, "run_shell_command")
    for name in ("in.jsonl", "link", "check.sh"):
        call = write.prepare({"file_path": name, "content": ""})
        assert policy.judge(write, call).action == "ask"
        assert not policy.may_be_judged(write, call)
    for line in (
        "tee in.jsonl",
        "cp a in.jsonl",
        "mv a link",
        "dd if=a of=check.sh",
        "x > in.jsonl",
    ):
        assert not policy.may_be_judged(shell, shell.prepare({"command": line})), line
    assert policy.may_be_judged(shell, shell.prepare({"command": "tee b"}))


def test_a_guarded_name_asks_though_it_leads_to_another(tools: Toolset, workspace: Path) -> None:
    """Were the link turned into a file later, the edit would have been of that."""
    (workspace / "plain.txt").touch()
    (workspace / ".envrc").symlink_to("plain.txt")
    assert judged(tools, ".envrc") == "ask"


def test_no_git_directory_comes_about_piece_by_piece(tools: Toolset, workspace: Path) -> None:
    pieces = ("x/config", "x/objects/keep", "x/refs/keep", "x/HEAD")
    assert [judged(tools, path) for path in pieces] == ["allow", "allow", "allow", "ask"]
    (workspace / "x").mkdir()
    (workspace / "x" / "HEAD").touch()
    assert {judged(tools, path) for path in pieces} == {"ask"}
    assert judged(tools, "x/hooks/post-checkout") == "ask"
    assert judged(tools, "x/README") == "allow"


def test_a_bare_repository_of_a_worktree_is_guarded(tools: Toolset, workspace: Path) -> None:
    (workspace / ".git").write_text("gitdir: .bare\n")
    (workspace / ".bare").mkdir()
    (workspace / ".bare" / "HEAD").write_text("ref: refs/heads/main\n")
    assert judged(tools, ".bare/config") == "ask"
    assert judged(tools, ".git") == "ask"


@pytest.mark.parametrize(
    "name",
    [".bashrc", ".ssh/authorized_keys", ".qwen/trustedFolders.json", ".config/x", ".other"],
)
def test_in_the_home_whatever_begins_with_a_dot_asks(tmp_path: Path, name: str) -> None:
    home = toolset(tmp_path, os.environ)
    home.workspace.home = os.path.realpath(tmp_path)
    assert (judged(home, name), judged(home, "plain.txt")) == ("ask", "allow")
    home.close()


def test_a_change_to_a_guarded_file_asks_for_more_than_one_to_a_plain_file(
    tools: Toolset, workspace: Path
) -> None:
    tool = tool_of(tools, "write_file")
    plain, other, hook, outside = (
        tool.prepare({"file_path": path, "content": ""})
        for path in ("a.txt", "b.txt", ".husky/pre-commit", "../beside.txt")
    )
    policy = policy_of("default")
    assert not policy.asks_for_more(tool, other, than=plain)
    assert policy.asks_for_more(tool, hook, than=plain)
    assert policy.asks_for_more(tool, outside, than=plain)
    assert not policy.asks_for_more(tool, hook, than=hook)
    assert not policy.asks_for_more(tool, plain, than=hook)


def test_what_the_repository_has_git_run_asks_though_it_is_set_up_later(
    tools: Toolset, workspace: Path
) -> None:
    ran = ("tools/hooks/pre-commit", "tools/watch.sh", "tools/clean.py", "more/clean2.py")
    assert {judged(tools, path) for path in ran} == {"allow"}
    (workspace / ".git").mkdir()
    (workspace / ".git" / "config").write_text(
        '[core]\n\thooksPath = tools/hooks\n\tfsmonitor = "./tools/watch.sh"\n'
        '[filter "x"]\n\tclean = python tools/clean.py %f\n[include]\n\tpath = ../shared.cfg\n'
    )
    (workspace / "shared.cfg").write_text("[alias]\n\tx = !more/clean2.py\n")
    assert {judged(tools, path) for path in (*ran, "shared.cfg")} == {"ask"}
    assert {judged(tools, path) for path in ("tools/x.py", "README")} == {"allow"}
    (workspace / ".git" / "config").write_text("[core]\n\tbare = false\n")
    assert {judged(tools, path) for path in ran} == {"allow"}


def test_what_a_persons_own_configuration_has_git_run_of_the_folder_asks(
    workspace: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    own, dotfile = home / ".gitconfig", tmp_path / "dotfile"
    dotfile.write_text(
        "[core]\n\thooksPath = tools/hooks\n\teditor = vim\n"
        "[alias]\n\tx = !./clean.py\n\tst = status\n"
    )
    own.symlink_to(dotfile)
    made = toolset(workspace, {**os.environ, "HOME": str(home)})
    ran, ordinary = ("tools/hooks/pre-commit", "clean.py"), ("vim", "status", "tools/x.py")
    try:
        assert {judged(made, path) for path in ran} == {"allow"}  # no repository yet
        (workspace / ".git").mkdir()
        (workspace / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        assert {judged(made, path) for path in ran} == {"ask"}
        assert {judged(made, path) for path in ordinary} == {"allow"}
        dotfile.write_text("[core]\n\thooksPath = ~/hooks\n")
        assert {judged(made, path) for path in ran} == {"allow"}
    finally:
        made.close()


def test_a_configuration_of_a_worktree_that_comes_later_counts(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / ".git").mkdir()
    (workspace / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (workspace / ".git" / "config").write_text("[extensions]\n\tworktreeConfig = true\n")
    assert judged(tools, "tools/hooks/pre-commit") == "allow"
    worktree = workspace / ".git" / "config.worktree"
    worktree.write_text("[core]\n\thooksPath = tools/hooks\n[include]\n\tpath = ../more\n")
    assert judged(tools, "tools/hooks/pre-commit") == "ask"
    assert judged(tools, "clean.py") == "allow"
    (workspace / "more").write_text("[core]\n\tfsmonitor = ./clean.py\n")
    assert judged(tools, "clean.py") == "ask"


def test_the_agents_own_folder_asks_whatever_it_is_called(tools: Toolset, workspace: Path) -> None:
    tools.workspace.state = str(workspace / "state")
    assert (judged(tools, "state/settings.json"), judged(tools, "x")) == ("ask", "allow")


def test_patterns_from_home_and_from_the_root_mean_real_files(
    tools: Toolset, workspace: Path
) -> None:
    tool = tool_of(tools, "read_file")
    policy = policy_of(allow=[f"Read(/{workspace.parent}/**)"], deny=["Read(~/.netrc)"])

    def judged(path: str) -> str:
        return policy.judge(tool, tool.prepare({"file_path": path})).action

    assert judged("../beside.txt") == "allow"
    assert judged("~/.netrc") == "refuse"
    assert judged(os.path.join(Path("~").expanduser(), ".netrc")) == "refuse"
    assert judged("/etc/hostname") == "ask"
