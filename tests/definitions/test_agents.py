"""The files of sub-agents, as Qwen Code and Claude Code have them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qwen_dual.definitions.agents import AgentDefinition, list_agents

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.definitions.places import Listing

DIARY = """---
name: diary-writer
description: generate a diary for user
color: yellow
tools:
  - Glob
  - ReadFile
modelConfig:
  model: qwen3-coder-plus
runConfig:
  max_turns: 20
  max_time_minutes: 5
---

You write diaries.
"""
CLAUDE = """---
name: reviewer
description: Reviews code. Use PROACTIVELY: after every change. <example>user: "x"</example>
tools: Read, Bash(git diff:*, git log), mcp__docs
disallowedTools: Write
permissionMode: acceptEdits
model: sonnet
color: chartreuse
maxTurns: 7
background: true
effort: high
---
You review.
"""


class Folders:
    """A project, a person's home, and files in both."""

    def __init__(self, path: Path) -> None:
        self.project, self.person = path / "project", path / "person"
        self.project.mkdir()
        self.person.mkdir()

    def write(self, path: str, text: str) -> Path:
        file = self.project.parent / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def agents(self, trusted: bool = True) -> Listing[AgentDefinition]:
        home = str(self.person / ".qwen")
        return list_agents(str(self.project), home, str(self.person), trusted=trusted)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def simple(name: str, text: str = "Do it.") -> str:
    return f"---\nname: {name}\ndescription: d\n---\n{text}\n"


def test_the_files_of_both_programs_are_read_whole(folders: Folders) -> None:
    folders.write("project/.qwen/agents/diary.md", DIARY)
    folders.write("person/.claude/agents/reviewer.md", CLAUDE)
    listing = folders.agents()
    assert listing.errors == ()
    diary, reviewer = listing.found["diary-writer"], listing.found["reviewer"]
    assert (diary.model, diary.max_turns, diary.max_minutes) == ("qwen3-coder-plus", 20, 5)
    assert (diary.tools, diary.color, diary.source) == (("Glob", "ReadFile"), "yellow", "project")
    assert (diary.prompt, diary.background, diary.approval_mode) == ("You write diaries.", None, "")
    assert reviewer.tools == ("Read", "Bash(git diff:*, git log)", "mcp__docs")
    assert (reviewer.disallowed_tools, reviewer.approval_mode) == (("Write",), "auto-edit")
    assert (reviewer.model, reviewer.color, reviewer.max_turns) == ("sonnet", "", 7)
    assert (reviewer.background, reviewer.source) == (True, "user")
    assert 'after every change. <example>user: "x"' in reviewer.description


def test_a_name_in_two_places_is_the_projects_and_qwens_own_folder_comes_first(
    folders: Folders,
) -> None:
    places = ["project/.qwen", "project/.claude", "person/.qwen", "person/.claude"]
    for place in reversed(places):
        folders.write(f"{place}/agents/a.md", simple("a", place))
        folders.write(f"{place}/agents/b.md", simple(place.replace("/.", "-")))
    listing = folders.agents()
    assert listing.found["a"].prompt == "project/.qwen"
    assert list(listing.found) == ["a", *(place.replace("/.", "-") for place in places)]
    assert listing.errors == ()


def test_a_folder_that_is_not_trusted_has_none(folders: Folders) -> None:
    folders.write("project/.qwen/agents/a.md", simple("a", "project"))
    folders.write("project/.claude/agents/broken.md", "---\n")
    folders.write("person/.qwen/agents/a.md", simple("a", "person"))
    listing = folders.agents(trusted=False)
    assert (listing.found["a"].prompt, listing.errors) == ("person", ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no head", "x.md:1: name: is missing"),
        ("---\nname: a b\ndescription: d\n---\nx", "x.md:2: name: expected letters"),
        ("---\nname: \u0435xplore\ndescription: d\n---\nx", "x.md:2: name: “⟨U+0435⟩xplore” has"),
        ("---\nname: a\n---\nx", "x.md:1: description: is missing"),
        ("---\nname: a\ndescription: d\n---\n \n", "x.md:2: name: the file has no text below"),
        ("---\nname: a\ndescription: d\napprovalMode: all\n---\nx", "x.md:4: approvalMode: “all” "),
        ("---\nname: a\ndescription: d\ntools: {a: b}\n---\nx", "x.md:4: tools: expected a list"),
        ("---\nname: a\ndescription: d\nexecutor: {kind: acp}\n---\nx", "x.md:4: executor: "),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_harms_no_other(
    folders: Folders, text: str, message: str
) -> None:
    folders.write("project/.qwen/agents/good.md", simple("good"))
    folders.write("project/.qwen/agents/x.md", text)
    listing = folders.agents()
    assert list(listing.found) == ["good"]
    assert [message in str(error) for error in listing.errors] == [True]


def test_a_name_twice_in_one_folder_is_said(folders: Folders) -> None:
    folders.write("project/.qwen/agents/one.md", simple("a", "first"))
    folders.write("project/.qwen/agents/two.md", simple("a", "second"))
    listing = folders.agents()
    assert listing.found["a"].prompt == "first"
    assert "two.md:1: “a” is in one.md already" in str(listing.errors[0])


def test_a_projects_links_are_not_followed_and_the_persons_own_are(folders: Folders) -> None:
    target = folders.write("elsewhere/a.md", simple("a"))
    for place in ("project", "person"):
        agents = folders.project.parent / place / ".qwen" / "agents"
        agents.mkdir(parents=True)
        (agents / "a.md").symlink_to(target)
    listing = folders.agents()
    assert listing.found["a"].source == "user"
    assert "is a symbolic link" in str(listing.errors[0])


def test_a_projects_folder_of_agents_that_is_a_link_is_not_read(folders: Folders) -> None:
    folders.write("elsewhere/agents/a.md", simple("a"))
    (folders.project / ".qwen").symlink_to(folders.project.parent / "elsewhere")
    listing = folders.agents()
    assert listing.found == {}
    assert "symbolic link" in str(listing.errors[0])


def test_what_is_no_file_holds_nobody_up(folders: Folders) -> None:
    folders.write("project/.qwen/agents/good.md", simple("good"))
    os.mkfifo(folders.project / ".qwen" / "agents" / "pipe.md")
    listing = folders.agents()
    assert list(listing.found) == ["good"]
    assert "named pipe" in str(listing.errors[0])


def test_a_session_in_the_home_reads_its_files_once_as_the_persons_own(folders: Folders) -> None:
    folders.write("person/.qwen/agents/a.md", simple("a"))
    home = str(folders.person)
    listing = list_agents(home, f"{home}/.qwen", home, trusted=True)
    assert listing.found["a"].source == "user"
    assert listing.errors == ()
