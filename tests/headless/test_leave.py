"""What may run is decided by the other side of the control protocol."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from qwen_dual.protocol.events import UNKNOWN_REQUEST
from tests.headless.control_kit import Side, played, told
from tests.support.fakes import FakeTool, call


def test_a_call_runs_when_the_other_side_allows_it() -> None:
    tool = FakeTool()

    async def script(side: Side) -> None:
        question = await side.asked()
        request = question["request"]
        assert request["tool_name"] == "run_shell_command"
        assert request["tool_use_id"] == "call_1"
        assert request["input"] == {"command": "ls"}
        assert question["session_id"] == side.host.bus.session_id
        side.answer(question, behavior="allow", updatedInput={"command": "ls"})

    played(call("run_shell_command", command="ls"), script=script, tool=tool)
    assert tool.runs == [{"command": "ls"}]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"behavior": "deny", "message": "not today"}, "not today"),
        ({"behavior": "deny"}, "did not allow"),
        ({"behavior": "perhaps"}, "cannot be used"),
        ({"behavior": "allow", "updatedInput": []}, "cannot be used"),
        ({"error": "it threw"}, "failed: it threw"),
    ],
)
def test_any_other_answer_denies_the_call_and_the_model_is_told_why(
    answer: dict[str, Any], reason: str
) -> None:
    tool = FakeTool()

    async def script(side: Side) -> None:
        side.answer(await side.asked(), **answer)

    made = played(call("run_shell_command", command="ls"), script=script, tool=tool)
    assert tool.runs == []
    assert reason in told(made)["content"]


def test_what_runs_is_the_input_of_the_answer_judged_by_the_rules_that_deny() -> None:
    tool = FakeTool()

    async def changes(side: Side) -> None:
        side.answer(await side.asked(), behavior="allow", updatedInput={"command": "ls -l"})

    made = played(call("run_shell_command", command="ls"), script=changes, tool=tool)
    assert tool.runs == [{"command": "ls -l"}]
    assert '"command":"ls -l"' in told(made)["content"]

    async def denied(side: Side) -> None:
        side.host.session.policy.set_rules(deny=["Bash(rm *)"])
        side.answer(await side.asked(), behavior="allow", updatedInput={"command": "rm x"})

    tool.runs.clear()
    made = played(call("run_shell_command", command="ls"), script=denied, tool=tool)
    assert tool.runs == []
    assert "denies this" in told(made)["content"]


def test_calls_that_are_asked_about_together_are_answered_in_any_order() -> None:
    tool = FakeTool()
    calls = [
        *call("run_shell_command", "a", command="one"),
        *call("run_shell_command", "b", command="two"),
    ]

    async def script(side: Side) -> None:
        second = await side.asked(2)
        first = await side.asked(1)
        side.answer(second, behavior="allow")
        side.answer(first, behavior="deny")

    played(calls, script=script, tool=tool)
    assert [run["command"] for run in tool.runs] == ["two"]


def test_a_denial_may_end_the_turn() -> None:
    async def script(side: Side) -> None:
        side.answer(await side.asked(), behavior="deny", message="stop", interrupt=True)

    made = played(call("run_shell_command", command="ls"), script=script, tool=FakeTool())
    assert made.of("result")[0]["stop_reason"] == "denied"
    assert len(made.model.requests) == 1


def test_who_decides_is_told_when_another_has() -> None:
    async def script(side: Side) -> None:
        question = await side.asked()
        side.ok("interrupt")
        [cancelled] = side.of("control_cancel_request")
        assert cancelled["request_id"] == question["request_id"]
        assert all("session_id" in message for message in side.sent)
        side.answer(question, behavior="allow")  # too late
        late = side.host.of("control_response")[-1]["response"]
        assert late["error"] == UNKNOWN_REQUEST

    tool = FakeTool()
    made = played(call("run_shell_command", command="ls"), script=script, tool=tool)
    assert made.of("result")[0]["stop_reason"] == "interrupted"
    assert tool.runs == []


def test_nothing_is_allowed_by_who_has_left() -> None:
    async def script(side: Side) -> None:
        await side.asked()
        side.control.close()

    made = played(call("run_shell_command", command="ls"), script=script, tool=FakeTool())
    assert "has left" in told(made)["content"]


def test_an_input_that_is_too_long_has_to_come_back_whole() -> None:
    content = "x" * 200_000
    tool = FakeTool("write_file", "edit")
    paths: list[Path] = []

    def script(whole: bool) -> Any:
        async def play(side: Side) -> None:
            question = await side.asked()
            assert len(json.dumps(question)) < 65_536
            request = question["request"]
            said = request["permission_suggestions"][-1]
            assert said["type"] == "modify"
            paths.append(Path(said["description"].partition(" is JSON in ")[2].split(", ")[0]))
            assert paths[-1].stat().st_mode & 0o777 == 0o600
            given = json.loads(paths[-1].read_text())
            assert given == {"file_path": "/a", "content": content}
            changed = {**(given if whole else request["input"]), "file_path": "/b"}
            side.answer(question, behavior="allow", updatedInput=changed)

        return play

    asked = call("write_file", file_path="/a", content=content)
    made = played(asked, script=script(False), tool=tool)
    assert "too large" in told(made)["content"]
    assert tool.runs == []
    played(asked, script=script(True), tool=tool)
    assert tool.runs == [{"file_path": "/b", "content": content}]
    assert not any(path.exists() for path in paths)


@pytest.mark.parametrize("by", ["answer", "interrupt", "end"])
def test_the_file_with_the_whole_input_may_be_gone_by_the_time_of_the_answer(by: str) -> None:
    tool = FakeTool("write_file", "edit")

    async def script(side: Side) -> None:
        question = await side.asked()
        said = question["request"]["permission_suggestions"][-1]["description"]
        kept = Path(said.partition(" is JSON in ")[2].split(", ")[0])
        shutil.rmtree(kept.parent)  # a command did, or who cleans up
        if by == "answer":
            side.answer(question, behavior="deny", message="no")
            again = await side.asked(2)
            assert " is JSON in " in again["request"]["permission_suggestions"][-1]["description"]
            side.answer(again, behavior="deny", message="nor this")
        elif by == "interrupt":
            side.ok("interrupt")
        else:
            side.control.close()

    asked = call("write_file", file_path="/a", content="x" * 200_000)
    made = played(*[asked] * (2 if by == "answer" else 1), script=script, tool=tool)
    assert tool.runs == []
    assert made.of("result")


def test_an_answer_that_cannot_be_taken_allows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = FakeTool()

    def broken(_: Any) -> Any:
        raise RecursionError("too deep")

    async def script(side: Side) -> None:
        question = await side.asked()
        monkeypatch.setattr("qwen_dual.frontends.headless.permissions.permission_answer", broken)
        side.answer(question, behavior="allow")

    made = played(call("run_shell_command", command="ls"), script=script, tool=tool)
    assert tool.runs == []
    assert "internal error: what it was given is nested too deep" in told(made)["content"]
