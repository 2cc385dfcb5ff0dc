"""Making room: what is summarised, what stays, and what happens when the summary cannot be had."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.conversation.compaction import (
    MOST_PORTIONS,
    SUMMARY_MARK,
    fit,
    split,
    summarise,
)
from qwen_dual.core.conversation.conversation import Conversation, estimate
from qwen_dual.core.models.model import ModelError, RetryWait, TextDelta, TokenUsage
from tests.support.fakes import FakeModel, FakeTool, Host, Step, call

if TYPE_CHECKING:
    from qwen_dual.protocol.shapes import Message


def said(role: str, text: str) -> Message:
    return cast("Message", {"role": role, "content": [{"type": "text", "text": text}]})


def called(*ids: str) -> Message:
    blocks = [{"type": "tool_use", "id": key, "name": "t", "input": {}} for key in ids]
    return cast("Message", {"role": "assistant", "content": blocks})


def results(*ids: str, text: str = "ok") -> Message:
    blocks = [
        {"type": "tool_result", "tool_use_id": key, "is_error": False, "content": text}
        for key in ids
    ]
    return cast("Message", {"role": "user", "content": blocks})


LONG = [
    message
    for number in range(20)
    for message in (said("user", f"ask {number} " + "x" * 400), said("assistant", "y" * 400))
]


def is_well_formed(messages: list[Message]) -> bool:
    """Roles alternate from the user's on, and each result follows its call."""
    if not messages or messages[0]["role"] != "user":
        return False
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        if message["role"] != ("user", "assistant")[index % 2]:
            return False
        blocks = cast("list[dict[str, Any]]", message["content"])
        answered = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        if answered != open_calls:
            return False
        open_calls = {block["id"] for block in blocks if block["type"] == "tool_use"}
    return True


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    messages: list[Message] = []
    for turn in range(draw(st.integers(1, 6))):
        messages.append(said("user", "u" * draw(st.integers(1, 300))))
        for step in range(draw(st.integers(0, 4))):
            ids = [f"c{turn}-{step}-{n}" for n in range(draw(st.integers(1, 3)))]
            text = "r" * draw(st.integers(0, 2000))
            messages += [called(*ids), results(*ids, text=text)]
        messages.append(said("assistant", "a" * draw(st.integers(1, 300))))
    return messages


@given(conversations(), st.integers(5_000, 30_000))
def test_a_compacted_conversation_is_one_that_a_service_takes(
    messages: list[Message], window: int
) -> None:
    async def main() -> None:
        answers = [[TextDelta("the summary")] for _ in range(MOST_PORTIONS)]
        model = FakeModel(*answers, context_window=window)
        made = await summarise(model, messages, "")
        if made is not None:
            assert is_well_formed(made.messages)
            assert "the summary" in str(made.messages[0])

    anyio.run(main)


@example(
    [said("user", "u"), called("c"), results("c", text="r" * 257), said("assistant", "a" * 280)],
    200,
)
@given(conversations(), st.integers(200, 4_000))
def test_cutting_results_keeps_a_conversation_well_formed(
    messages: list[Message], tokens: int
) -> None:
    fitted = fit(messages, tokens)
    assert is_well_formed(fitted)
    assert estimate(fitted) <= max(tokens, estimate(messages))


def test_the_end_of_a_conversation_stays_word_for_word() -> None:
    at = split(LONG)
    kept = LONG[at:]
    assert 0 < at < len(LONG)
    assert estimate(kept) >= 0.3 * estimate(LONG)
    assert estimate(kept[1:]) <= 0.35 * estimate(LONG)


def test_a_result_is_not_parted_from_its_call() -> None:
    messages = [said("user", "go"), called("a"), results("a", text="z" * 9000)]
    assert split(messages) == 1  # the call and its result stay together


def test_the_request_in_work_outlives_its_summary() -> None:
    async def main() -> None:
        messages = [said("user", "the task: paint it blue")]
        for number in range(12):
            messages += [called(f"c{number}"), results(f"c{number}", text="r" * 3000)]
        made = await summarise(FakeModel([TextDelta("S")]), messages, "")
        assert made is not None
        assert "paint it blue" in str(made.messages[0])
        assert SUMMARY_MARK in str(made.messages[0])

    anyio.run(main)


def test_a_conversation_of_many_windows_is_summarised_portion_by_portion() -> None:
    async def main() -> None:
        answers: list[list[Step]] = [
            [TextDelta(f"summary {number}"), TokenUsage(10, 1)] for number in range(1, 6)
        ]
        model = FakeModel(*answers, context_window=2_000)
        made = await summarise(model, LONG, "")
        asked = [str(request.messages) for request in model.requests]
        assert 2 < len(asked) < 6
        assert all(estimate(request.messages) < 2_000 for request in model.requests)
        for number in range(14):
            assert sum(f"ask {number} x" in text for text in asked) == 1, "each is told once"
        assert "summary 1" in asked[1] and "summary 2" in asked[2]
        assert made is not None
        assert f"summary {len(asked)}" in str(made.messages[0])
        assert made.usage == TokenUsage(10 * len(asked), len(asked))

    anyio.run(main)


def test_a_summary_takes_a_bounded_number_of_calls_whatever_there_is() -> None:
    async def main() -> None:
        model = FakeModel(*([TextDelta("S")] for _ in range(40)), context_window=1_000)
        made = await summarise(model, LONG * 20, "")
        assert len(model.requests) == MOST_PORTIONS
        assert "left out" in str(model.requests[1].messages)
        assert made is not None
        assert estimate(made.messages) <= 500
        assert is_well_formed(made.messages)

    anyio.run(main)


@pytest.mark.parametrize(
    "messages",
    [
        [said("user", "go"), said("assistant", "y" * 900_000), said("user", "and?")],
        [said("user", "u" * 900_000)],
        [
            said("user", "go"),
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "tool_use",
                        "id": "a",
                        "name": "t",
                        "input": {"content": "z" * 900_000},
                    }
                ],
            },
            results("a"),
        ],
    ],
    ids=["answer", "prompt", "call"],
)
def test_one_huge_text_is_cut_where_nothing_else_helps(messages: list[Message]) -> None:
    shorter = fit(messages, 10_000)
    assert is_well_formed(shorter)
    assert 1_000 < estimate(shorter) <= 10_000
    assert "characters left out" in str(shorter)


def test_thirty_thousand_turns_are_fitted_in_one_go() -> None:
    turn = [said("user", "u" * 100), said("assistant", "a" * 100)]
    began = time.process_time()
    shorter = fit(turn * 30_000, 100_000)
    assert time.process_time() - began < 5, "it took seconds a thousand turns when it was quadratic"
    assert 90_000 < estimate(shorter) <= 100_000


def compacting(model: FakeModel, *tools: FakeTool, prompts: int = 1) -> Host:
    host = Host(model, *tools)
    host.session.conversation.replace(LONG)

    async def script(host: Host) -> None:
        for number in range(prompts):
            host.session.submit("next", KEYBOARD)
            await host.result(number + 1)

    host.play(script)
    return host


def test_at_seventy_per_cent_of_the_window_the_conversation_is_summarised_first() -> None:
    window = int(estimate(LONG) / 0.7)
    model = FakeModel(
        [TextDelta("what happened so far"), TokenUsage(500, 20)],
        [TextDelta("answer"), TokenUsage(900, 5)],
        context_window=window,
    )
    host = compacting(model)
    boundary = host.of("system", "compact_boundary")[0]["data"]
    assert boundary["trigger"] == "auto"
    assert boundary["tokens_after"] < boundary["tokens_before"] / 2
    assert boundary["summary"] == "what happened so far"
    assert "compacting" in [event["data"]["state"] for event in host.of("system", "state")]
    assert "what happened so far" in str(model.requests[1].messages[0])
    assert model.requests[1].messages[-1]["content"][-1] == {"type": "text", "text": "next"}
    usage = host.of("result")[0]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (1400, 25)


def test_a_summary_that_waits_for_its_service_says_so() -> None:
    model = FakeModel(
        [RetryWait("429 slow down", 1.5, 2, None), TextDelta("what happened so far")],
        [TextDelta("answer")],
        context_window=int(estimate(LONG) / 0.7),
    )
    host = compacting(model)
    (told,) = (event["data"] for event in host.of("system", "model_retry"))
    assert told == {"attempt": 2, "attempts": None, "delay_ms": 1500, "message": "429 slow down"}
    assert host.of("system", "compact_boundary")


def test_below_that_nothing_is_summarised() -> None:
    model = FakeModel([TextDelta("answer")], context_window=estimate(LONG) * 2)
    assert compacting(model).of("system", "compact_boundary") == []


def test_a_service_that_finds_it_too_long_is_asked_again_with_less() -> None:
    too_long = ModelError("too long", 400, kind="context_length")
    model = FakeModel([too_long], [TextDelta("summary")], [TextDelta("answer")])
    host = compacting(model)
    result = host.of("result")[0]
    assert (result["result"], result["is_error"]) == ("answer", False)
    assert len(host.of("system", "compact_boundary")) == 1


def test_when_the_summary_fails_too_results_are_cut_and_the_turn_goes_on() -> None:
    too_long = ModelError("too long", 400, kind="context_length")
    model = FakeModel([too_long], [ModelError("down", 503)], [TextDelta("answer")])
    host = Host(model)
    host.session.conversation.replace(
        [said("user", "go"), called("a"), results("a", text="r" * 60_000), said("assistant", "so")]
    )

    async def script(host: Host) -> None:
        host.session.submit("next", KEYBOARD)
        await host.result()

    host.play(script)
    assert host.of("result")[0]["result"] == "answer"
    assert estimate(model.requests[-1].messages) <= 8_000
    assert "503 down" in host.of("system", "notice")[0]["data"]["text"]


def test_huge_results_of_one_turn_never_end_the_session() -> None:
    tool = FakeTool(result="r" * 59_000)
    model = FakeModel(
        *[call(tool.name, f"c{number}") for number in range(12)],
        [TextDelta("done")],
        context_window=30_000,
    )
    # Summaries are asked of the same model, so its answers run out of step; none of them matters.
    host = Host(model, tool, approval_mode="yolo")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    assert not host.of("result")[0]["is_error"]
    assert all(estimate(request.messages) < 30_000 for request in model.requests)


def test_compress_says_what_it_saved_and_keeps_the_conversation_when_it_fails() -> None:
    model = FakeModel([ModelError("down", 503)], [TextDelta("summary")])
    host = Host(model)
    host.session.conversation.replace(LONG)

    async def script(host: Host) -> None:
        host.session.submit("/compress", INPUT, command_id="a")
        failed = await host.result()
        assert (failed["is_error"], failed["error"]["message"]) == (True, "503 down")
        assert host.session.history == LONG
        host.session.submit("/compress", INPUT, command_id="b")
        assert "Compressed from about" in (await host.result(2))["result"]
        host.session.submit("/compress", KEYBOARD)
        await host.result(3)

    host.play(script)
    assert host.of("system", "compact_boundary")[0]["data"]["trigger"] == "manual"
    told = [event.get("data", {}).get("state", event["type"]) for event in host.events]
    ends = [at for at, word in enumerate(told) if word == "result"]
    assert [told[at - 1] for at in ends] == ["idle"] * 3  # a turn's last line is its result
    assert told.count("compacting") == told.count("idle") == 3


def test_nothing_to_compress_is_said() -> None:
    host = Host(FakeModel())

    async def script(host: Host) -> None:
        host.session.submit("/compress", KEYBOARD)
        assert (await host.result())["result"] == "There is nothing to compress yet."

    host.play(script)


def test_a_summary_that_is_longer_than_what_was_said_replaces_nothing() -> None:
    host = Host(FakeModel([TextDelta("word " * 2000)]))
    spoken = [said("user", "one"), said("assistant", "two")] * 4
    host.session.conversation.replace(spoken)

    async def script(host: Host) -> None:
        host.session.submit("/compress", KEYBOARD)
        assert (await host.result())["result"] == "There is nothing to compress yet."

    host.play(script)
    assert host.session.history == spoken
    assert host.of("system", "compact_boundary") == []


def test_what_the_service_measured_replaces_the_estimate() -> None:
    conversation = Conversation([said("user", "x" * 4000)])
    assert 900 < conversation.tokens < 1100
    conversation.measured(TokenUsage(input_tokens=1500, output_tokens=100))
    assert conversation.tokens == 1600
    conversation.measured(TokenUsage())
    assert conversation.tokens == 1600


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_what_follows_a_message_of_the_same_role_joins_it(role: str) -> None:
    conversation = Conversation()
    before = [{"type": "text", "text": "a"}]
    conversation.add(role, before)
    conversation.add(role, [{"type": "text", "text": "b"}])
    assert len(conversation.messages) == 1
    assert [block["text"] for block in conversation.messages[0]["content"]] == ["a", "b"]  # type: ignore[typeddict-item]
    assert before == [{"type": "text", "text": "a"}]


def test_a_refusal_for_length_after_content_ends_the_turn_with_what_came() -> None:
    too_long = ModelError("too long", 400, kind="context_length")
    host = compacting(FakeModel([TextDelta("half"), too_long]))
    result = host.of("result")[0]
    assert (result["is_error"], result["error"]["kind"]) == (True, "context_length")
    starts = [e for e in host.of("stream_event") if e["event"]["type"] == "message_start"]
    stops = [e for e in host.of("stream_event") if e["event"]["type"] == "message_stop"]
    assert len(starts) == len(stops) == 1


@pytest.mark.parametrize("text", ["a line of words\n", "é€\N{GRINNING FACE}", "\ud800"])
def test_a_text_of_megabytes_counts_as_a_short_one_does(text: str) -> None:
    short, long = text * 10_000, text * 500_000
    block = {"type": "text", "text": long, "more": 1}
    message = {"role": "user", "content": [block]}
    once = estimate([{**block, "text": short}])
    assert estimate([block]) == pytest.approx(50 * once, rel=0.1)
    assert estimate([block, block]) == pytest.approx(estimate([message]) * 2, rel=0.1)
