"""Commands of a channel: what they do, and the receipt each gets."""

from __future__ import annotations

import itertools
from typing import Any

import anyio
import anyio.lowlevel

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.commands.dispatch import Dispatcher
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from tests.support.fakes import FakeModel, FakeTool, Host, call


def send(dispatcher: Dispatcher, **command: Any) -> None:
    dispatcher.command(parse_command(encode(command).strip()))


def receipts(host: Host) -> list[tuple[str, str, str | None]]:
    data = [event["data"] for event in host.of("system", "command_receipt")]
    return [(item["id"], item["status"], item.get("code")) for item in data]


def test_submits_are_accepted_queued_with_a_position_or_rejected_when_asked_so() -> None:
    gate = anyio.Event()

    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)
        send(dispatcher, type="submit", text="a", id="1")
        await host.until(lambda event: event["type"] == "user")
        send(dispatcher, type="submit", text="b", id="2")
        send(dispatcher, type="submit", text="c", id="3", when_busy="reject")
        send(dispatcher, type="submit", text="d", id="4")
        send(dispatcher, type="cancel", target="2", id="5")
        send(dispatcher, type="cancel", target="2", id="6")
        gate.set()
        await host.result(2)

    host = Host(FakeModel([gate, TextDelta("x")]))
    host.play(script)
    assert receipts(host) == [
        ("1", "accepted", None),
        ("2", "queued", None),
        ("3", "rejected", "busy"),
        ("4", "queued", None),
        ("2", "rejected", "cancelled"),
        ("5", "accepted", None),
        ("6", "rejected", "not_queued"),
    ]
    texts = [event["message"]["content"][0]["text"] for event in host.of("user")]
    assert texts == ["a", "d"]
    positions = [event["data"].get("position") for event in host.of("system", "command_receipt")]
    assert positions == [None, 1, None, 2, None, None, None]


def test_an_interrupt_says_what_becomes_of_the_prompts_that_wait() -> None:
    def run(fate: str | None) -> tuple[Host, list[str]]:
        given_back: list[str] = []

        async def script(host: Host) -> None:
            host.session.give_back = lambda prompts: given_back.extend(p.text for p in prompts)
            dispatcher = Dispatcher(host.session, INPUT)
            host.session.submit("runs", KEYBOARD)
            await host.until(lambda event: event["type"] == "user")
            host.session.submit("mine", KEYBOARD)
            send(dispatcher, type="submit", text="theirs", id="t")
            more = {} if fate is None else {"queue": fate}
            send(dispatcher, type="interrupt", id="i", **more)
            await host.result(3 if fate in (None, "keep") else 1)
            assert host.session.state == "idle"

        host = Host(FakeModel([anyio.Event()], [TextDelta("x")], [TextDelta("y")]))
        host.play(script)
        return host, given_back

    for fate in (None, "keep"):
        host, given_back = run(fate)
        texts = [event["message"]["content"][0]["text"] for event in host.of("user")]
        assert (texts, given_back) == (["runs", "mine", "theirs"], [])
    theirs = "ne prompt that came from outside will not run."
    gone = {"clear": f"One prompt of yours and o{theirs}", "return": f"O{theirs}"}
    for fate, back in (("clear", []), ("return", ["mine"])):
        host, given_back = run(fate)
        assert ("t", "rejected", "interrupted") in receipts(host)
        assert given_back == back
        assert len(host.of("user")) == 1
        assert host.of("system", "notice")[0]["data"]["text"] == gone[fate]
        assert [state["data"]["queued"] for state in host.of("system", "state")][-1] == 0


def test_a_repeated_id_is_not_run_again() -> None:
    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)
        for _ in range(3):
            send(dispatcher, type="submit", text="a", id="same")
        await host.result()
        send(dispatcher, type="submit", text="b", id="same")
        send(dispatcher, type="submit", text="end", id="other")
        await host.result(2)

    host = Host(FakeModel())
    host.play(script)
    assert [status for _, status, _ in receipts(host)] == [
        "accepted",
        "duplicate",
        "duplicate",
        "duplicate",
        "accepted",
    ]
    texts = [event["message"]["content"][0]["text"] for event in host.of("user")]
    assert texts == ["a", "end"]


def test_the_first_answer_wins_and_a_late_one_gets_the_error() -> None:
    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)
        host.session.submit("go", KEYBOARD)
        request = await host.request()
        send(dispatcher, type="confirmation_response", request_id=request, allowed=False)
        assert not host.session.answer(request, Decision(True, KEYBOARD))
        send(dispatcher, type="confirmation_response", request_id=request, allowed=True, id="late")
        await host.result()

    tool = FakeTool()
    host = Host(FakeModel(call("run_shell_command", command="ls")), tool)
    host.play(script)
    assert tool.runs == []
    responses = [event["response"] for event in host.of("control_response")]
    assert [response["subtype"] for response in responses] == ["success", "error", "error"]
    assert responses[0]["resolved_by"] == "input"
    text = "unknown request_id (already resolved, cancelled, or never issued)"
    assert {response["error"] for response in responses[1:]} == {text}
    assert receipts(host) == [("late", "rejected", "unknown_request")]


def test_an_answer_is_never_behind_a_submit() -> None:
    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)
        host.session.submit("go", KEYBOARD)
        request = await host.request()
        send(dispatcher, type="submit", text="later")
        send(dispatcher, type="confirmation_response", request_id=request, allowed=True)
        await host.result(2)

    tool = FakeTool()
    host = Host(FakeModel(call("run_shell_command", command="ls")), tool)
    host.play(script)
    assert len(tool.runs) == 1


def test_interrupt_state_mode_and_model_commands() -> None:
    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)
        send(dispatcher, type="interrupt", id="idle")
        host.session.submit("go", KEYBOARD)
        await host.request()
        send(dispatcher, type="get_state", id="state")
        assert host.of("system", "state")[-1]["data"]["state"] == "awaiting_approval"
        send(dispatcher, type="interrupt", id="busy")
        await host.result()
        send(dispatcher, type="set_approval_mode", mode="plan", id="mode")
        send(dispatcher, type="set_model", model="nope", id="model")
        send(dispatcher, type="set_model", model="nope")

    host = Host(FakeModel(call("run_shell_command", command="ls")), FakeTool())
    host.play(script)
    assert receipts(host) == [
        ("idle", "rejected", "not_busy"),
        ("state", "accepted", None),
        ("busy", "accepted", None),
        ("mode", "accepted", None),
        ("model", "rejected", "unknown_value"),
    ]
    assert host.session.approval_mode == "plan"
    assert (
        "unknown model 'nope'; configured: fake" in host.of("system", "notice")[-1]["data"]["text"]
    )


def test_a_line_that_cannot_be_used_is_told_and_its_id_gets_a_receipt() -> None:
    async def script(host: Host) -> None:
        Dispatcher(host.session, INPUT).error("invalid", "submit: text: missing", 17, "x")

    host = Host(FakeModel())
    host.play(script)
    assert host.of("system", "input_error")[0]["data"] == {
        "code": "invalid",
        "message": "submit: text: missing",
        "offset": 17,
    }
    assert receipts(host) == [("x", "rejected", "invalid")]


def test_of_two_answers_the_first_decides_whatever_happens_between_them() -> None:
    # All of this is one thread: what can differ is how far the session gets between the two.
    orders = list(itertools.product(("keyboard", "input"), range(6), (True, False), (True, False)))

    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)

        def answer(by: str, request: str, allowed: bool) -> None:
            if by == "keyboard":
                host.session.answer(request, Decision(allowed, KEYBOARD, message="no"))
            else:
                answered = {"request_id": request, "allowed": allowed, "message": "no"}
                send(dispatcher, type="confirmation_response", **answered)

        host.session.submit("go", KEYBOARD)
        for count, (first, passes, allowed, too_late) in enumerate(orders, 1):
            request = await host.request(count)
            answer(first, request, allowed)
            for _ in range(passes):
                await anyio.lowlevel.checkpoint()
            answer("input" if first == "keyboard" else "keyboard", request, too_late)
        await host.result()

    tool = FakeTool()
    answers = [call("run_shell_command", f"c{n}", command=f"ls {n}") for n in range(len(orders))]
    host = Host(FakeModel(*answers), tool)
    host.play(script)
    responses = [event["response"] for event in host.of("control_response")]
    resolved = [
        (response["resolved_by"], response["response"]["allowed"])
        for response in responses
        if response["subtype"] == "success"
    ]
    assert resolved == [(first, allowed) for first, _, allowed, _ in orders]
    assert len(responses) - len(resolved) == len(orders)  # each of the others is told an error
    assert len(tool.runs) == sum(allowed for _, allowed in resolved)
