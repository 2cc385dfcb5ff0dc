"""Skills, commands and styles that people wrote, in a session: from the files to what a model is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

ROOT = Path(__file__).parents[2]


class Place:
    """A person's home, a folder to work in, and a script for the model."""

    def __init__(self, folder: Path) -> None:
        self.person, self.work = folder / "person", folder / "work"
        self.home = self.person / ".qwen"
        self.home.mkdir(parents=True)
        self.work.mkdir()
        self.script = folder / "script.jsonl"
        self.log = Log()
        self.calls()

    def write(self, path: str, text: str) -> Path:
        file = self.work.parent / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def calls(self, *calls: tuple[str, dict[str, Any]]) -> None:
        """Has the model make these calls, one after the other, and then be done."""
        steps = [[{"type": "tool_use", "name": name, "input": given}] for name, given in calls]
        steps += [[{"type": "text", "text": "Done."}]] * 4
        self.script.write_text("".join(json.dumps({"blocks": step}) + "\n" for step in steps))

    @asynccontextmanager
    async def session(self, **spec: Any) -> AsyncIterator[OpenSession]:
        """A session that runs in the folder."""
        env = {**os.environ, "HOME": str(self.person), "QWEN_HOME": str(self.home)}
        spec = {"offline_script": str(self.script), "cwd": str(self.work), "env": env, **spec}
        handle = SessionFactory().open(SessionSpec(**{"trust": True, **spec}), [self.log])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            try:
                with anyio.fail_after(30):
                    yield handle
            finally:
                handle.request_close()
        await handle.aclose()

    async def ask(self, handle: OpenSession, text: str, **answer: Any) -> Event:
        """Submits at the keyboard, answers each request alike, and waits for the result."""
        done = len(self.log.of("result"))
        answered = len(self.log.of("control_request"))
        handle.submit(text, KEYBOARD)

        def is_next(event: Event) -> bool:
            requests = self.log.of("control_request")[answered:]
            return event in requests or event in self.log.of("result")[done:]

        while (event := await self.log.until(is_next))["type"] != "result":
            answered += 1
            assert answer, f"nobody expected {event['request']}"
            handle.answer(event["request_id"], actor=KEYBOARD, **answer)
        return event

    def said(self, kind: str = "text") -> list[str]:
        """The texts of the ``user`` events, or what calls came to."""
        content = [block for event in self.log.of("user") for block in event["message"]["content"]]
        field = "text" if kind == "text" else "content"
        return [block[field] for block in content if block["type"] == kind]

    def notices(self) -> list[str]:
        return [event["data"]["text"] for event in self.log.of("notice")]

    def requests(self) -> list[dict[str, Any]]:
        return [event["request"] for event in self.log.of("control_request")]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


SYNONYMS = "---\nname: synonyms\ndescription: Finds synonyms\n---\nRead reference.md, find ten.\n"
DEPLOY = (
    "---\nname: deploy\ndescription: Deploys\nallowed-tools: Bash(touch:*), Read, nothing_there\n"
    "---\nRun it.\n"
)


# -- skills ---------------------------------------------------------------------------------


def skill_tool(handle: OpenSession) -> Any:
    return next(tool for tool in handle.parts.session.tools.known if tool.name == "skill")


def test_a_model_is_told_name_and_description_until_it_uses_a_skill(place: Place) -> None:
    body = "Secret step. " * 500
    place.write("work/.qwen/skills/long/SKILL.md", SYNONYMS.replace("Read reference.md", body))
    place.write("work/.qwen/skills/long/reference.md", "words\n")
    place.calls(("skill", {"skill": "synonyms"}), ("read_file", {"file_path": "reference.md"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            tool = skill_tool(handle)
            assert "- synonyms: Finds synonyms" in tool.description
            # Four characters are a token: the whole tool costs less than 300, its text over 1,600.
            told = json.dumps({"d": tool.description, "p": tool.parameters})
            assert len(told) / 4 < 300
            assert len(body) / 4 > 1600
            assert "Secret" not in told + handle.parts.session.system
        assert "Secret step." in place.said("tool_result")[0]
        assert place.said("tool_result")[0].startswith("Base directory for this skill: ")

    anyio.run(main)


def test_two_hundred_skills_cost_no_more_than_the_bound(place: Place) -> None:
    for number in range(200):
        text = f"---\nname: s{number:03}\ndescription: {'what it does ' * 80}\n---\nx"
        place.write(f"work/.qwen/skills/s{number}/SKILL.md", text)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            description = skill_tool(handle).description
            assert len(description) < 13_000
            assert all(f"- s{number:03}: what" in description for number in range(200))

    anyio.run(main)


def test_a_persons_skill_may_be_read_where_it_is_once_it_is_in_use(place: Place) -> None:
    place.write("person/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    reference = place.write("person/.qwen/skills/synonyms/reference.md", "ten words\n")
    read = ("read_file", {"file_path": str(reference)})
    place.calls(read, ("skill", {"skill": "synonyms"}), read)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=False, message="not yet")
        assert [request["tool_name"] for request in place.requests()] == ["read_file"]
        results = place.said("tool_result")
        assert "not yet" in results[0]
        assert results[2] == "ten words\n"

    anyio.run(main)


def test_what_a_skill_asks_to_be_allowed_is_asked_once_and_holds_for_the_session(
    place: Place,
) -> None:
    place.write("work/.qwen/skills/deploy/SKILL.md", DEPLOY)
    touch = ("run_shell_command", {"command": "touch made"})
    place.calls(("skill", {"skill": "deploy"}), touch, ("skill", {"skill": "deploy"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=True)
            (request,) = place.requests()
            assert request["tool_name"] == "skill"
            assert "Bash(touch:*)" in request["preview"]["text"]
            assert "Read" not in request["preview"]["text"]
            assert "nothing_there" not in request["preview"]["text"]
            assert (place.work / "made").exists()

    anyio.run(main)


def test_a_skill_that_is_not_allowed_what_it_asks_for_is_used_without(place: Place) -> None:
    place.write("person/.qwen/skills/deploy/SKILL.md", DEPLOY)
    touch = ("run_shell_command", {"command": "touch made"})
    place.calls(("skill", {"skill": "deploy"}), touch)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello", allowed=False, message="no")
            assert [each["tool_name"] for each in place.requests()] == [
                "skill",
                "run_shell_command",
            ]
            assert place.said("tool_result")[0].startswith("Base directory")
            assert not (place.work / "made").exists()

    anyio.run(main)


def test_a_person_uses_a_skill_by_its_name_and_their_own_may_do_what_it_says(place: Place) -> None:
    place.write("person/.qwen/skills/deploy/SKILL.md", DEPLOY)
    place.calls(("run_shell_command", {"command": "touch made"}))

    async def main() -> None:
        async with place.session() as handle:
            result = await place.ask(handle, "/deploy to production")
            assert result["stop_reason"] == "end_turn"
            assert (place.work / "made").exists()
            (prompt,) = place.said()
            assert prompt.startswith("Base directory for this skill: ")
            assert prompt.rstrip().endswith("What it is asked for: to production")
            (command,) = place.log.of("slash_command")
            assert command["data"]["command"] == "deploy"
            # `/clear` begins anew, and so does what was allowed.
            await place.ask(handle, "/clear")
            assert not handle.parts.session.policy._session

    anyio.run(main)


def test_a_skill_says_who_may_use_it(place: Place) -> None:
    place.write(
        "work/.qwen/skills/a/SKILL.md",
        "---\nname: mine\ndescription: d\ndisable-model-invocation: true\n---\nx",
    )
    place.write(
        "work/.qwen/skills/b/SKILL.md",
        "---\nname: its\ndescription: d\nuser-invocable: false\n---\nx",
    )
    place.calls(("skill", {"skill": "mine"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            assert "There is no skill 'mine'. Skills: its." in place.said("tool_result")[0]
            assert "/its" in (await place.ask(handle, "/its"))["result"]  # unknown, to a person
            assert (await place.ask(handle, "/mine"))["result"] == "Done."

    anyio.run(main)


def test_a_skill_changed_or_made_while_the_session_runs_is_followed(place: Place) -> None:
    path = place.write("work/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    place.calls(("skill", {"skill": "synonyms"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "/skills")
            path.write_text(SYNONYMS.replace("find ten", "find twenty"))
            await place.ask(handle, "hello")
            assert "find twenty" in place.said("tool_result")[0]
            place.write("work/.qwen/skills/other/SKILL.md", SYNONYMS.replace("synonyms", "other"))
            await place.ask(handle, "hello")
            assert "- other: Finds other" in skill_tool(handle).description
            path.unlink()
            (place.work / ".qwen/skills/other/SKILL.md").unlink()
            await place.ask(handle, "hello")
            assert "skill" not in handle.tools
            assert "/other" in (await place.ask(handle, "/other"))["result"]

    anyio.run(main)


def test_a_skill_with_hooks_says_that_they_do_not_run(place: Place) -> None:
    text = "---\nname: gate\ndescription: d\nhooks:\n  Stop: [{hooks: [{command: x}]}]\n---\nx"
    place.write("work/.qwen/skills/gate/SKILL.md", text)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "/gate")
            assert any("brings hooks, which do not run" in text for text in place.notices())

    anyio.run(main)


# -- commands -------------------------------------------------------------------------------


def test_a_command_becomes_a_prompt_on_every_surface(place: Place) -> None:
    place.write(
        "work/.qwen/commands/writing/polish.md",
        "---\ndescription: Proofread\nargument-hint: <text>\n---\n\nPolish this:\n\n{{args}}",
    )

    async def main() -> None:
        async with place.session() as handle:
            done = len(place.log.of("result"))
            handle.submit("/writing:polish a\nlong text", INPUT, command_id="c1")
            event = await place.log.until(lambda e: e in place.log.of("result")[done:])
            assert (event["command_id"], event["result"]) == ("c1", "Done.")
            (told,) = place.log.of("slash_command")
            assert told["data"]["command"] == "writing:polish"
            assert place.said() == ["Polish this:\n\na\nlong text"]
            assert ("writing:polish", "Proofread (project)") in handle.slash.names()
            assert "/writing:polish <text>" in (await place.ask(handle, "/help"))["result"]

    anyio.run(main)


def test_what_is_typed_goes_to_the_end_where_a_command_says_nothing_of_it(place: Place) -> None:
    place.write("person/.qwen/commands/plain.toml", 'prompt = "Review"')
    place.write("person/.claude/commands/old.md", "Fix $1 in $2")
    place.write("work/notes.txt", "of mine\n")

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "/plain @notes.txt")
            await place.ask(handle, "/old 'the bug' here")
            assert place.said() == ["Review\n\n@notes.txt", "Fix the bug in here"]
            assert "of mine" in json.dumps(handle.parts.session.history[0])

    anyio.run(main)


COMMIT = "---\ndescription: d\n---\nDiff:\n!{printf '%s|' {{args}}; touch made; true}\nEnd."


def test_a_command_line_runs_with_leave_and_what_it_prints_is_put_in(place: Place) -> None:
    place.write("work/.qwen/commands/commit.md", COMMIT)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "/commit a; touch hacked", allowed=True)
            (request,) = place.requests()
            assert request["tool_name"] == "run_shell_command"
            line = "printf '%s|' 'a; touch hacked'; touch made; true"
            assert request["input"] == {"command": line}
            assert place.said() == ["Diff:\na; touch hacked|\nEnd."]
            assert (place.work / "made").exists()
            assert not (place.work / "hacked").exists()
            # What ran is told as it runs, and is no message of the conversation.
            started = [e["data"] for e in place.log.of("tool_progress")]
            assert started[0]["tool_use_id"].startswith("entered_")
            assert [message["role"] for message in handle.parts.session.history] == [
                "user",
                "assistant",
            ]

    anyio.run(main)


def test_a_command_line_that_is_not_allowed_does_not_run_and_nothing_is_asked(
    place: Place,
) -> None:
    place.write("work/.qwen/commands/commit.md", COMMIT + "!{touch second}")

    async def main() -> None:
        async with place.session() as handle:
            result = await place.ask(handle, "/commit x", allowed=False, message="not now")
            assert result["stop_reason"] == "error"
            assert result["result"].startswith("/commit is not sent, since `printf")
            assert "not now" in result["result"]
            assert not list(place.work.glob("[ms]*"))
            assert (place.said(), handle.parts.session.history) == ([], [])
            assert place.said("tool_result") == []  # of a call that no one has seen begin
            assert place.log.of("state")[-1]["data"]["state"] == "idle"

    anyio.run(main)


def test_a_saved_chat_holds_the_prompt_and_no_call_that_nobody_made(place: Place) -> None:
    place.write("work/.qwen/commands/commit.md", COMMIT)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            await place.ask(handle, "/commit x", allowed=True)
            session_id = handle.id
        async with place.session(resume=session_id) as handle:
            history = handle.parts.session.history
            assert [message["role"] for message in history] == ["user", "assistant"] * 2
            assert "Diff:\nx|\nEnd." in json.dumps(history[2], ensure_ascii=False).replace(
                "\\n", "\n"
            )

    anyio.run(main)


def test_rules_and_plan_mode_hold_for_a_command_line_as_for_a_models(place: Place) -> None:
    place.write("work/.qwen/commands/a.md", "!{touch made}")
    place.write("work/.qwen/commands/b.md", "Files: !{ls}")
    place.write("work/.qwen/commands/c.md", "!{mkdir made}")
    place.write("person/.qwen/settings.json", '{"permissions": {"deny": ["Bash(touch:*)"]}}')

    async def main() -> None:
        async with place.session() as handle:
            assert (await place.ask(handle, "/a"))["result"] == (
                "/a is not sent, since `touch made` did not run: the permission rule Bash(touch:*) "
                "denies this in every approval mode"
            )
            await place.ask(handle, "/b")  # what only reads runs unasked
            assert place.said() == ["Files:"]
        async with place.session(approval_mode="plan") as handle:
            assert "Plan mode is on" in (await place.ask(handle, "/c"))["result"]

    anyio.run(main)


def test_an_interrupt_ends_a_command_that_waits(place: Place) -> None:
    place.write("work/.qwen/commands/slow.md", "!{sleep 50}")

    async def main() -> None:
        async with place.session() as handle:
            handle.submit("/slow", KEYBOARD)
            await place.log.until(lambda event: event.get("subtype") == "tool_progress")
            assert handle.interrupt(KEYBOARD)
            (result,) = await place.log.results()
            assert result["stop_reason"] == "interrupted"
            assert place.said() == []

    anyio.run(main)


def test_a_file_is_put_in_and_one_outside_asks(place: Place) -> None:
    place.write("outside.txt", "from outside")
    place.write("work/rules.txt", "the rules\n")
    text = "By @{rules.txt}and @{../outside.txt}, not @{nothing.txt} nor @{upstream}."
    place.write("work/.qwen/commands/check.md", text)

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "/check", allowed=True)
            (request,) = place.requests()
            assert request["blocked_path"] == str(place.work.parent / "outside.txt")
            assert place.said() == [
                "By the rules\nand from outside, not @{nothing.txt} nor @{upstream}."
            ]
            assert sum("there is no file" in text for text in place.notices()) == 2
            refused = await place.ask(handle, "/check", allowed=False)
            assert refused["stop_reason"] == "error"
            assert "../outside.txt was not read" in refused["result"]

    anyio.run(main)


def test_a_built_in_command_wins_and_broken_files_are_named(place: Place) -> None:
    place.write("work/.qwen/commands/help.md", "mine")
    place.write("work/.qwen/commands/broken.md", "---\ndescription: [a\n---\nx")
    place.write("work/.qwen/commands/one.md", "---\ndescription: first\n---\nfrom a command")
    place.write("work/.qwen/skills/one/SKILL.md", SYNONYMS.replace("synonyms", "one"))

    async def main() -> None:
        async with place.session() as handle:
            warned = await handle.load()
            assert any("broken.md:2: " in text for text in warned)
            assert any("help.md: there is another /help" in text for text in warned)
            assert "what can be typed" in (await place.ask(handle, "/help"))["result"]
            await place.ask(handle, "/one")
            assert place.said() == ["from a command"]
            told = (await place.ask(handle, "/commands"))["result"]
            assert "/one  first" in told and "broken.md:2: " in told
            assert "/one  Finds one" in (await place.ask(handle, "/skills"))["result"]

    anyio.run(main)


# -- trust ----------------------------------------------------------------------------------


def test_nothing_of_a_folder_counts_before_it_is_trusted_and_all_of_it_after(place: Place) -> None:
    place.write("work/.qwen/skills/synonyms/SKILL.md", SYNONYMS)
    place.write("work/.claude/commands/check.md", "!`touch made`")
    place.write("work/.qwen/output-styles/loud.md", "SHOUT")
    place.write("person/.qwen/settings.json", '{"general": {"outputStyle": "loud"}}')

    async def main() -> None:
        async with place.session(trust=None) as handle:
            await place.ask(handle, "hello")
            assert "skill" not in handle.tools
            assert "Unknown command" in (await place.ask(handle, "/check"))["result"]
            assert "SHOUT" not in handle.parts.session.system
            held = (await place.ask(handle, "/trust"))["result"]
            assert ".qwen/skills: skills (synonyms)" in held
            assert ".claude/commands: slash commands (check.md)" in held
            await place.ask(handle, "/trust session")
            assert "- synonyms: " in skill_tool(handle).description
            assert "check" in {name for name, _ in handle.slash.names()}
            assert "SHOUT" in handle.parts.session.system
            await place.ask(handle, "/trust no")
            assert "skill" not in handle.tools
            assert "Unknown command" in (await place.ask(handle, "/check"))["result"]
            assert "SHOUT" not in handle.parts.session.system

    anyio.run(main)


# -- styles and the context file --------------------------------------------------------------


def test_a_style_is_what_the_model_is_told_from_the_next_prompt_on(place: Place) -> None:
    place.write("person/.qwen/output-styles/terse.md", "---\nname: Terse\n---\nBe terse.")
    place.write("work/.qwen/output-styles/code.md", "---\nkeep-coding-instructions: true\n---\nOk.")

    async def main() -> None:
        async with place.session(output_style="CODE") as handle:
            await place.ask(handle, "hello")
            system = handle.parts.session.system
            assert "# Output style: code\n\nOk." in system and "keep changes small" in system
            assert "● code" in (await place.ask(handle, "/output-style"))["result"]
            told = (await place.ask(handle, "/output-style terse"))["result"]
            assert told.startswith(
                "Output style: Terse, from now on: kept in ~/.qwen/settings.json"
            )
            system = handle.parts.session.system
            assert "Be terse." in system and "keep changes small" not in system
            assert (
                "there are: default, code, Terse"
                in (await place.ask(handle, "/output-style loud"))["result"]
            )
        async with place.session() as handle:
            await place.ask(handle, "hello")
            assert "Be terse." in handle.parts.session.system
            await place.ask(handle, "/output-style default")
            assert "Be terse." not in handle.parts.session.system

    anyio.run(main)


def test_init_has_the_model_write_the_file_and_asks_before_one_is_changed(place: Place) -> None:
    place.calls(("write_file", {"file_path": "QWEN.md", "content": "# Work\n"}))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "/init", allowed=True)
            assert place.requests()[0]["tool_name"] == "write_file"
            assert (place.work / "QWEN.md").read_text() == "# Work\n"
            assert "into QWEN.md" in place.said()[0]
            refused = await place.ask(handle, "/init")
            assert (refused["stop_reason"], refused["result"]) == (
                "error",
                "QWEN.md is there. `/init revise` has the model revise it.",
            )
            form = handle.slash.named("init")
            assert form is not None and form.form is not None
            question = form.form(())
            assert question is not None and question.default == "keep"
            await place.ask(handle, "/init revise")
            assert "QWEN.md is there already. Read it first" in place.said()[-1]

    anyio.run(main)


# -- what it costs ----------------------------------------------------------------------------


def test_without_any_of_it_nothing_of_it_is_imported(place: Place) -> None:
    program = f"""
import os, sys, anyio
from qwen_dual.core.actor import KEYBOARD
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
sys.path.insert(0, {str(ROOT)!r})
from tests.runtime.support import Log

async def main():
    log = Log()
    env = {{**os.environ, "HOME": {str(place.person)!r}, "QWEN_HOME": {str(place.home)!r}}}
    spec = SessionSpec(offline=True, cwd={str(place.work)!r}, env=env, trust=True)
    handle = SessionFactory().open(spec, [log])
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        handle.attach()
        await handle.load()
        handle.submit("hello", KEYBOARD)
        await log.results()
        handle.submit("/skills", KEYBOARD)
        await log.results(2)
        handle.request_close()
    await handle.aclose()
    print([name for name in sys.modules if "definitions" in name or name in ("yaml", "tomllib")])
    print(log.of("result")[1]["result"])
anyio.run(main)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    modules, said = done.stdout.splitlines()
    assert modules == "[]"
    assert said.startswith("No skill: .qwen/skills here and ~/.qwen/skills may have folders")
