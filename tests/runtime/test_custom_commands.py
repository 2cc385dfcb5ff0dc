"""Commands that people wrote, in a session: what they become, and what they may do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from tests.runtime.written import SYNONYMS, Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


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


def test_one_goes_back_to_a_command_as_it_was_typed(place: Place) -> None:
    place.write("work/.qwen/commands/plain.md", "Review $ARGUMENTS please")

    async def main() -> None:
        async with place.session() as handle:
            session = handle.parts.session
            given_back: list[str] = []
            session.give_back = lambda prompts: given_back.extend(one.text for one in prompts)
            handle.submit("/plain notes", KEYBOARD)
            (asked,) = await place.log.results(1)
            assert asked["stop_reason"] == "end_turn"
            assert place.said() == ["Review notes please"]
            (point,) = session.points
            assert point.label == "/plain notes"
            handle.submit("/rewind 1", KEYBOARD)
            await place.log.until(lambda event: event.get("subtype") == "rewound")
            assert given_back == ["/plain notes"]
            assert place.log.of("rewound")[0]["data"]["text"] == "/plain notes"

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
            [broken] = [text for text in warned if "broken.md:2: " in text]
            assert broken.startswith("A command is left out: ")
            assert any("help.md: there is another /help" in text for text in warned)
            assert "what can be typed" in (await place.ask(handle, "/help"))["result"]
            await place.ask(handle, "/one")
            assert place.said() == ["from a command"]
            told = (await place.ask(handle, "/commands"))["result"]
            assert "/one  first" in told and broken in told
            assert "/one  Finds one" in (await place.ask(handle, "/skills"))["result"]

    anyio.run(main)
