"""Who acts: as the wire names them, and what follows for what they did."""

from __future__ import annotations

import pytest

from qwen_dual.core.actor import CLI, INPUT, INTERRUPT, KEYBOARD, POLICY, SHUTDOWN, Actor
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.protocol import EDITS
from tests.support.fakes import FakeModel, FakeTool, Host, call


@pytest.mark.parametrize(
    ("actor", "text"),
    [
        (KEYBOARD, "keyboard"),
        (CLI, "cli"),
        (INPUT, "input"),
        (POLICY, "policy"),
        (INTERRUPT, "interrupt"),
        (SHUTDOWN, "shutdown"),
        (Actor("host", "zed"), "host:zed"),
        (Actor("hook", "format"), "hook:format"),
        (Actor("sdk"), "sdk"),
    ],
)
def test_an_actor_is_named_on_the_wire(actor: Actor, text: str) -> None:
    assert str(actor) == text


@pytest.mark.parametrize("actor", [KEYBOARD, INPUT, Actor("host", "zed")])
def test_every_act_says_who_it_was(actor: Actor) -> None:
    host = Host(FakeModel(call("run_shell_command", command="make")), FakeTool())

    async def script(host: Host) -> None:
        host.session.submit("go", actor)
        host.session.answer(await host.request(), Decision(True, actor))
        await host.result()
        host.session.set_approval_mode("yolo", actor)
        host.session.submit("/model fake", actor)
        await host.result(2)
        host.session.submit("/clear", actor)
        await host.result(3)

    host.play(script)
    told = str(actor)
    [prompt] = [event for event in host.of("user") if "origin" in event]
    [response] = host.of("control_response")
    [mode] = host.of("system", "mode_changed")
    [session] = host.of("system", "session_changed")
    assert prompt["origin"] == response["response"]["resolved_by"] == told
    assert mode["data"]["origin"] == session["data"]["origin"] == told
    assert {event["data"]["origin"] for event in host.of("system", "slash_command")} == {told}


def test_a_mode_that_an_answer_lasts_for_is_changed_by_who_answered() -> None:
    tool = FakeTool("edit", "edit", diff="-a\n+b")
    host = Host(FakeModel(call("edit", new="b")), tool)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(True, INPUT, remember="session"))
        await host.result()

    host.play(script)
    assert [event["request"]["rules"] for event in host.of("control_request")] == [[EDITS]]
    [mode] = host.of("system", "mode_changed")
    assert (mode["data"]["to"], mode["data"]["origin"]) == ("auto-edit", "input")


@pytest.mark.parametrize("actor", [KEYBOARD, INPUT])
def test_a_request_that_an_interrupt_cancels_names_the_interrupt(actor: Actor) -> None:
    host = Host(FakeModel(call("run_shell_command", command="make")), FakeTool())

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.request()
        assert host.session.interrupt(actor)
        await host.result()

    host.play(script)
    [response] = host.of("control_response")
    assert response["response"]["resolved_by"] == "interrupt"


@pytest.mark.parametrize(
    ("actor", "keyboard", "person"),
    [
        (KEYBOARD, True, True),
        (CLI, False, True),
        (INPUT, False, False),
        (Actor("sdk"), False, False),
    ],
)
def test_what_lasts_is_for_the_person(actor: Actor, keyboard: bool, person: bool) -> None:
    assert (actor.at_keyboard, actor.is_person) == (keyboard, person)
