"""Prompts that join the turn that runs: when, in what order, and what becomes of those that come too late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.commands.dispatch import Dispatcher
from qwen_dual.core.models.model import TextDelta, TokenUsage
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.turns.hooks import HookSaid
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from tests.support.fakes import FakeModel, FakeTool, Host, call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.protocol.events import Event


def send(dispatcher: Dispatcher, **command: Any) -> None:
    dispatcher.command(parse_command(encode(command).strip()))


def receipts(host: Host, command_id: str) -> list[dict[str, Any]]:
    data = (event["data"] for event in host.of("system", "command_receipt"))
    return [item for item in data if item["id"] == command_id]


def prompts(host: Host) -> list[tuple[str, bool]]:
    """The texts that were submitted, and whether each steered."""
    return [
        (event["message"]["content"][0]["text"], event.get("steered", False))
        for event in host.of("user")
        if "origin" in event
    ]


def texts(host: Host, request: int) -> list[list[str]]:
    """What the blocks of each message of a request are: a text, or the kind of what is none."""
    messages = host.model.requests[request].messages
    return [
        [block["text"] if block["type"] == "text" else block["type"] for block in one["content"]]
        for one in messages
    ]


def started(event: Event) -> bool:
    return event.get("subtype") == "tool_progress"


def busy_host(tool: FakeTool, *answers: Any, **options: Any) -> Host:
    """A session whose model calls ``tool``, which needs no leave, and then says what there is."""
    first = call("run_shell_command", command="ls")
    options.setdefault("approval_mode", "yolo")
    return Host(FakeModel(first, *answers), tool, **options)


def test_a_prompt_that_steers_joins_the_turn_before_the_next_model_call() -> None:
    tool = FakeTool(gate=anyio.Event())

    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)
        send(dispatcher, type="submit", text="go", id="1")
        await host.until(started)
        send(dispatcher, type="submit", text="later", id="2")
        send(dispatcher, type="submit", text="use pnpm", id="3", when_busy="steer")
        host.session.submit("and be brief", KEYBOARD, steers=True)
        assert tool.gate is not None
        tool.gate.set()
        await host.result(2)

    host = busy_host(tool)
    host.play(script)
    assert prompts(host) == [
        ("go", False),
        ("use pnpm", True),
        ("and be brief", True),
        ("later", False),
    ]
    # The results of the calls come first, whatever was said meanwhile.
    assert texts(host, 1) == [["go"], ["tool_use"], ["tool_result", "use pnpm", "and be brief"]]
    steered = next(event for event in host.of("user") if event.get("steered"))
    turn = steered["turn_id"]
    assert steered["command_id"] == "3"
    assert receipts(host, "3") == [
        {"id": "3", "status": "queued", "host": "input", "position": 1, "turn_id": turn}
    ]
    first, second = host.of("result")
    assert (first["turn_id"], first["steered"], first["steered_by"]) == (turn, ["3"], ["input"])
    assert "steered" not in second
    waiting = [event["data"]["prompts"] for event in host.of("system", "queue")]
    assert [[(one["text"], one.get("steers")) for one in listed] for listed in waiting] == [
        [("later", None)],
        [("use pnpm", turn), ("later", None)],
        [("use pnpm", turn), ("and be brief", turn), ("later", None)],
        [("and be brief", turn), ("later", None)],
        [("later", None)],
        [],
    ]


def test_one_that_comes_too_late_is_the_next_prompt() -> None:
    gate = anyio.Event()

    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: event["type"] == "stream_event")
        send(dispatcher, type="submit", text="later", id="1")
        send(dispatcher, type="submit", text="too late", id="2", when_busy="steer")
        gate.set()
        await host.result(3)

    host = Host(FakeModel([TextDelta("x"), gate]))
    host.play(script)
    assert prompts(host) == [("go", False), ("too late", False), ("later", False)]
    assert [event["command_id"] for event in host.of("result")] == [None, "2", "1"]
    assert receipts(host, "2")[0]["turn_id"] == host.of("result")[0]["turn_id"]


def test_where_nothing_runs_it_is_an_ordinary_prompt() -> None:
    async def script(host: Host) -> None:
        send(Dispatcher(host.session, INPUT), type="submit", text="a", id="1", when_busy="steer")
        await host.result()

    host = Host(FakeModel())
    host.play(script)
    assert receipts(host, "1") == [{"id": "1", "status": "accepted", "host": "input"}]
    assert prompts(host) == [("a", False)]


def test_a_slash_command_and_a_shell_command_wait_for_the_end_of_the_turn() -> None:
    tool = FakeTool(gate=anyio.Event())

    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)
        host.session.submit("go", KEYBOARD)
        await host.until(started)
        send(dispatcher, type="submit", text="/stats", id="1", when_busy="steer")
        host.session.run_shell("date", KEYBOARD)
        send(dispatcher, type="submit", text="/usr/bin is full", id="2", when_busy="steer")
        assert tool.gate is not None
        tool.gate.set()
        await host.result(3)

    host = busy_host(tool)
    host.play(script)
    assert "turn_id" not in receipts(host, "1")[0]
    assert prompts(host) == [("go", False), ("/usr/bin is full", True), ("!date", False)]
    assert len(host.of("system", "slash_command")) == 1


def test_while_somebody_is_asked_it_waits_and_answers_nothing() -> None:
    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        request = await host.request()
        host.session.submit("wait", KEYBOARD, steers=True)
        assert host.session.state == "awaiting_approval"
        host.session.answer(request, Decision(True, KEYBOARD))
        await host.result()

    host = busy_host(FakeTool(), approval_mode="default")
    host.play(script)
    assert texts(host, 1)[-1] == ["tool_result", "wait"]


def test_what_is_said_while_room_is_made_goes_with_the_next_call() -> None:
    gate = anyio.Event()

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: event.get("data", {}).get("state") == "compacting")
        host.session.submit("in time", KEYBOARD, steers=True)
        gate.set()
        await host.result()

    full = [*call("run_shell_command", command="ls"), TokenUsage(9_000, 1)]
    host = Host(
        FakeModel(full, [gate, TextDelta("a summary")], context_window=10_000),
        FakeTool(result="x" * 4000),
        approval_mode="yolo",
    )
    host.play(script)
    assert prompts(host) == [("go", False), ("in time", True)]
    assert texts(host, 2)[-1][-1] == "in time"


def stopped(fate: str) -> tuple[Host, list[Prompt]]:
    """A turn that is interrupted while a person's prompt and a host's wait to join it."""
    back: list[Prompt] = []

    async def script(host: Host) -> None:
        host.session.give_back = back.extend
        dispatcher = Dispatcher(host.session, INPUT)
        host.session.submit("go", KEYBOARD)
        await host.until(started)
        host.session.submit("mine", KEYBOARD, steers=True)
        send(dispatcher, type="submit", text="theirs", id="1", when_busy="steer")
        send(dispatcher, type="interrupt", queue=fate)
        await host.result(3 if fate == "keep" else 1)

    host = busy_host(FakeTool(gate=anyio.Event()))
    host.play(script)
    return host, back


def test_an_interrupt_leaves_them_gives_them_back_or_drops_them() -> None:
    host, back = stopped("keep")
    assert prompts(host) == [("go", False), ("mine", False), ("theirs", False)]
    assert back == []
    host, back = stopped("return")
    assert prompts(host) == [("go", False)]
    assert [prompt.text for prompt in back] == ["mine"]
    assert [item.get("code") for item in receipts(host, "1")] == [None, "interrupted"]
    host, back = stopped("clear")
    assert (prompts(host), back) == ([("go", False)], [])


def test_what_it_mentions_goes_with_it() -> None:
    tool = FakeTool(gate=anyio.Event())

    async def expand(text: str) -> Sequence[str]:
        return ["the file"] if "@" in text else []

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(started)
        host.session.submit("look at @it", KEYBOARD, steers=True)
        assert tool.gate is not None
        tool.gate.set()
        await host.result()

    host = busy_host(tool, expand=expand)
    contents: list[Any] = []
    host.session.on_content = contents.append
    host.play(script)
    assert texts(host, 1)[-1] == ["tool_result", "look at @it", "the file"]
    assert [len(blocks) for blocks in contents] == [2]


def test_it_counts_as_what_the_person_wants_for_who_judges_calls() -> None:
    tool = FakeTool(gate=anyio.Event())

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(started)
        host.session.submit("delete nothing", KEYBOARD, steers=True)
        assert list(host.session.modes.said) == ["go"]
        assert tool.gate is not None
        tool.gate.set()
        await host.result()

    host = busy_host(tool)
    host.play(script)
    assert list(host.session.modes.said) == ["go", "delete nothing"]


class PromptHooks:
    """Hooks of which one has a say in prompts; ``meanwhile`` happens while it has."""

    most_blocked_ends = 8

    def __init__(self, said: HookSaid) -> None:
        self.said = said
        self.heard: list[str] = []
        self.meanwhile: Callable[[str], object] = lambda text: None

    async def before_prompt(self, text: str) -> HookSaid:
        """Says it of all but the first."""
        self.heard.append(text)
        self.meanwhile(text)
        await anyio.lowlevel.checkpoint()
        return self.said if len(self.heard) > 1 else HookSaid()

    def __getattr__(self, name: str) -> Any:
        async def nothing(*_: Any, **__: Any) -> HookSaid:
            return HookSaid()

        return nothing


def hooked(said: HookSaid, *, meanwhile: Any = None) -> tuple[Host, PromptHooks, list[Prompt]]:
    tool = FakeTool(gate=anyio.Event())
    hooks, back = PromptHooks(said), list[Any]()

    async def script(host: Host) -> None:
        host.session.give_back = back.extend
        dispatcher = Dispatcher(host.session, INPUT)
        host.session.submit("go", KEYBOARD)
        await host.until(started)
        host.session.submit("mine", KEYBOARD, steers=True)
        send(dispatcher, type="submit", text="theirs", id="1", when_busy="steer")
        if meanwhile is not None:
            hooks.meanwhile = lambda text: meanwhile(host, text)
        assert tool.gate is not None
        tool.gate.set()
        await host.session.drained()

    host = busy_host(tool)
    host.session.hooks.current = hooks
    host.play(script)
    return host, hooks, back


def test_a_hook_adds_to_it() -> None:
    host, hooks, _ = hooked(HookSaid(context="mind the gap"))
    assert hooks.heard == ["go", "mine", "theirs"]
    assert texts(host, 1)[-1] == ["tool_result", "mine", "mind the gap", "theirs", "mind the gap"]


def test_a_hook_keeps_it_from_the_model_and_the_turn_goes_on() -> None:
    host, _, back = hooked(HookSaid("deny", Actor("hook", "guard"), "no"))
    assert prompts(host) == [("go", False)]
    assert texts(host, 1)[-1] == ["tool_result"]
    assert [prompt.text for prompt in back] == ["mine"]
    assert receipts(host, "1")[-1]["code"] == "denied"
    assert [event["stop_reason"] for event in host.of("result")] == ["end_turn"]
    assert "hook:guard did not let the prompt through: no" in str(host.of("system", "notice"))


def test_a_hook_that_wants_nothing_more_done_ends_the_turn() -> None:
    host, _, _ = hooked(HookSaid(stop=Actor("hook", "guard"), stop_reason="enough"))
    first = host.of("result")[0]
    assert (first["stop_reason"], first["error"]["kind"]) == ("denied", "hook")
    # The one behind it was not looked at: it is the next prompt, of which the same is said.
    assert prompts(host) == [("go", False), ("theirs", False)]


def test_one_that_is_changed_while_hooks_hear_of_it_is_heard_again() -> None:
    def edit(host: Host, text: str) -> None:
        if text == "theirs":
            host.session.queue_editing.edit("1", "other words", INPUT)

    host, hooks, _ = hooked(HookSaid(), meanwhile=edit)
    assert hooks.heard == ["go", "mine", "theirs", "other words"]
    assert prompts(host) == [("go", False), ("mine", True), ("other words", True)]


def test_an_interrupt_while_hooks_hear_of_it_leaves_it_in_the_queue() -> None:
    def stop(host: Host, text: str) -> None:
        if text == "mine":
            host.session.interrupt(INPUT, "return")

    host, _, back = hooked(HookSaid(), meanwhile=stop)
    assert [prompt.text for prompt in back] == ["mine"]
    assert prompts(host) == [("go", False)]
