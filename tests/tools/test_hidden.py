"""What rules, .qwenignore and guarded places keep from the tools."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.policy import Policy
from qwen_dual.tools.workspace import guard_of
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from qwen_dual.tools.toolset import Toolset


@pytest.fixture
def denying(tools: Toolset, workspace: Path) -> Toolset:
    (workspace / "secrets").mkdir()
    (workspace / "secrets" / "key.txt").write_text("hidden words\n")
    (workspace / "open.txt").write_text("hidden words, shown\n")
    tools.hide(Policy(deny=["Read(secrets/**)"]).hides)
    return tools


def test_searches_show_nothing_of_what_rules_deny(denying: Toolset) -> None:
    found = call(denying, "grep_search", pattern="hidden words").text
    assert "open.txt" in found and "key.txt" not in found
    assert "key.txt" not in call(denying, "glob", pattern="**/*.txt").text
    assert "secrets" not in call(denying, "list_directory", path=".").text


def test_a_mention_shows_nothing_of_what_rules_deny(denying: Toolset) -> None:
    blocks = anyio.run(denying.expand_mentions, "see @secrets/key.txt and @open.txt")
    assert "A permission rule keeps this from the agent." in blocks[0]
    assert "hidden words, shown" in blocks[1]


def test_a_link_into_what_rules_deny_is_no_way_in(denying: Toolset, workspace: Path) -> None:
    (workspace / "link").symlink_to("secrets/key.txt")
    tool = tool_of(denying, "read_file")
    policy = Policy("yolo", deny=["Read(secrets/**)"])
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
        assert "words" not in anyio.run(tools.expand_mentions, f"@{name}")[0]
    assert call(tools, "read_file", file_path="c.txt").text == "words"


@pytest.mark.parametrize(
    ("path", "guard"),
    [
        ("/w/.git/hooks/pre-commit", ".git"),
        ("/w/sub/.git", ".git"),
        ("/w/.GIT/config", ".git"),
        ("/w/.qwen/settings.json", ".qwen/settings.json"),
        ("/w/.qwen/.env", ".qwen/.env"),
        ("/w/.qwen/QWEN.md", ""),
        ("/w/.github/x", ""),
        ("/w/settings.json", ""),
    ],
)
def test_what_decides_what_runs_is_guarded(path: str, guard: str) -> None:
    assert guard_of(path) == guard


@pytest.mark.parametrize("name", [".git/hooks/pre-commit", "link/config", ".qwen/settings.json"])
def test_guarded_files_ask_in_auto_edit_mode(tools: Toolset, workspace: Path, name: str) -> None:
    for folder in (".git/hooks", ".qwen"):
        (workspace / folder).mkdir(parents=True)
    (workspace / "link").symlink_to(".git")
    tool = tool_of(tools, "write_file")

    def judged(path: str) -> str:
        return (
            Policy("auto-edit").judge(tool, tool.prepare({"file_path": path, "content": ""})).action
        )

    assert (judged(name), judged("plain.txt")) == ("ask", "allow")


def test_patterns_from_home_and_from_the_root_mean_real_files(
    tools: Toolset, workspace: Path
) -> None:
    tool = tool_of(tools, "read_file")
    policy = Policy(allow=[f"Read(/{workspace.parent}/**)"], deny=["Read(~/.netrc)"])

    def judged(path: str) -> str:
        return policy.judge(tool, tool.prepare({"file_path": path})).action

    assert judged("../beside.txt") == "allow"
    assert judged("~/.netrc") == "refuse"
    assert judged(os.path.join(Path("~").expanduser(), ".netrc")) == "refuse"
    assert judged("/etc/hostname") == "ask"
