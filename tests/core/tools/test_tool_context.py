"""What a call has of its session while it runs, and what its result may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.conversation.conversation import IMAGE_TOKENS, Conversation, estimate
from qwen_dual.core.models.model import RetryWait, TextDelta, TokenUsage
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.tools.room import MAX_RUNNING
from qwen_dual.core.tools.tool import ToolResult
from qwen_dual.core.turns.outcome import MAX_BLOCKS
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import MAX_IMAGE_CHARS, image_block, text_block
from tests.support.fakes import FakeCall, FakeModel, FakeTool, Host, call
from tests.support.images import image, png

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import ResultContent


@dataclass
class Doing(FakeTool):
    """A tool whose calls do what a test says, with the context they get."""

    does: Callable[[ToolContext], Awaitable[ToolResult]] | None = None
    contexts: list[ToolContext] = field(default_factory=list)

    def prepare(self, arguments: Mapping[str, Any]) -> FakeCall:
        return DoingCall(self, arguments)


class DoingCall(FakeCall):
    tool: Doing

    async def run(self, context: ToolContext) -> ToolResult:
        self.tool.contexts.append(context)
        assert self.tool.does is not None
        return await self.tool.does(context)


def played(tool: FakeTool, model: FakeModel | None = None, **options: Any) -> Host:
    """A session in yolo mode that runs the tool once."""
    host = Host(model or FakeModel(call(tool.name)), tool, approval_mode="yolo", **options)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    return host


def test_a_call_knows_its_id_and_tells_events() -> None:
    async def does(context: ToolContext) -> ToolResult:
        context.publish(events.notice(f"from {context.call_id} of {context.agent}"))
        return ToolResult("ok")

    host = played(Doing(does=does))
    assert [each["data"]["text"] for each in host.of("system", "notice")] == ["from call_1 of None"]


def test_a_call_asks_the_model_in_force_beside_the_conversation() -> None:
    async def does(context: ToolContext) -> ToolResult:
        return ToolResult(await context.ask_model("Be a judge.", "Is it so?"))

    wait = RetryWait("the service is full", 2.0, 2, 5)
    usage = TokenUsage(70, 7)
    model = FakeModel(call("run_shell_command"), [wait, TextDelta("It "), TextDelta("is."), usage])
    host = played(Doing(does=does), model)
    (told,) = [each["data"] for each in host.of("system", "side_call")]
    assert told == {"purpose": "tool", "model": "fake", "usage": usage.fields()}
    assert (
        host.stats.aside.input_tokens == 70 and host.of("result")[0]["usage"]["input_tokens"] == 0
    )
    assert [each["data"] for each in host.of("system", "model_retry")] == [wait.fields()]
    assert host.tool_results()[0]["content"] == "It is."
    assert model.requests[1].system == "Be a judge."
    asked = model.requests[1].messages
    assert [block["type"] for message in asked for block in message["content"]] == ["text"]
    assert "Is it so?" not in str(host.session.history)


def test_work_goes_on_after_its_call_and_ends_with_the_session() -> None:
    ended: list[str] = []

    async def on_and_on() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("cancelled")

    async def does(context: ToolContext) -> ToolResult:
        context.spawn(on_and_on)
        return ToolResult("begun")

    host = Host(FakeModel(call("run_shell_command")), Doing(does=does), approval_mode="yolo")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        assert ended == []

    host.play(script)
    assert ended == ["cancelled"]


def test_work_that_fails_ends_neither_the_session_nor_other_work() -> None:
    told = anyio.Event()

    async def fails() -> None:
        raise KeyError("x")

    async def does(context: ToolContext) -> ToolResult:
        async def tells() -> None:
            await anyio.lowlevel.checkpoint()
            context.publish(events.notice("still here"))
            told.set()

        context.spawn(fails)
        context.spawn(tells)
        return ToolResult("begun")

    host = Host(FakeModel(call("run_shell_command")), Doing(does=does), approval_mode="yolo")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await told.wait()
        await host.result()

    host.play(script)
    assert host.of("result")[0]["subtype"] == "success"


def test_calls_that_ask_on_their_way_keep_nobody_else_from_running() -> None:
    async def does(context: ToolContext) -> ToolResult:
        decision = await context.ask(FakeCall(asking, {}, "more"))
        return ToolResult(f"allowed: {decision.allowed}")

    asking = Doing("web_fetch", "fetch", does=does)
    more = FakeTool("read_file", "read")
    many = [step for number in range(MAX_RUNNING) for step in call("web_fetch", f"a{number}")]
    calls = [*many, *call("web_fetch", "last")]

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        for number in range(1, MAX_RUNNING + 2):  # the last one runs though all others wait
            request = await host.request(number)
            assert host.session.approvals.pending[request].request["input"] == {}
        for request in list(host.session.approvals.pending):
            host.session.answer(request, Decision(True, KEYBOARD))
        await host.result()

    host = Host(FakeModel(calls), asking, more, approval_mode="yolo")
    host.play(script)
    assert {block["content"] for block in host.tool_results()} == {"allowed: True"}


def test_a_tool_may_do_without_what_it_was_not_allowed() -> None:
    async def does(context: ToolContext) -> ToolResult:
        decision = await context.ask(FakeCall(tool, {}, "more"))
        return ToolResult("did without" if not decision.allowed else "did")

    tool = Doing(does=does)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(False, KEYBOARD))
        await host.result()

    host = Host(FakeModel(call("run_shell_command")), tool, approval_mode="yolo")
    host.play(script)
    assert host.tool_results()[0]["content"] == "did without"
    assert host.of("result")[0]["permission_denials"] == []


def test_an_interrupt_ends_a_call_that_asks_on_its_way() -> None:
    async def does(context: ToolContext) -> ToolResult:
        await context.ask(FakeCall(tool, {}, "more"))
        await anyio.sleep_forever()
        return ToolResult("never")

    tool = Doing(does=does)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.request()
        host.session.interrupt(KEYBOARD)
        await host.result()
        host.session.submit("again", KEYBOARD)
        await host.result(2)

    host = Host(FakeModel(call("run_shell_command")), tool, approval_mode="yolo")
    host.play(script)
    assert host.of("result")[0]["stop_reason"] == "interrupted"
    assert host.of("result")[1]["subtype"] == "success"


def test_a_result_with_an_image_is_told_in_blocks_and_kept_for_the_model() -> None:
    content: ResultContent = [text_block("seen:"), image(), text_block("that is all")]
    model = FakeModel(call("run_shell_command"))
    host = played(FakeTool(result=content), model)
    assert host.tool_results()[0]["content"] == content
    sent: Any = model.requests[1].messages[-1]["content"][0]
    assert sent["content"] == content


def test_blocks_of_text_alone_are_told_as_text() -> None:
    host = played(FakeTool(result=[text_block("a"), text_block("b")]))
    assert host.tool_results()[0]["content"] == "a\nb"


def test_an_image_that_no_service_takes_becomes_a_line() -> None:
    large = image(png(filler=MAX_IMAGE_CHARS))
    content: ResultContent = [
        image_block("image/png", "no image"),
        large,
        image(),
        image_block("image/gif", ""),
    ]
    held = played(FakeTool(result=content)).tool_results()[0]["content"]
    assert [block["type"] for block in held] == ["text", "text", "image", "text"]
    assert "was left out: no base64" in held[0]["text"]
    assert "PNG, 800×600, 786 kB] was left out: larger than" in held[1]["text"]
    assert "neither PNG" in held[3]["text"]


def test_the_images_of_a_result_share_one_room() -> None:
    half = image(png(filler=MAX_IMAGE_CHARS * 3 // 8))
    content: ResultContent = [half, half, image()]
    held = played(FakeTool(result=content)).tool_results()[0]["content"]
    assert [block["type"] for block in held] == ["image", "text", "image"]


def test_an_image_is_sent_as_what_it_is() -> None:
    said_otherwise = image(png(), "image/jpeg")
    held = played(FakeTool(result=[said_otherwise])).tool_results()[0]["content"]
    assert held[0]["source"]["media_type"] == "image/png"


def test_the_text_of_many_blocks_is_bounded_as_that_of_one() -> None:
    content: ResultContent = [image(), *[text_block("x" * 50_000)] * (MAX_BLOCKS + 50)]
    held = played(FakeTool(result=content)).tool_results()[0]["content"]
    assert held[0]["type"] == "image"
    assert sum(len(block["text"]) for block in held[1:]) < 200_000
    assert held[-1]["text"] == "[… 51 more blocks left out …]"


def test_secrets_are_taken_out_of_every_block() -> None:
    host = Host(
        FakeModel(call("run_shell_command")),
        FakeTool(result=[text_block("key: hunter2hunter2"), image()]),
        approval_mode="yolo",
    )
    host.bus.secrets.add("hunter2hunter2", "KEY")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    assert host.tool_results()[0]["content"][0]["text"] == "key: [KEY]"


def test_an_image_counts_as_the_services_count_it() -> None:
    block = events.result_block("a", [text_block("x"), image(png(filler=400_000))], is_error=False)
    assert IMAGE_TOKENS <= estimate([block]) < IMAGE_TOKENS + 100
    conversation = Conversation([{"role": "user", "content": [block]}])  # type: ignore[list-item]
    assert conversation.tokens < IMAGE_TOKENS + 200
