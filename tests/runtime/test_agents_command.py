"""``/agents``: which sub-agents there are and where each comes from; made, changed and removed by the person."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from msgspec.structs import replace

from qwen_dual.core.actor import CLI, INPUT, KEYBOARD, Actor
from qwen_dual.definitions.agents import agent_of
from qwen_dual.definitions.front_matter import parse_front_matter
from qwen_dual.definitions.writing import NewAgent
from qwen_dual.runtime.commands.agent_form import CREATE, AgentForm
from qwen_dual.runtime.commands.screen import FrontEnd, NoAsking, NoScreen
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from qwen_dual.core.commands.questions import Form, Question
    from qwen_dual.runtime.opened import OpenSession

REVIEWER = """---
name: reviewer
description: Reviews changes.
tools: [read_file, grep_search]
model: fast
color: cyan
---

You review.
"""


class Person(NoScreen, NoAsking):
    """Answers forms, and edits what is opened."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.asked: list[str] = []
        self.becomes: Callable[[str], str] = lambda text: text
        self.opened: list[str] = []

    def open_form(
        self, form: Form, done: Callable[[Sequence[str]], object], name: str = ""
    ) -> bool:
        """Gives the answers that are ready."""
        given: list[str] = []
        while (question := form(given)) is not None:
            self.asked.append(question.text)
            answer = self.answers.pop(0)
            _allowed(question, answer)
            given.append(answer)
        done(given)
        return True

    def edit(self, text: str, done: Callable[[str], object]) -> bool:
        """Makes of a text what it becomes."""
        self.opened.append(text)
        done(self.becomes(text))
        return True


def _allowed(question: Question, answer: str) -> None:
    """The form takes the answer."""
    if question.choices and not question.several:
        assert answer in [choice.value for choice in question.choices]
    elif question.check is not None:
        assert question.check(answer) is None


class Started:
    """A session with its person."""

    def __init__(self, place: Path, handle: OpenSession, log: Log, person: Person) -> None:
        self.place, self.handle, self.log, self.person = place, handle, log, person

    async def say(self, text: str, actor: Actor = KEYBOARD) -> str:
        """What a command answers, whatever it asked on its way."""
        count = len(self.log.of("notice"))
        self.handle.latest.submit(text, actor)
        await self.log.until(lambda _: len(self.log.of("notice")) > count)
        return str(self.log.of("notice")[count]["data"]["text"])


@asynccontextmanager
async def started(
    place: Path, *, trust: bool = True, front_end: bool = True
) -> AsyncIterator[Started]:
    """A session over ``place/work``; the person's own folder is ``place/.qwen``."""
    (place / "work").mkdir(exist_ok=True)
    env = {**os.environ, "QWEN_HOME": str(place / ".qwen"), "HOME": str(place)}
    log, person = Log(), Person()
    spec = SessionSpec(offline=True, cwd=str(place / "work"), env=env, trust=trust)
    handle = SessionFactory().open(spec, [log])
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handle.run)
            handle.attach(FrontEnd(screen=person, asking=person) if front_end else FrontEnd())
            yield Started(place, handle, log, person)
            handle.request_close()
        await handle.aclose()


def write(path: Path, text: str = REVIEWER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def play(test: Callable[[], Any]) -> None:
    anyio.run(test)


def test_the_list_says_where_each_comes_from_and_what_it_comes_before(tmp_path: Path) -> None:
    write(tmp_path / "work/.qwen/agents/reviewer.md")
    write(tmp_path / ".qwen/agents/reviewer.md")
    write(tmp_path / ".claude/agents/explore.md", REVIEWER.replace("reviewer", "explore"))
    write(tmp_path / "work/.qwen/agents/broken.md", "---\nname: broken\ntools: 5\n---\n\nx\n")

    async def main() -> None:
        async with started(tmp_path) as one:
            listed = await one.say("/agents list")
            rows = listed.split("\n")
            assert "general-purpose  built in" in rows
            assert "reviewer  this project's (~/work/.qwen/agents/reviewer.md)" in rows
            at = rows.index("reviewer  this project's (~/work/.qwen/agents/reviewer.md)")
            assert rows[at + 1 : at + 4] == [
                "    Reviews changes.",
                "    tools: read_file, grep_search · model: fast",
                "    in place of ~/.qwen/agents/reviewer.md",
            ]
            at = rows.index("explore  yours (~/.claude/agents/explore.md)")
            assert rows[at + 3] == "    in place of the built-in one"
            assert any("broken.md:" in row for row in rows)
            assert await one.say("/agents list", INPUT) == listed
            assert await one.say("/agents", CLI) == listed

    play(main)


def test_nothing_of_a_folder_that_nobody_trusts_is_listed_as_in_force(tmp_path: Path) -> None:
    write(tmp_path / "work/.qwen/agents/reviewer.md")

    async def main() -> None:
        async with started(tmp_path, trust=False) as one:
            listed = await one.say("/agents list")
            assert "reviewer" not in listed
            assert "not trusted (/trust)" in listed

    play(main)


def test_one_is_shown_with_all_that_it_is_told(tmp_path: Path) -> None:
    write(tmp_path / ".qwen/agents/reviewer.md", REVIEWER + "And more.\x1b[2J\n")

    async def main() -> None:
        async with started(tmp_path) as one:
            shown = await one.say("/agents show reviewer", INPUT)
            assert "You review.\nAnd more.⟨ESC⟩[2J" in shown
            assert await one.say("/agents Reviewer", INPUT) == shown
            assert "There is no agent 'nobody'" in await one.say("/agents show nobody", INPUT)

    play(main)


NEW = ["project", "tester", "When tests: are to be written", "pick", "read_file, edit"]


def test_one_is_made_by_a_form_and_counts_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with started(tmp_path) as one:
            one.person.answers = [*NEW, "fast", "green", "You write tests."]
            told = await one.say("/agents create")
            assert told.startswith("Made the agent tester: ~/work/.qwen/agents/tester.md")
            assert one.person.asked[:2] == ["Whose is it?", "What is it called?"]
            assert "tester  this project's" in await one.say("/agents list")
            assert "tester" in one.handle.latest.agents
            assert one.handle.latest.agent_colour("tester") == "green"

    play(main)
    text = (tmp_path / "work/.qwen/agents/tester.md").read_text()
    made = agent_of(parse_front_matter(text, "tester.md"), "project")
    assert made.description == "When tests: are to be written"
    assert (made.tools, made.model, made.color) == (("read_file", "edit"), "fast", "green")
    assert made.prompt == "You write tests."


def test_one_without_words_of_its_own_is_told_who_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with started(tmp_path) as one:
            one.person.answers = ["user", "tester", "Writes tests.", "all", "", "", ""]
            assert "~/.qwen/agents/tester.md" in await one.say("/agents create")
            assert "You are tester. Writes tests." in await one.say("/agents show tester")

    play(main)


def test_one_that_reads_only_is_given_what_reads(tmp_path: Path) -> None:
    async def main() -> None:
        async with started(tmp_path) as one:
            one.person.answers = ["user", "looker", "Looks.", "reads", "", "", "Look."]
            await one.say("/agents create")
            shown = await one.say("/agents show looker")
            assert "tools: read_file, list_directory, glob, grep_search" in shown

    play(main)


def test_in_a_folder_that_nobody_trusts_only_ones_own_can_be_made(tmp_path: Path) -> None:
    async def main() -> None:
        async with started(tmp_path, trust=False) as one:
            form = one.handle.parts.session.slash.named("agents")
            assert form is not None and form.form is not None
            question = form.form([CREATE])
            assert question is not None
            assert [choice.value for choice in question.choices] == ["user"]
            assert "not trusted" in question.details[0]

    play(main)


def test_one_is_edited_in_the_editor_and_what_is_wrong_is_said_with_its_line(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / ".qwen/agents/reviewer.md")

    async def main() -> None:
        async with started(tmp_path) as one:
            one.person.becomes = lambda text: text.replace("You review.", "You look.")
            assert await one.say("/agents edit reviewer") == "Saved ~/.qwen/agents/reviewer.md."
            assert one.person.opened == [REVIEWER]
            one.person.becomes = lambda text: text.replace("name: reviewer", "name: a b")
            told = await one.say("/agents edit reviewer")
            assert told.startswith("Saved, and cannot be used so:")
            assert "reviewer.md:2: name:" in told
            assert "reviewer.md:2" in await one.say("/agents list")

    play(main)
    assert "name: a b" in path.read_text()


def test_one_is_removed_after_a_question(tmp_path: Path) -> None:
    path = write(tmp_path / ".qwen/agents/reviewer.md")

    async def main() -> None:
        async with started(tmp_path) as one:
            one.person.answers = ["no", "yes"]
            one.handle.latest.submit("/agents remove reviewer", KEYBOARD)
            await one.log.until(lambda _: len(one.person.answers) == 1)
            assert path.exists()
            assert await one.say("/agents remove reviewer") == "Removed ~/.qwen/agents/reviewer.md."
            assert one.person.asked == ["Remove the agent reviewer?"] * 2

    play(main)
    assert not path.exists()


@pytest.mark.parametrize("what", ["create", "edit reviewer", "remove reviewer", "manage"])
def test_only_the_person_changes_agents(tmp_path: Path, what: str) -> None:
    path = write(tmp_path / ".qwen/agents/reviewer.md")

    async def main() -> None:
        async with started(tmp_path) as one:
            told = await one.say(f"/agents {what}", INPUT)
            assert told == "Only the person at the keyboard changes agents; /agents lists them."

    play(main)
    assert path.read_text() == REVIEWER


def test_what_is_built_in_has_no_file_to_change(tmp_path: Path) -> None:
    async def main() -> None:
        async with started(tmp_path) as one:
            told = await one.say("/agents edit explore")
            assert told.startswith("explore is built in and has no file")

    play(main)


def test_without_an_editor_the_file_is_named(tmp_path: Path) -> None:
    write(tmp_path / ".qwen/agents/reviewer.md")

    async def main() -> None:
        async with started(tmp_path, front_end=False) as one:
            told = await one.say("/agents edit reviewer")
            assert told.startswith("~/.qwen/agents/reviewer.md is the file of reviewer")
            assert "docs/agents.md" in await one.say("/agents create")

    play(main)


def test_a_file_is_not_written_through_a_link_of_the_project(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work/.qwen").symlink_to(outside)

    async def main() -> None:
        async with started(tmp_path) as one:
            one.person.answers = [*NEW, "", "", "x"]
            assert "cannot be written" in await one.say("/agents create")

    play(main)
    assert list(outside.iterdir()) == []


HOSTILE = ["yes", "- a", "a: b", "a # b", "'", '"', "\\", "{x}", "5", "é \U0001f600", "a\u2028b"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_written_is_read_back_as_it_was(text: str) -> None:
    new = NewAgent("x", text, f"---\n{text}", [text], text, "red")
    read = agent_of(parse_front_matter(new.text, "x.md"), "user")
    assert (read.description, read.model) == (text, text)
    assert read.tools == (text,)
    assert read.prompt == f"---\n{text}"


def test_a_name_that_is_taken_is_refused_while_it_is_typed() -> None:
    spec: Any = type("Spec", (), {"name": "one", "source": "user", "path": "/p"})
    form = AgentForm([spec], (), (), (), {"user": "/home"}, str)
    question = form.next([CREATE, "user"])
    assert question is not None and question.check is not None
    assert "there is one" in (question.check("one") or "")
    assert question.check("two words") is not None
    assert question.check("two") is None
    assert replace(form, agents=()).next(["one"]) is None
