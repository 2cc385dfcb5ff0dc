"""Messages in: an answer read from its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.models.model import (
    Finished,
    ModelError,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models.anthropic import AnthropicTranslator
from tests.models.conversations import (
    asked,
    blocks_of,
    called,
    read,
    resulted,
    said,
    thought,
)
from tests.models.messages import (
    CONFIG,
    Event,
    answered,
    body,
    closed,
    ended,
    event,
    opened,
    piece,
    spoken,
    start,
)

if TYPE_CHECKING:
    from qwen_dual.core.models.model import ModelRequest


def failed(*events: Event) -> ModelError:
    with pytest.raises(ModelError) as caught:
        answered(*events)
    return caught.value


def test_text_comes_as_it_is_streamed() -> None:
    deltas = answered(
        start(),
        opened(0, type="text", text="He"),
        event("ping"),
        piece(0, "text_delta", text="llo"),
        piece(0, "citations_delta", citation={}),
        closed(0),
        *ended("end_turn"),
    )

    assert deltas == [TextDelta("He"), TextDelta("llo")]


def test_calls_come_with_their_arguments_in_fragments_or_whole() -> None:
    deltas = answered(
        start(),
        opened(0, type="tool_use", id="a", name="read_file", input={}),
        piece(0, "input_json_delta", partial_json=""),
        piece(0, "input_json_delta", partial_json='{"path"'),
        piece(0, "input_json_delta", partial_json=':"x"}'),
        closed(0),
        opened(1, type="tool_use", id="b", name="read_file", input={"path": "y"}),
        closed(1),
        opened(2, type="tool_use", id="c", name="list_files", input={}),
        closed(2),
        *ended("tool_use"),
    )

    assert deltas == [
        ToolCallStart("a", "read_file"),
        ToolCallArguments('{"path"'),
        ToolCallArguments(':"x"}'),
        ToolCallStart("b", "read_file"),
        ToolCallArguments('{"path":"y"}'),
        ToolCallStart("c", "list_files"),
    ]


def test_arguments_that_came_whole_and_then_in_fragments_count_once() -> None:
    deltas = answered(
        opened(0, type="tool_use", id="a", name="read_file", input={"path": "x"}),
        piece(0, "input_json_delta", partial_json='{"path":"x"}'),
        *ended("tool_use"),
    )

    assert deltas == [ToolCallStart("a", "read_file"), ToolCallArguments('{"path":"x"}')]


def test_arguments_of_a_call_that_is_not_open_are_an_error() -> None:
    error = failed(
        opened(0, type="tool_use", id="a", name="read_file", input={}),
        opened(1, type="tool_use", id="b", name="read_file", input={}),
        piece(0, "input_json_delta", partial_json="{}"),
    )

    assert error.kind == "malformed"


def test_tokens_count_the_whole_prompt_and_the_latest_totals() -> None:
    events = [
        start(
            input_tokens=10,
            cache_creation_input_tokens=200,
            cache_read_input_tokens=3000,
            output_tokens=1,
        ),
        *spoken("hi"),
        *ended("end_turn", {"input_tokens": 0, "output_tokens": 42}),
    ]

    usage = [
        delta
        for delta in read(AnthropicTranslator().reader(CONFIG), events)
        if isinstance(delta, TokenUsage)
    ]

    assert usage == [TokenUsage(3210, 1, 3000), TokenUsage(3210, 42, 3000)]


def test_signed_thinking_goes_back_as_it_came() -> None:
    deltas = answered(
        start(),
        opened(0, type="thinking", thinking="", signature=""),
        piece(0, "thinking_delta", thinking="First "),
        piece(0, "thinking_delta", thinking="this."),
        piece(0, "signature_delta", signature="c2lnLTE="),
        closed(0),
        opened(1, type="redacted_thinking", data="cmVkYWN0ZWQ="),
        closed(1),
        opened(2, type="thinking", thinking="", signature=""),
        piece(2, "thinking_delta", thinking="Then that."),
        piece(2, "signature_delta", signature="c2lnLTI="),
        closed(2),
        opened(3, type="tool_use", id="a", name="list_files", input={}),
        closed(3),
        *ended("tool_use"),
    )

    sent = body(
        asked(("user", [said("go")]), ("assistant", blocks_of(deltas)), ("user", [resulted("a")]))
    )

    assert [delta.text for delta in deltas if isinstance(delta, ThinkingDelta) and delta.text] == [
        "First ",
        "this.",
        "Then that.",
    ]
    assert sent["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "First this.", "signature": "c2lnLTE="},
        {"type": "redacted_thinking", "data": "cmVkYWN0ZWQ="},
        {"type": "thinking", "thinking": "Then that.", "signature": "c2lnLTI="},
        {"type": "tool_use", "id": "a", "name": "list_files", "input": {}},
    ]


def signed_call() -> list[dict[str, Any]]:
    return blocks_of(
        answered(
            opened(0, type="thinking", thinking="Hm.", signature="c2ln"),
            closed(0),
            opened(1, type="tool_use", id="a", name="list_files", input={}),
            *ended("tool_use"),
        )
    )


@pytest.mark.parametrize(
    ("model", "base_url", "is_sent"),
    [
        ("", "", True),
        ("claude-opus-4-5", "", False),
        ("", "https://proxy.example", False),
    ],
)
def test_thinking_goes_back_only_to_the_model_that_signed_it(
    model: str, base_url: str, is_sent: bool
) -> None:
    request = asked(("user", [said("go")]), ("assistant", signed_call()), ("user", [resulted("a")]))

    sent = body(request, model, base_url)

    assert (sent["messages"][1]["content"][0]["type"] == "thinking") is is_sent


def test_thinking_of_earlier_turns_is_left_out() -> None:
    earlier = ("assistant", [*signed_call()[:1], said("Hi.")])

    sent = body(asked(("user", [said("hello")]), earlier, ("user", [said("go")])))

    assert sent["messages"][1]["content"] == [said("Hi.")]


def test_a_loop_that_began_without_thinking_goes_on_without_a_budget_for_it() -> None:
    reasoning = {"budget_tokens": 2048}
    foreign = [thought("Hm.", "unknown"), called("a")]

    def loop(answer: list[dict[str, Any]]) -> ModelRequest:
        return asked(("user", [said("go")]), ("assistant", answer), ("user", [resulted("a")]))

    assert "thinking" not in body(loop(foreign), reasoning=reasoning)
    assert "thinking" in body(loop(signed_call()), reasoning=reasoning)
    again = asked(("user", [said("go")]), ("assistant", [said("done")]), ("user", [said("more")]))
    assert "thinking" in body(again, reasoning=reasoning)


def test_the_limit_of_tokens_is_told() -> None:
    assert answered(*spoken("half"), *ended("max_tokens"))[-1] == Finished("length")
    assert answered(*ended("max_tokens")) == [Finished("length")]
    assert answered(*spoken("half"), *ended("model_context_window_exceeded"))[-1] == Finished(
        "length"
    )


@pytest.mark.parametrize("reason", ["end_turn", "stop_sequence", "pause_turn", "something_new"])
def test_other_ends_are_plain(reason: str) -> None:
    assert answered(*spoken("hi"), *ended(reason)) == [TextDelta("hi")]


def test_a_refusal_is_an_error_with_the_words_of_the_service() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "Not this."}
    error = failed(*spoken("Sure"), *ended("refusal", stop_details=details))

    assert error.kind == "content_filter"
    assert "Not this" in error.message
    assert failed(*ended("refusal", stop_details=None)).kind == "content_filter"


def test_a_prompt_that_fills_the_window_is_an_error() -> None:
    assert failed(*ended("model_context_window_exceeded")).kind == "context_length"


@pytest.mark.parametrize("events", [[], [start(), *spoken("half")], [opened(0, type="text")]])
def test_an_end_before_the_end_is_an_error(events: list[Event]) -> None:
    assert failed(*events).kind == "broken"


def test_an_answer_without_content_is_an_error() -> None:
    assert failed(start(), *ended("end_turn")).kind == "empty"
    assert failed(*spoken("\n\n"), *ended("end_turn")).kind == "empty"
    thinking = opened(0, type="thinking", thinking="Hm.", signature="")
    assert failed(thinking, closed(0), *ended("end_turn")).kind == "empty"


@pytest.mark.parametrize(
    ("name", "said_by_service", "kind"),
    [
        ("overloaded_error", "Overloaded", "overloaded"),
        ("rate_limit_error", "Slow down", "rate_limit"),
        ("api_error", "Internal", "server"),
        ("authentication_error", "invalid x-api-key", "auth"),
        ("invalid_request_error", "bad", "invalid_request"),
        ("invalid_request_error", "prompt is too long: 9 tokens > 8", "context_length"),
        ("permission_error", "Not yours", "auth"),
        ("not_found_error", "model: claude-9", "unknown_model"),
        ("new_error", "Hm", "server"),
    ],
)
def test_an_error_in_the_stream_says_what_the_service_said(
    name: str, said_by_service: str, kind: str
) -> None:
    error = failed(start(), event("error", error={"type": name, "message": said_by_service}))

    assert error.kind == kind
    assert said_by_service in error.message


def test_nothing_more_is_waited_for_after_the_last_event() -> None:
    reader = AnthropicTranslator().reader(CONFIG)
    seen = []
    for name, data in [start(), *spoken("hi"), *ended("end_turn")]:
        list(reader.feed(name, data))
        seen.append(reader.complete)

    assert seen == [False] * (len(seen) - 1) + [True]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": "content_block_start", "content_block": None},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use"}},
        {"type": "content_block_delta", "delta": ["text"]},
        {"type": "message_start", "message": {"usage": {"input_tokens": "many"}}},
        {"type": "message_delta", "delta": None, "usage": None},
        {"type": "something_new"},
    ],
)
def test_events_that_are_not_understood_end_no_answer(data: dict[str, Any]) -> None:
    assert answered(("message", data), *spoken("hi"), *ended("end_turn")) == [TextDelta("hi")]
