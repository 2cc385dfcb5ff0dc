"""A real session on a recorder: what it goes on with is what it would have had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.chats.load import load
from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.model import ModelError, TextDelta, ThinkingDelta, TokenUsage
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.protocol.blocks import text_block, text_in
from tests.chats.support import Recording
from tests.support.fakes import FakeModel, FakeTool, Host, Step, call
from tests.support.images import image, png

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from qwen_dual.chats.load import Chat
    from qwen_dual.protocol.shapes import ImageBlock, TextBlock


def recorded(
    folder: Path,
    script: Callable[[Host], Any],
    *answers: Iterable[Step],
    tool: FakeTool | None = None,
    **options: Any,
) -> tuple[Host, Chat]:
    """A session that ``script`` drove, and the chat that is left of it."""
    window = options.pop("context_window", 100_000)
    model = FakeModel(*answers, context_window=window)
    host = Host(model, tool or FakeTool(), approval_mode="yolo", **options)
    recording = Recording(folder, bus=host.bus, history=lambda: host.session.history)
    recording.failures.clear()
    host.play(script)
    return host, load(recording.path)


def test_turns_with_calls_and_thoughts_come_back(tmp_path: Path) -> None:
    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.submit("and?", KEYBOARD)
        await host.result(2)

    answers: list[list[Step]] = [
        [ThinkingDelta("hm"), TextDelta("Look."), *call("run_shell_command", command="ls")],
        [TextDelta("It is ok."), TokenUsage(20, 5)],
        [TextDelta("Yes."), TokenUsage(30, 6)],
    ]
    host, chat = recorded(tmp_path, script, *answers)
    assert chat.history == host.session.history
    assert (chat.model, chat.tokens, chat.interrupted) == ("fake", 36, False)


def test_an_interrupted_turn_comes_back_as_one(tmp_path: Path) -> None:
    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: event.get("subtype") == "tool_progress")
        host.session.interrupt(KEYBOARD)
        await host.result()

    tool = FakeTool(gate=anyio.Event())
    host, chat = recorded(
        tmp_path, script, [TextDelta("Look."), *call("run_shell_command")], tool=tool
    )
    assert chat.history == host.session.history
    assert not chat.interrupted
    assert chat.replay[-1]["stop_reason"] == "interrupted"


def test_a_retry_and_an_error_come_back(tmp_path: Path) -> None:
    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        assert host.session.retry(KEYBOARD)
        await host.result(2)
        host.session.submit("more", KEYBOARD)
        await host.result(3)

    error = ModelError("broken", 500)
    host, chat = recorded(tmp_path, script, [TextDelta("ha"), error], [TextDelta("all")], [error])
    assert chat.history == host.session.history
    shown = [body for body in chat.replay if body["type"] == "assistant"]
    assert shown[-1]["message"]["content"][0]["text"] == "[API Error: 500 broken]"


def test_a_command_of_the_person_comes_back_as_the_model_was_told_and_as_it_was_shown(
    tmp_path: Path,
) -> None:
    async def script(host: Host) -> None:
        host.session.run_shell("ls", KEYBOARD)
        await host.result()
        host.session.submit("go", KEYBOARD)
        await host.result(2)

    host, chat = recorded(tmp_path, script, tool=FakeTool(result="a\nb"))
    assert chat.history == host.session.history
    view = View()
    for body in chat.replay:
        view(body)
    shown = repr(view.take())
    assert "!ls" in shown and "Run shell command" in shown
    assert not view.work.tools


def test_files_that_a_prompt_mentions_come_back_and_are_not_shown(tmp_path: Path) -> None:
    recording: list[Recording] = []

    async def expand(prompt: str) -> list[str]:
        return [f"contents for {prompt}"]

    async def script(host: Host) -> None:
        host.session.submit("read @x", KEYBOARD)
        await host.result()

    host = Host(FakeModel([TextDelta("ok")]), expand=expand)
    recording.append(Recording(tmp_path, bus=host.bus, history=lambda: host.session.history))
    host.session.on_content = recording[0].recorder.expanded
    host.play(script)
    chat = load(recording[0].path)
    assert chat.history == host.session.history
    shown = [body["message"]["content"][0]["text"] for body in chat.replay if "origin" in body]
    assert shown == ["read @x"]


@pytest.mark.parametrize(("filler", "size"), [(0, "57 bytes"), (2_000_000, "2.0 MB")])
def test_an_image_of_a_prompt_comes_back_and_is_shown_as_a_line(
    tmp_path: Path, filler: int, size: str
) -> None:
    content: list[TextBlock | ImageBlock] = [text_block("see"), image(png(filler=filler))]

    async def script(host: Host) -> None:
        host.session.submit(text_in(content), KEYBOARD, content=content)
        await host.result()

    host = Host(FakeModel([TextDelta("ok")]))
    recording = Recording(tmp_path, bus=host.bus, history=lambda: host.session.history)
    host.session.on_content = recording.recorder.expanded
    host.play(script)
    assert host.model.requests[0].messages[0]["content"] == content
    chat = load(recording.path)
    assert chat.history == host.session.history
    shown = [body["message"]["content"][0]["text"] for body in chat.replay if "origin" in body]
    assert shown == [f"see\n[image: PNG, 800×600, {size}]"]


def test_a_compacted_conversation_begins_with_its_summary_and_is_shown_whole(
    tmp_path: Path,
) -> None:
    async def script(host: Host) -> None:
        for number, prompt in enumerate(("one " * 40, "two " * 40, "three " * 40, "four")):
            host.session.submit(prompt, KEYBOARD)
            await host.result(number + 1)
        await host.session.compress()
        host.session.submit("five", KEYBOARD)
        await host.result(5)

    answers: list[list[Step]] = [[TextDelta("ok " * 40)] for _ in range(4)]
    answers += [[TextDelta("THE SUMMARY")], [TextDelta("fine")]]
    host, chat = recorded(tmp_path, script, *answers)
    assert chat.history == host.session.history
    assert "THE SUMMARY" in repr(chat.history[0])
    prompts = [body for body in chat.replay if "origin" in body]
    assert len(prompts) == 5
    boundary = [body for body in chat.replay if body.get("subtype") == "compact_boundary"]
    assert [body["data"]["trigger"] for body in boundary] == ["manual"]


def test_slash_commands_are_shown_again_and_never_sent(tmp_path: Path) -> None:
    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.submit("/stats", KEYBOARD)
        await host.result(2)
        host.session.submit("/quit", KEYBOARD)
        await host.result(3)

    host, chat = recorded(tmp_path, script)
    assert chat.history == host.session.history
    assert len(chat.history) == 2
    notices = [body for body in chat.replay if body.get("subtype") == "notice"]
    assert "Turns" in notices[0]["data"]["text"]
    given = [b["data"]["command"] for b in chat.replay if b.get("subtype") == "slash_command"]
    assert given == ["stats"]  # who goes on need not read how it was left


def test_an_earlier_conversation_looks_as_it_did(tmp_path: Path) -> None:
    live = View()

    async def script(host: Host) -> None:
        host.bus.subscribe(live)
        host.session.submit("go", KEYBOARD)
        await host.result()

    text = "Some *Markdown*.\n\n- one\n- two\n\nThe end."
    answers: list[list[Step]] = [
        [ThinkingDelta("one\ntwo"), TextDelta(text), *call("run_shell_command", command="ls")],
        [TextDelta("Done.")],
    ]
    _, chat = recorded(tmp_path, script, *answers)
    again = View()
    for body in chat.replay:
        again(body)

    def shapes(view: View) -> list[str]:
        """What is shown, but for the time that calls took and the fake's own title."""
        shown = [repr(block).partition(", seconds=")[0] for block in view.take()]
        return [block.replace("'do it'", "'ls'") for block in shown]

    assert shapes(again) == shapes(live)
    assert again.context_tokens == live.context_tokens
