"""What an answer allows for longer than the one call."""

from __future__ import annotations

import threading

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from tests.support.fakes import FakeModel, FakeTool, Host, call


def test_an_answer_to_remember_lets_the_same_command_run_without_asking() -> None:
    tool = FakeTool()
    model = FakeModel(
        call("run_shell_command", command="git log -1"),
        call("run_shell_command", command="git log -2"),
        call("run_shell_command", command="git push"),
    )

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(True, KEYBOARD, remember="session"))
        host.session.answer(await host.request(2), Decision(True, KEYBOARD))
        await host.result()

    host = Host(model, tool)
    host.play(script)
    asked = [event["request"]["input"]["command"] for event in host.of("control_request")]
    assert asked == ["git log -1", "git push"]


@pytest.mark.parametrize("scope", ["session", "project", "user"])
def test_an_answer_may_last_beyond_the_session(scope: str) -> None:
    kept: list[tuple[str, str]] = []

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(True, KEYBOARD, remember=scope))
        await host.result()

    def keep(rule: str, scope: str) -> None:
        kept.append((rule, scope))
        raise ValueError("the file has comments")

    host = Host(FakeModel(call("run_shell_command", command="ls a")), FakeTool(), keep_rule=keep)
    host.play(script)
    told = [event["data"]["text"] for event in host.of("system", "notice")]
    if scope == "session":
        assert (kept, told) == ([], [])
    else:
        rule = "run_shell_command(=ls a)"
        assert kept == [(rule, scope)]
        assert told == [f"{rule} is allowed for this session only: the file has comments"]


def test_a_slow_disk_holds_up_no_call_and_what_was_allowed_for_good_is_kept_at_the_end() -> None:
    kept: list[str] = []
    ran, disk = threading.Event(), threading.Event()

    def keep(rule: str, scope: str) -> None:
        assert ran.wait(20)  # only when the call has run: on the loop this could not end
        disk.wait(20)
        kept.append(rule)

    host = Host(FakeModel(call("run_shell_command", command="ls a")), FakeTool(), keep_rule=keep)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(True, KEYBOARD, remember="user"))
        await host.result()
        ran.set()
        assert kept == []
        host.session.request_close()
        disk.set()

    host.play(script)
    assert kept == ["run_shell_command(=ls a)"]


def test_a_rule_of_an_earlier_session_still_holds_and_survives_clear() -> None:
    tool = FakeTool()

    async def script(host: Host) -> None:
        host.session.clear(KEYBOARD)
        host.session.submit("go", KEYBOARD)
        await host.result()

    model = FakeModel(call("run_shell_command", command="ls b"))
    host = Host(model, tool, rules=["run_shell_command(ls *)"])
    host.play(script)
    assert len(tool.runs) == 1
