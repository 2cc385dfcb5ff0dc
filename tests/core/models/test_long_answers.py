"""Answers of megabytes: no step of what is done with them is as long as they are."""

from __future__ import annotations

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.conversation.conversation import size_of
from qwen_dual.core.models.model import TextDelta, ThinkingDelta
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.long_json import LONG
from tests.support.fakes import FakeModel, FakeTool, Host, call

KEY = "sk-planted-0123456789"
TEXT = "word " * (LONG // 4)


@pytest.fixture(autouse=True)
def large_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwen_dual.core.models.pieces.MAX_PIECE", LONG // 8)


async def asked(host: Host) -> None:
    host.session.submit("go", KEYBOARD)
    await host.result()


def test_the_text_of_one_delta_is_never_copied() -> None:
    host = Host(FakeModel([TextDelta(TEXT)]))
    host.bus.secrets.add(KEY, "K")
    host.play(asked)
    assert host.of("assistant")[0]["message"]["content"][0]["text"] is TEXT
    assert host.of("result")[0]["result"] is TEXT
    assert host.session.conversation.messages[-1]["content"][0]["text"] is TEXT  # type: ignore[typeddict-item]


@pytest.mark.parametrize("steps", [[TextDelta(TEXT + KEY)], [TextDelta(TEXT), TextDelta(KEY)]])
def test_a_key_in_it_is_taken_out_wherever_it_is_told(steps: list[TextDelta]) -> None:
    host = Host(FakeModel(list(steps)))
    host.bus.secrets.add(KEY, "K")
    host.play(asked)
    assert host.of("assistant")[0]["message"]["content"][0]["text"] == f"{TEXT}[K]"
    assert host.of("result")[0]["result"] == f"{TEXT}[K]"


def test_blocks_after_it_stand_after_it() -> None:
    tool = FakeTool()
    deltas = [ThinkingDelta(TEXT, "s"), TextDelta(TEXT), TextDelta("."), *call(tool.name, x=TEXT)]
    host = Host(FakeModel(deltas, [TextDelta("done")]), tool, approval_mode="yolo")
    host.play(asked)
    thought, said, called, _ = (event["message"]["content"] for event in host.of("assistant"))
    assert thought == [{"type": "thinking", "thinking": TEXT, "signature": "s"}]
    assert said == [{"type": "text", "text": f"{TEXT}."}]
    assert called[0]["input"] == {"x": TEXT}
    assert host.of("result")[0]["result"] == "done"


def test_the_turn_goes_on_once_everybody_is_through_with_it() -> None:
    model = FakeModel([TextDelta(TEXT)])
    host = Host(model)
    left: list[int] = []
    host.bus.subscribe(
        lambda event: left.extend(range(5)) if event["type"] == "assistant" else None,
        behind=lambda: bool(left) and left.pop() >= 0,
    )
    host.play(asked)
    assert not left and host.of("result")


def test_an_interrupt_in_the_middle_loses_nothing_of_what_was_told() -> None:
    host = Host(FakeModel([TextDelta(TEXT)]))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.until(lambda event: "delta" in event.get("event", {}), 3)
        host.session.interrupt(KEYBOARD)
        await host.result()

    host.play(script)
    deltas = [event["event"]["delta"]["text"] for event in host.of("stream_event")[2:-2]]
    said = host.of("assistant")[0]["message"]["content"][0]["text"]
    assert said == "".join(deltas) and len(deltas) > 2 and len(said) < len(TEXT)


@pytest.mark.parametrize("text", [TEXT, "漢字\n" * LONG, ("é" + "x" * 40) * (LONG // 20)])
def test_tokens_of_it_are_estimated_closely_without_encoding_it(text: str) -> None:
    content = [
        {"type": "text", "text": text},
        {"type": "tool_use", "id": "c", "name": "n", "input": {"a": {"b": [text, "x"]}}},
        {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": text}]},
    ]
    for block in content:
        assert size_of(block) == pytest.approx(len(encode(block)), rel=0.03)


def test_the_next_thing_is_told_once_a_long_block_before_a_short_one_is_saved() -> None:
    host = Host(FakeModel([ThinkingDelta(TEXT), TextDelta("ok")]))
    left: list[int] = []
    host.bus.subscribe(
        lambda event: left.extend(range(5)) if event["type"] == "assistant" else None,
        behind=lambda: bool(left) and left.pop() >= 0,
    )
    host.play(asked)
    assert not left and host.of("result")[0]["result"] == "ok"
