"""Approvals in a session: denied, edited, remembered, resolved by the policy or an interrupt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.permissions.approvals import Decision
from tests.support.fakes import FakeModel, FakeTool, Host, call

if TYPE_CHECKING:
    from qwen_dual.core.actor import Actor


def test_an_interrupt_resolves_pending_requests_as_not_allowed_and_runs_nothing() -> None:
    tool = FakeTool()
    model = FakeModel([*call("run_shell_command", "a"), *call("run_shell_command", "b")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.request(2)
        host.session.interrupt(KEYBOARD)
        await host.result()
        assert not host.session.interrupt(KEYBOARD)

    host = Host(model, tool)
    host.play(script)
    responses = [event["response"] for event in host.of("control_response")]
    assert [response["response"] for response in responses] == [{"allowed": False}] * 2
    assert {response["resolved_by"] for response in responses} == {"interrupt"}
    assert [block["tool_use_id"] for block in host.tool_results()] == ["a", "b"]
    assert tool.runs == []


def test_a_denial_without_a_reason_ends_the_turn() -> None:
    model = FakeModel(call("run_shell_command", command="rm x"))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(False, KEYBOARD))
        await host.result()

    host = Host(model, FakeTool())
    host.play(script)
    result = host.of("result")[0]
    assert result["stop_reason"] == "denied"
    assert result["permission_denials"] == [
        {
            "tool_name": "run_shell_command",
            "tool_use_id": "call_1",
            "tool_input": {"command": "rm x"},
        }
    ]
    assert len(model.requests) == 1


@pytest.mark.parametrize("first", [True, False])
def test_an_answer_that_stops_ends_the_turn_whatever_else_was_asked_or_has_run(first: bool) -> None:
    tool = FakeTool()
    both = [*call("run_shell_command", "a"), *call("run_shell_command", "b")]
    model = FakeModel(both, call("run_shell_command", "c"), [TextDelta("Done.")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        one, two = await host.request(1), await host.request(2)
        if first:
            host.session.answer(one, Decision(True, KEYBOARD))
        host.session.answer(two, Decision(False, KEYBOARD, stop=True))
        await host.result()
        host.session.submit("go on", KEYBOARD)
        host.session.answer(await host.request(3), Decision(True, KEYBOARD))
        await host.result(2)

    host = Host(model, tool)
    host.play(script)
    assert host.of("result")[0]["stop_reason"] == "denied"
    assert len(host.of("control_response")) == 3
    assert {block["tool_use_id"] for block in host.tool_results()} == {"a", "b", "c"}
    assert len(tool.runs) == first + 1
    assert len(model.requests) == 3


def test_a_denial_with_a_reason_tells_the_model_and_goes_on() -> None:
    model = FakeModel(call("run_shell_command", command="rm x"), [TextDelta("I see.")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(
            await host.request(), Decision(False, KEYBOARD, message="use trash instead")
        )
        await host.result()

    host = Host(model, FakeTool())
    host.play(script)
    assert host.of("result")[0]["stop_reason"] == "end_turn"
    assert "use trash instead" in str(model.requests[1].messages[-1])
    verdict = host.of("control_response")[0]["response"]["response"]
    assert verdict == {"allowed": False, "message": "use trash instead"}


def test_what_follows_a_denied_call_does_not_run() -> None:
    edit = FakeTool("edit", "edit")
    shell = FakeTool()
    model = FakeModel([*call("edit", "a"), *call("run_shell_command", "b")])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(False, KEYBOARD))
        await host.result()

    host = Host(model, edit, shell)
    host.play(script)
    assert (edit.runs, shell.runs) == ([], [])
    assert len(host.tool_results()) == 2


def test_an_edited_input_is_what_runs_and_the_model_is_told() -> None:
    tool = FakeTool()
    model = FakeModel(call("run_shell_command", command="rm *"))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(
            await host.request(), Decision(True, KEYBOARD, updated_input={"command": "ls"})
        )
        await host.result()

    host = Host(model, tool)
    host.play(script)
    assert tool.runs == [{"command": "ls"}]
    assert '{"command":"ls"}' in host.tool_results()[0]["content"]


def test_a_changed_input_that_needs_no_more_leave_runs() -> None:
    tool = FakeTool()

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        changed = {"command": "rm b"}
        host.session.answer(await host.request(), Decision(True, INPUT, updated_input=changed))
        await host.result()

    host = Host(FakeModel(call("run_shell_command", command="rm a")), tool)
    host.play(script)
    assert tool.runs == [{"command": "rm b"}]
    assert len(host.of("control_request")) == 1


@pytest.mark.parametrize("again", [True, False])
def test_a_changed_input_that_a_rule_asks_about_is_asked_for_as_it_is_now(again: bool) -> None:
    tool = FakeTool()
    changed = {"command": "rm -r x"}

    async def script(host: Host) -> None:
        host.session.policy.set_rules(ask=["Bash(rm *)"])
        host.session.submit("go", KEYBOARD)
        first = await host.request()
        host.session.answer(first, Decision(True, INPUT, updated_input=changed))
        second = await host.request(2)
        assert second != first and tool.runs == []
        # The same change again is none: it is leave for what was asked.
        host.session.answer(second, Decision(again, INPUT, updated_input=changed))
        await host.result()

    host = Host(FakeModel(call("run_shell_command", command="ls a")), tool)
    host.play(script)
    asked = [event["request"]["input"] for event in host.of("control_request")]
    assert asked == [{"command": "ls a"}, changed]
    assert tool.runs == ([changed] if again else [])


def test_what_the_person_changes_at_the_keyboard_they_have_seen() -> None:
    tool = FakeTool()

    async def script(host: Host) -> None:
        host.session.policy.set_rules(ask=["Bash(rm *)"])
        host.session.submit("go", KEYBOARD)
        host.session.answer(
            await host.request(), Decision(True, KEYBOARD, updated_input={"command": "rm x"})
        )
        await host.result()

    host = Host(FakeModel(call("run_shell_command", command="ls a")), tool)
    host.play(script)
    assert tool.runs == [{"command": "rm x"}]


def test_an_input_changed_to_what_a_rule_allows_runs_at_once() -> None:
    tool = FakeTool()

    async def script(host: Host) -> None:
        host.session.policy.set_rules(allow=["Bash(ls)"])
        host.session.submit("go", KEYBOARD)
        host.session.answer(
            await host.request(), Decision(True, INPUT, updated_input={"command": "ls"})
        )
        await host.result()

    host = Host(FakeModel(call("run_shell_command", command="rm x")), tool)
    host.play(script)
    assert tool.runs == [{"command": "ls"}]


@pytest.mark.parametrize("actor", [INPUT, KEYBOARD])
def test_an_answer_that_changes_the_input_leaves_no_rule_about_the_one_before(
    actor: Actor,
) -> None:
    tool = FakeTool()
    asked = call("run_shell_command", command="rm -r build")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        first, changed = await host.request(), {"command": "ls build"}
        host.session.answer(first, Decision(True, actor, remember="session", updated_input=changed))
        host.session.answer(await host.request(2), Decision(False, KEYBOARD))
        await host.result()

    host = Host(FakeModel(asked, asked), tool)
    host.play(script)
    assert tool.runs == [{"command": "ls build"}]
    [notice] = host.of("system", "notice")
    assert "Nothing is allowed beyond this once" in notice["data"]["text"]


def previews(host: Host) -> list[str | None]:
    """The diffs that calls began with."""
    return [
        event["data"].get("preview", {}).get("text")
        for event in host.of("system", "tool_progress")
        if event["data"]["status"] == "started"
    ]


@pytest.mark.parametrize("asked", [True, False])
def test_a_change_is_shown_once_in_the_request_or_when_it_begins(asked: bool) -> None:
    model = FakeModel(call("edit", new="x"), [TextDelta("done")])
    mode = "default" if asked else "auto-edit"
    host = Host(model, FakeTool("edit", "edit", diff="+{new}"), approval_mode=mode)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        if asked:
            host.session.answer(await host.request(), Decision(True, KEYBOARD))
        await host.result()

    host.play(script)
    asked_for = [event["request"]["preview"]["text"] for event in host.of("control_request")]
    assert asked_for == (["+x"] if asked else [])
    assert previews(host) == [None if asked else "+x"]


def test_a_change_that_an_answer_edited_is_shown_as_it_is_made() -> None:
    model = FakeModel(call("edit", new="x"), [TextDelta("done")])
    host = Host(model, FakeTool("edit", "edit", diff="+{new}"))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(
            await host.request(), Decision(True, KEYBOARD, updated_input={"new": "y"})
        )
        await host.result()

    host.play(script)
    assert previews(host) == ["+y"]


def test_switching_to_yolo_resolves_what_is_pending() -> None:
    tool = FakeTool()
    model = FakeModel(call("run_shell_command", command="ls"))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.request()
        host.session.set_approval_mode("yolo", INPUT)
        await host.result()

    host = Host(model, tool)
    host.play(script)
    assert host.of("control_response")[0]["response"]["resolved_by"] == "policy"
    assert host.of("system", "mode_changed")[0]["data"] == {
        "from": "default",
        "to": "yolo",
        "origin": "input",
    }
    assert len(tool.runs) == 1


def test_plan_mode_refuses_with_an_explanation_for_the_model() -> None:
    tool = FakeTool()
    model = FakeModel(call("run_shell_command", command="ls"))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, tool, approval_mode="plan")
    host.play(script)
    assert tool.runs == []
    assert host.of("control_request") == []
    assert "Plan mode" in str(model.requests[1].messages[-1])


def test_a_change_that_cannot_be_made_is_an_error_and_nobody_is_asked() -> None:
    tool = FakeTool("edit", "edit", diff="+{new}")
    impossible = call("edit", new="x", after=1)
    model = FakeModel(impossible, [TextDelta("I see.")], impossible)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.set_approval_mode("auto-edit", KEYBOARD)
        host.session.submit("go", KEYBOARD)
        await host.result(2)

    host = Host(model, tool)
    host.play(script)
    assert host.of("control_request") == []
    assert [(block["content"], block["is_error"]) for block in host.tool_results()] == [
        ("0 occurrences found", True)
    ] * 2
    assert tool.runs == []


def test_a_change_on_top_of_another_is_asked_for_once_that_is_made() -> None:
    tool = FakeTool("edit", "edit", diff="+{new}")
    model = FakeModel([*call("edit", "a", new="x"), *call("edit", "b", new="y", after=1)])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(True, KEYBOARD))
        host.session.answer(await host.request(2), Decision(True, KEYBOARD))
        await host.result()

    host = Host(model, tool)
    host.play(script)
    assert [run["new"] for run in tool.runs] == ["x", "y"]


def test_a_request_names_what_is_odd_in_its_preview() -> None:
    model = FakeModel(call("edit", new="a\rb"))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(False, KEYBOARD))
        await host.result()

    host = Host(model, FakeTool("edit", "edit", diff="+{new}"))
    host.play(script)
    (asked,) = host.of("control_request")
    preview = asked["request"]["preview"]
    assert preview["text"] == "+a\rb"
    assert [warning["kind"] for warning in preview["warnings"]] == ["control"]
