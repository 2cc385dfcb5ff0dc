"""What is not a plain turn: retries, a person's own shell commands, forms, commands that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.conversation.going_back import GoingBack
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.models.model import (
    Finished,
    ModelError,
    RetryWait,
    TextDelta,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.core.tools.tool import InvalidArguments
from tests.support.fakes import FakeCall, FakeModel, FakeTool, Host, Step, call

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_a_failed_call_is_made_again_without_the_half_of_an_answer() -> None:
    model = FakeModel(
        [TextDelta("half an ans"), ModelError("the connection broke", kind="broken")],
        [TextDelta("a whole answer")],
    )
    host = Host(model)

    async def script(host: Host) -> None:
        assert not host.session.retry(KEYBOARD)
        host.session.submit("go", KEYBOARD)
        failed = await host.result()
        assert failed["stop_reason"] == "error"
        assert failed["error"]["kind"] == "broken"
        assert failed["result"] == "half an ans\n\n[API Error: the connection broke]"
        assert host.session.history[-1]["content"] == [{"type": "text", "text": "half an ans"}]
        await anyio.wait_all_tasks_blocked()
        assert host.session.retryable
        assert host.session.retry(KEYBOARD)
        assert (await host.result(2))["result"] == "a whole answer"

    host.play(script)
    assert [list(request.messages) for request in model.requests] == [
        [{"role": "user", "content": [{"type": "text", "text": "go"}]}]
    ] * 2
    assert not host.session.retryable


def test_a_retry_goes_on_after_the_tools_that_already_ran() -> None:
    tool = FakeTool()
    model = FakeModel(call(tool.name), [ModelError("busy", 503)], [TextDelta("done")])
    host = Host(model, tool, approval_mode="yolo")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.submit("/retry", INPUT, command_id="again")
        result = await host.result(2)
        assert (result["result"], result["command_id"]) == ("done", "again")

    host.play(script)
    assert len(tool.runs) == 1
    assert model.requests[1] == model.requests[2]


def test_without_a_failed_call_retry_says_so() -> None:
    host = Host(FakeModel())

    async def script(host: Host) -> None:
        host.session.submit("/retry", INPUT)
        assert (await host.result())["result"] == "There is no failed call to retry."

    host.play(script)


def test_waiting_for_another_try_is_told() -> None:
    host = Host(FakeModel([RetryWait("429 slow down", 1.5, 2, 7), TextDelta("ok")]))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    told = host.of("system", "model_retry")[0]["data"]
    assert told == {"attempt": 2, "attempts": 7, "delay_ms": 1500, "message": "429 slow down"}


def test_an_answer_at_its_limit_says_so_on_screen_and_in_the_result() -> None:
    host = Host(FakeModel([TextDelta("once upon"), Finished("length")]))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    result = host.of("result")[0]
    assert (result["stop_reason"], result["result"]) == ("max_tokens", "once upon")
    assert "max_tokens" in host.of("system", "notice")[0]["data"]["text"]


def test_a_call_cut_off_by_the_limit_goes_back_as_an_error_and_the_turn_goes_on() -> None:
    tool = FakeTool()
    half: list[Step] = [
        ToolCallStart("c", tool.name),
        ToolCallArguments('{"x": "yyy'),
        Finished("length"),
    ]
    host = Host(FakeModel(half, [TextDelta("done")]), tool)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    assert host.of("result")[0]["result"] == "done"
    assert tool.runs == []


def test_a_persons_own_command_runs_without_asking_and_the_model_gets_to_know() -> None:
    tool = FakeTool(result="a.txt")
    model = FakeModel([TextDelta("I see")])
    host = Host(model, tool)

    async def script(host: Host) -> None:
        host.session.run_shell("ls", KEYBOARD)
        assert (await host.result())["result"] == "a.txt"
        host.session.submit("what is there?", KEYBOARD)
        await host.result(2)

    host.play(script)
    assert tool.runs == [{"command": "ls"}]
    assert host.of("control_request") == []
    asked = str(model.requests[0].messages)
    assert "I ran this in the shell myself" in asked
    assert "a.txt" in asked
    assert len(model.requests[0].messages) == 1


def test_a_persons_own_command_that_cannot_run_goes_back_to_them_and_nowhere_else() -> None:
    class Strict(FakeTool):
        def prepare_entered(self, command: str) -> FakeCall:
            raise InvalidArguments("The command: expected fewer bytes.")

    model = FakeModel([TextDelta("Hello")])
    host = Host(model, Strict())
    given: list[str] = []
    host.session.give_back = lambda prompts: given.extend(prompt.typed for prompt in prompts)

    async def script(host: Host) -> None:
        host.session.run_shell("much too long", KEYBOARD)
        host.session.submit("hi", KEYBOARD)
        await host.result()

    host.play(script)
    assert given == ["!much too long"]
    (notice,) = host.of("system", "notice")
    assert notice["data"] == {
        "level": "error",
        "text": "Not run. The command: expected fewer bytes.",
    }
    assert "much too long" not in str(model.requests[0].messages)
    assert len(host.of("user")) == 1


def test_a_persons_own_command_can_be_interrupted() -> None:
    tool = FakeTool(gate=anyio.Event())
    host = Host(FakeModel(), tool)

    async def script(host: Host) -> None:
        host.session.run_shell("sleep 9", KEYBOARD)
        await host.until(lambda event: event.get("subtype") == "tool_progress")
        host.session.interrupt(KEYBOARD)
        result = await host.result()
        assert result["stop_reason"] == "interrupted"

    host.play(script)


def test_a_form_gives_its_answers_to_the_command_and_keeps_them_out_of_the_events() -> None:
    host = Host(FakeModel())
    seen: list[Sequence[str]] = []

    async def connect(answers: Sequence[str], actor: Actor) -> str:
        seen.append(answers)
        return "connected"

    host.session.slash.add(
        SlashCommand("auth", "connect", lambda *_: None, answered=connect, while_busy=False)
    )

    async def script(host: Host) -> None:
        host.session.answer_form("auth", ["openai", "sk-secret"], KEYBOARD)
        assert (await host.result())["result"] == "connected"

    host.play(script)
    assert seen == [("openai", "sk-secret")]
    assert "sk-secret" not in str(host.events)


def test_a_command_that_waits_is_interrupted_with_a_result() -> None:
    host = Host(FakeModel())

    async def forever() -> str:
        await anyio.sleep_forever()
        return ""

    host.session.slash.add(SlashCommand("wait", "waits", lambda *_: forever(), while_busy=False))

    async def script(host: Host) -> None:
        host.session.submit("/wait", INPUT, command_id="w")
        await host.until(lambda event: event.get("subtype") == "slash_command")
        await anyio.wait_all_tasks_blocked()
        assert host.session.interrupt(KEYBOARD)
        result = await host.result()
        assert (result["stop_reason"], result["command_id"]) == ("interrupted", "w")

    host.play(script)


def test_in_the_middle_of_a_turn_a_command_may_take_its_time_and_says_then_what_came_of_it() -> (
    None
):
    words, saved = anyio.Event(), anyio.Event()
    host = Host(FakeModel([words, TextDelta("done")]))

    async def keep(why: str) -> str:
        await saved.wait()
        if why:
            raise CommandFailed(why)
        return "kept"

    host.session.slash.add(SlashCommand("keep", "keeps", lambda typed, _: keep(typed)))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await anyio.wait_all_tasks_blocked()
        host.session.submit("/keep", KEYBOARD)
        host.session.submit("/keep disk full", KEYBOARD)
        words.set()
        await host.result()
        assert host.of("system", "notice") == []
        saved.set()
        await host.until(lambda event: event.get("subtype") == "notice", 2)
        told = [event["data"] for event in host.of("system", "notice")]
        assert [(one["text"], one["level"], one["command"]) for one in told] == [
            ("kept", "info", "/keep"),
            ("disk full", "error", "/keep disk full"),
        ]

    host.play(script)


def test_a_command_that_fails_says_why_and_one_that_breaks_ends_nothing() -> None:
    host = Host(FakeModel())

    def fail(*_: Any) -> str:
        raise CommandFailed("no such theme")

    def crash(*_: Any) -> str:
        raise RuntimeError("boom")

    host.session.slash.add(SlashCommand("fail", "fails", fail))
    host.session.slash.add(SlashCommand("crash", "crashes", crash))

    async def script(host: Host) -> None:
        host.session.submit("/fail", INPUT)
        assert (await host.result())["error"]["message"] == "no such theme"
        host.session.submit("/crash", INPUT)
        assert "RuntimeError: boom" in (await host.result(2))["error"]["message"]
        host.session.submit("go", KEYBOARD)
        assert (await host.result(3))["result"] == "done"

    host.play(script)


def test_prompts_wait_for_what_is_loaded_after_the_start() -> None:
    loaded = anyio.Event()
    model = FakeModel()
    host = Host(model, ready=lambda _: loaded.wait())

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await anyio.wait_all_tasks_blocked()
        assert model.requests == []
        loaded.set()
        await host.result()

    host.play(script)


@pytest.mark.parametrize("what", ["prompt", "shell"])
def test_what_waits_for_the_start_can_be_interrupted(what: str) -> None:
    model = FakeModel()
    host = Host(model, ready=lambda _: anyio.Event().wait())

    async def script(host: Host) -> None:
        if what == "prompt":
            host.session.submit("go", INPUT, command_id="c1")
        else:
            host.session.run_shell("sleep 9", KEYBOARD)
        host.session.submit("and then", KEYBOARD)
        await anyio.wait_all_tasks_blocked()
        host.session.request_close()
        result = await host.result()
        assert result["stop_reason"] == "interrupted"
        assert result.get("command_id") == ("c1" if what == "prompt" else None)

    host.play(script)
    assert model.requests == []
    said = [event["message"]["content"][0]["text"] for event in host.of("user")]
    assert said == ["go" if what == "prompt" else "!sleep 9"]
    assert len(host.of("result")) == 1


def test_going_back_that_is_interrupted_while_the_start_loads_is_refused_and_no_prompt() -> None:
    host = Host(FakeModel(), ready=lambda _: anyio.Event().wait())

    async def script(host: Host) -> None:
        what = GoingBack("a prompt", conversation=True, files=False)
        assert host.session.go_back(what, INPUT, "c1")
        await anyio.wait_all_tasks_blocked()
        assert host.session.interrupt(KEYBOARD)
        await host.session.drained()

    host.play(script)
    [receipt] = [event["data"] for event in host.of("system", "command_receipt")]
    assert (receipt["id"], receipt["status"], receipt["code"]) == ("c1", "rejected", "interrupted")
    assert host.of("user") == [] and host.of("result") == []


def test_an_earlier_conversation_goes_on_under_its_own_id() -> None:
    model = FakeModel()
    host = Host(model)
    earlier: list[Any] = [
        {"role": "user", "content": [{"type": "text", "text": "one"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "two"}]},
    ]

    async def script(host: Host) -> None:
        host.session.resume("11111111-1111-4111-8111-111111111111", earlier, KEYBOARD)
        host.session.submit("three", KEYBOARD)
        await host.result()

    host.play(script)
    assert host.session.session_id == "11111111-1111-4111-8111-111111111111"
    assert [message["role"] for message in model.requests[0].messages] == [
        "user",
        "assistant",
        "user",
    ]
    assert host.of("system", "session_changed")[0]["data"]["to"] == host.session.session_id


def test_a_session_makes_no_more_model_calls_than_it_may_until_it_is_cleared() -> None:
    host = Host(FakeModel(), max_turns=2)

    async def script(host: Host) -> None:
        for number in (1, 2, 3):
            host.session.submit("go", KEYBOARD)
            await host.result(number)
        host.session.submit("/clear", KEYBOARD)
        await host.result(4)
        host.session.submit("go", KEYBOARD)
        await host.result(5)

    host.play(script)
    reasons = [event["stop_reason"] for event in host.of("result")]
    assert reasons == ["end_turn", "end_turn", "max_turns", "end_turn", "end_turn"]
