"""docs/skills.md and docs/commands.md: what they make works as it is written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.headless.program import Runner, call, text

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def blocks(page: str) -> dict[str, str]:
    said = (ROOT / "docs" / page).read_text()
    return dict(re.findall(r'```\w+ title="([^"]+)"\n(.*?)```', said, re.DOTALL))


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    for page in ("skills.md", "commands.md"):
        subprocess.run(["bash", "-ec", blocks(page)["make one"]], env=runner.env, check=True)
    yield runner


def test_the_first_command_asks_what_it_says_and_is_told_on_every_line(runner: Runner) -> None:
    setup = "git init -q; echo login > a.txt; git add a.txt"
    subprocess.run(["bash", "-ec", setup], cwd=runner.work, env=runner.env, check=True)
    script = runner.script(text("Add the login"))
    ran = runner.run(*script, "--trust", "-o", "stream-json", "-p", "/git:message the\nlogin")
    assert ran.status == 0, ran.err
    init = ran.messages[0]
    assert {"git:message", "release-notes"} <= set(init["slash_commands"])
    assert ("skill" in init["tools"], init["skills"]) == (True, ["release-notes"])
    assert [message["type"] for message in ran.messages] == ["system", "assistant", "result"]
    (chat,) = (runner.home / ".qwen").glob("projects/*/chats/*.jsonl")
    assert "Write a commit message, about the\\nlogin, for this:" in chat.read_text()
    assert "+login" in chat.read_text()
    assert ran.result["result"] == "Add the login"


def test_the_first_skill_is_found_by_a_model_and_named_by_a_person(runner: Runner) -> None:
    script = runner.script(call("skill", skill="release-notes"), text("Nothing new."))
    ran = runner.run(*script, "-o", "stream-json", "-p", "what changed?")
    results = [
        block["content"]
        for message in ran.messages
        if message["type"] == "user"
        for block in message["message"]["content"]
        if block["type"] == "tool_result"
    ]
    assert "git describe --tags" in results[0]
    assert ran.result["result"] == "Nothing new."


def test_the_style_of_the_page_is_one(runner: Runner) -> None:
    folder = runner.home / ".qwen" / "output-styles"
    folder.mkdir()
    (folder / "terse.md").write_text(blocks("commands.md")["terse.md"])
    ran = runner.run(*runner.script(text("x")), "-p", "/output-style")
    assert "Terse    Answers first, no more than needed (user)" in ran.out
