"""Plan mode from its reminder to its end: a plan proposed, refused, and allowed in each of its ways."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.protocol.commands import parse_command
from tests.hooks.kit import Hooked, play, session
from tests.support.fakes import call
from tests.support.images import png

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


PLAN = "# Move the tests\n\n1. Make `tests/new`\n2. Move **all** of them\n"
PROPOSED = call("exit_plan_mode", plan=PLAN)
WRITTEN = call("write_file", "call_2", file_path="made.txt", content="x\n")
REMINDED = "the person wants to see a plan"


def planning(
    place: Path, *answers: Any, script: Callable[[Hooked], Awaitable[None]], **more: Any
) -> None:
    """Runs ``script`` over a session in plan mode."""

    async def main() -> None:
        async with session(place, {}, *answers, **{"approval_mode": "plan", **more}) as hooked:
            await script(hooked)

    play(main)


def modes(hooked: Hooked) -> list[tuple[str, str, str]]:
    """The changes of mode: from, to, by whom."""
    told = [event["data"] for event in hooked.events.of("mode_changed")]
    return [(data["from"], data["to"], data["origin"]) for data in told]


def last_said(hooked: Hooked, at: int = -1) -> str:
    """The last message that the model was sent, as JSON."""
    return json.dumps(hooked.model.requests[at].messages[-1])


def offered(hooked: Hooked, at: int = -1) -> set[str]:
    """What the model was told that it can call."""
    return {tool.name for tool in hooked.model.requests[at].tools}


def test_a_plan_is_asked_about_as_the_reference_does_and_more_is_said_beside_it(
    tmp_path: Path,
) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("plan it", KEYBOARD)
        request = (await hooked.request())["request"]
        assert request["tool_name"] == "exit_plan_mode"
        assert request["input"] == {"plan": PLAN}
        assert request["preview"] == {
            "kind": "plan",
            "title": "Move the tests",
            "text": PLAN,
            "warnings": [],
        }
        assert request["previous_mode"] == "default"
        ways = [(one["type"], one.get("mode")) for one in request["permission_suggestions"]]
        assert ways == [
            ("allow", "default"),
            ("allow", "auto-edit"),
            ("allow", "previous"),
            ("deny", None),
        ]
        assert request["permission_suggestions"][0]["label"] == "Approve Plan"
        assert request["permission_suggestions"][-1]["label"] == "Reject Plan"
        hooked.handle.interrupt(KEYBOARD)
        await hooked.events.results()
        assert hooked.handle.approval_mode == "plan"

    planning(tmp_path, PROPOSED, script=script)


@pytest.mark.parametrize(
    ("before", "choice", "after"),
    [
        ("yolo", None, "default"),
        ("yolo", "default", "default"),
        ("yolo", "auto-edit", "auto-edit"),
        ("yolo", "previous", "yolo"),
        ("default", "previous", "default"),
    ],
)
def test_a_host_chooses_how_to_go_on(
    tmp_path: Path, before: str, choice: str | None, after: str
) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.set_approval_mode("plan", KEYBOARD)
        hooked.handle.submit("plan it", KEYBOARD)
        request = await hooked.request()
        dispatcher = hooked.handle.dispatcher(INPUT)
        answer = {"type": "confirmation_response", "request_id": request["request_id"]}
        more = {} if choice is None else {"mode": choice}
        line = json.dumps({**answer, "allowed": True, **more}).encode()
        dispatcher.command(parse_command(line))
        await hooked.events.results()
        assert hooked.handle.approval_mode == after
        assert modes(hooked)[-1] == ("plan", after, "input")
        [result] = hooked.results()
        assert not result["is_error"]
        assert f"The approval mode is {after} now" in result["content"]
        assert "exit_plan_mode" not in offered(hooked)
        assert REMINDED not in last_said(hooked)

    planning(tmp_path, PROPOSED, script=script, approval_mode=before)


def test_what_was_allowed_is_carried_out_in_the_mode_that_was_chosen(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("plan it", KEYBOARD)
        hooked.answer(await hooked.request(), allowed=True, mode="auto-edit")
        await hooked.events.results()
        assert (hooked.work / "made.txt").read_text() == "x\n"
        assert modes(hooked) == [("plan", "auto-edit", "keyboard")]

    planning(tmp_path, PROPOSED, WRITTEN, script=script)


def test_a_no_and_why_goes_to_the_model_and_stays_in_plan_mode(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("plan it", KEYBOARD)
        hooked.answer(await hooked.request(), allowed=False, message="tests first")
        again = await hooked.request(2)
        assert hooked.handle.approval_mode == "plan"
        assert modes(hooked) == []
        [result] = hooked.results()
        assert result["is_error"]
        assert "Plan mode is still on" in result["content"]
        assert result["content"].endswith("They said: tests first")
        assert "exit_plan_mode" in offered(hooked)
        hooked.answer(again, allowed=False)
        [end] = await hooked.events.results()
        assert end["stop_reason"] == "denied"

    planning(tmp_path, PROPOSED, PROPOSED, script=script)


def test_a_plan_that_a_host_changed_is_the_one_that_counts(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("plan it", KEYBOARD)
        request = await hooked.request()
        changed = {"plan": "just the docs", "mode": "previous"}
        hooked.answer(request, allowed=True, updated_input=changed)
        await hooked.events.results()
        [result] = hooked.results()
        assert "They changed the plan; this one counts:\n\njust the docs" in result["content"]
        assert hooked.handle.approval_mode == "default"  # ``mode`` is no part of the input

    planning(tmp_path, PROPOSED, script=script, approval_mode="plan")


def test_a_mode_in_the_arguments_of_a_model_chooses_nothing(tmp_path: Path) -> None:
    sly = call("exit_plan_mode", plan=PLAN, mode="yolo", approval_mode="yolo")

    async def script(hooked: Hooked) -> None:
        hooked.handle.set_approval_mode("plan", KEYBOARD)
        hooked.handle.submit("plan it", KEYBOARD)
        request = await hooked.request()
        hooked.answer(request, allowed=True, updated_input=request["request"]["input"])
        await hooked.events.results()
        assert hooked.handle.approval_mode == "default"

    planning(tmp_path, sly, script=script, approval_mode="yolo")


def test_only_what_reads_runs_and_the_model_is_reminded_with_each_prompt(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        await hooked.ask("change it")
        assert not (hooked.work / "made.txt").exists()
        assert "Plan mode is on" in hooked.results()[0]["content"]
        assert REMINDED in last_said(hooked, 0)
        assert REMINDED not in last_said(hooked)  # once in a turn
        await hooked.ask("and now?")
        assert REMINDED in last_said(hooked)
        hooked.handle.set_approval_mode("default", KEYBOARD)
        await hooked.ask("go on")
        assert "Plan mode is off" in last_said(hooked)
        assert "to default" in last_said(hooked)
        await hooked.ask("go on")
        assert "Plan mode" not in last_said(hooked)

    planning(tmp_path, WRITTEN, script=script)


def test_a_plan_that_waits_when_the_person_changes_the_mode_is_over(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("plan it", KEYBOARD)
        await hooked.request()
        hooked.handle.set_approval_mode("default", KEYBOARD)
        await hooked.events.results()
        [result] = hooked.results()
        assert "is for plan mode alone, and the approval mode is default now" in result["content"]
        assert modes(hooked) == [("plan", "default", "keyboard")]

    planning(tmp_path, PROPOSED, script=script)


def test_outside_of_plan_mode_there_is_no_such_tool(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        await hooked.ask("plan it")
        assert "There is no tool 'exit_plan_mode'" in hooked.results()[0]["content"]
        assert "exit_plan_mode" not in offered(hooked)
        hooked.handle.set_approval_mode("plan", KEYBOARD)
        [told] = hooked.events.of("tools_changed")
        assert told["data"]["added"] == ["exit_plan_mode"]

    planning(tmp_path, PROPOSED, script=script, approval_mode="default")


def test_a_question_is_asked_in_plan_mode(tmp_path: Path) -> None:
    asked = call("ask_user_question", questions=[{"question": "Which?", "options": []}])

    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("plan it", KEYBOARD)
        request = await hooked.request()
        answers = {"answers": {"Which?": "the second"}}
        hooked.answer(request, allowed=True, updated_input=answers)
        await hooked.events.results()
        assert "the second" in hooked.results()[0]["content"]

    planning(tmp_path, asked, script=script)


def test_an_empty_plan_is_an_error_for_the_model(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        await hooked.ask("plan it")
        assert "exit_plan_mode: plan:" in hooked.results()[0]["content"]

    planning(tmp_path, call("exit_plan_mode", plan=" \n"), script=script)


def test_an_agent_of_a_session_in_plan_mode_only_reads_and_is_told_so(tmp_path: Path) -> None:
    given = {"description": "look", "prompt": "Look around.", "subagent_type": "general-purpose"}

    async def script(hooked: Hooked) -> None:
        await hooked.ask("plan it")
        assert "Look around." in last_said(hooked, 1)
        assert REMINDED in last_said(hooked, 1)
        assert "nobody can allow it here" in last_said(hooked, 1)
        assert "exit_plan_mode" not in offered(hooked, 1)
        assert not (hooked.work / "made.txt").exists()

    planning(tmp_path, call("agent", **given), WRITTEN, script=script)


# -- the command, and what is kept -------------------------------------------------------------


def test_the_command_enters_plan_mode_has_something_planned_and_brings_back_the_mode(
    tmp_path: Path,
) -> None:
    async def script(hooked: Hooked) -> None:
        result = await hooked.ask("/plan move the tests")
        assert result["num_turns"] == 1
        assert "move the tests" in last_said(hooked)
        assert REMINDED in last_said(hooked)
        assert (await hooked.ask("/plan"))["is_error"]
        await hooked.ask("/plan exit")
        assert (await hooked.ask("/plan exit"))["is_error"]
        await hooked.ask("/plan")
        assert [(before, after) for before, after, _ in modes(hooked)] == [
            ("auto-edit", "plan"),
            ("plan", "auto-edit"),
            ("auto-edit", "plan"),
        ]

    planning(tmp_path, [TextDelta("fine")], script=script, approval_mode="auto-edit")


def test_what_a_prompt_behind_the_command_mentions_is_attached(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        (hooked.work / "note.txt").write_text("the moon\n")
        await hooked.ask("/plan read @note.txt")
        assert "the moon" in last_said(hooked)

    planning(tmp_path, script=script, approval_mode="default")


def test_a_plan_is_written_to_a_file_only_where_that_is_asked_for(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        assert (await hooked.ask("/plan save"))["is_error"]
        hooked.handle.submit("plan it", KEYBOARD)
        hooked.answer(await hooked.request(), allowed=True)
        await hooked.events.results(2)
        assert list(tmp_path.rglob("*.md")) == []
        assert not (await hooked.ask("/plan save"))["is_error"]
        [kept] = (tmp_path / "home" / "plans").iterdir()
        assert kept.read_text() == PLAN
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        await hooked.ask("/plan save here.md")
        assert (hooked.work / "here.md").read_text() == PLAN
        assert (await hooked.ask("/plan save here.md"))["is_error"]

    planning(tmp_path, PROPOSED, script=script)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        *(("plans", ""), (".qwen/plans/x", ""), ("../plans", "is outside of")),
        *((".qwen/agents", "lies in .qwen"), (".husky", "lies in .husky")),
    ],
)
def test_the_settings_say_where_plans_that_were_allowed_are_kept(
    tmp_path: Path, where: str, why: str
) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("plan it", KEYBOARD)
        hooked.answer(await hooked.request(), allowed=True)
        await hooked.events.results()
        files = list(tmp_path.rglob("*.md"))
        assert ("plans" in hooked.results()[0]["content"]) is (not why)
        assert [
            text for text in hooked.notices() if "plansDirectory" in text and why in text
        ] or not why
        assert files == ([] if why else [hooked.work / where / f"{hooked.handle.id}.md"])

    planning(tmp_path, PROPOSED, script=script, settings={"plansDirectory": where})


def test_who_has_no_plan_imports_nothing_of_it() -> None:
    code = "import sys, qwen_dual.runtime.assembly, qwen_dual.frontends.tui.dialogs.dialog_lines\n"
    code += "print(sorted(name for name in sys.modules if 'plan' in name.rpartition('.')[2]))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "['qwen_dual.tools.plan']"


def test_an_image_that_a_prompt_names_is_shown_to_be_attached(tmp_path: Path) -> None:
    async def script(hooked: Hooked) -> None:
        (hooked.work / "pic.png").write_bytes(png(80, 60))
        await hooked.ask("what is on @pic.png?")
        told = [event["data"]["text"] for event in hooked.events.of("notice")]
        assert "[image 1: pic.png, 80×60]" in told

    planning(tmp_path, [TextDelta("fine")], script=script, approval_mode="default")


def test_whoever_changes_the_mode_after_a_plan_was_allowed_has_the_last_word(
    tmp_path: Path,
) -> None:
    async def script(hooked: Hooked) -> None:
        hooked.handle.submit("plan it", KEYBOARD)
        request = (await hooked.request())["request_id"]
        # Both before the call that was allowed gets to run.
        hooked.handle.answer(request, Decision(True, INPUT, mode="auto-edit"))
        hooked.handle.set_approval_mode("default", KEYBOARD)
        await hooked.request(2)
        assert hooked.handle.approval_mode == "default"
        assert "approval mode is default now" in last_said(hooked)
        hooked.handle.interrupt(KEYBOARD)
        await hooked.events.results()
        assert modes(hooked) == [("plan", "default", "keyboard")]

    planning(tmp_path, PROPOSED, WRITTEN, script=script)
