from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.model import (
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
    KEY,
    asked,
    blocks_of,
    called,
    configured,
    read,
    resulted,
    said,
    thought,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.model import ModelDelta, ModelRequest

HELLO = asked(("user", [said("hello")]))
CONFIG = configured("anthropic")

Event = tuple[str, dict[str, Any]]


def body(
    request: ModelRequest = HELLO, model: str = "", base_url: str = "", **generation: Any
) -> Mapping[str, Any]:
    config = configured("anthropic", model, base_url, **generation)
    return AnthropicTranslator().request(config, request).body


def event(kind: str, **fields: Any) -> Event:
    return kind, {"type": kind, **fields}


def start(**usage: int) -> Event:
    return event("message_start", message={"id": "msg_1", "role": "assistant", "usage": usage})


def opened(index: int, **block: Any) -> Event:
    return event("content_block_start", index=index, content_block=block)


def piece(index: int, kind: str, **delta: Any) -> Event:
    return event("content_block_delta", index=index, delta={"type": kind, **delta})


def closed(index: int) -> Event:
    return event("content_block_stop", index=index)


def ended(reason: str, usage: Mapping[str, int] | None = None, **delta: Any) -> list[Event]:
    return [
        event("message_delta", delta={"stop_reason": reason, **delta}, usage=usage or {}),
        event("message_stop"),
    ]


def spoken(text: str) -> list[Event]:
    return [opened(0, type="text", text=""), piece(0, "text_delta", text=text), closed(0)]


def answered(*events: Event) -> list[ModelDelta]:
    """The deltas of an answer, without the counts."""
    deltas = read(AnthropicTranslator().reader(CONFIG), events)
    return [delta for delta in deltas if not isinstance(delta, TokenUsage)]


def failed(*events: Event) -> ModelError:
    with pytest.raises(ModelError) as caught:
        answered(*events)
    return caught.value


# -- out ---------------------------------------------------------------------------------------


def test_a_request_streams_from_the_messages_endpoint_with_the_key_in_its_header() -> None:
    request = AnthropicTranslator().request(CONFIG, HELLO)

    assert request.path == "/v1/messages"
    assert request.headers == {"anthropic-version": "2023-06-01", "x-api-key": KEY}
    assert request.body["model"] == "claude-sonnet-4-5"
    assert request.body["stream"] is True
    assert KEY not in str(request.body)


def test_a_base_url_that_names_the_version_is_taken_as_it_is() -> None:
    config = configured("anthropic", base_url="https://proxy.example/v1")

    assert AnthropicTranslator().request(config, HELLO).path == "/messages"


@pytest.mark.parametrize(
    ("base_url", "bearer"),
    [
        ("https://api.anthropic.com", False),
        ("https://eu.anthropic.com", False),
        ("https://anthropic.com.example.org", True),
        ("https://dashscope.aliyuncs.com/apps/anthropic", True),
        ("http://127.0.0.1:8000", True),
    ],
)
def test_only_other_services_get_the_key_as_a_bearer_token_too(base_url: str, bearer: bool) -> None:
    headers = (
        AnthropicTranslator().request(configured("anthropic", base_url=base_url), HELLO).headers
    )

    assert headers["x-api-key"] == KEY
    assert headers.get("authorization") == (f"Bearer {KEY}" if bearer else None)


def test_without_a_system_prompt_and_tools_neither_is_sent() -> None:
    sent = body(asked(("user", [said("hello")]), system=" ", tools=()))

    assert not {"system", "tools"} & set(sent)


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-3-haiku-20240307", 4_096),
        ("claude-3-5-sonnet-20241022", 8_192),
        ("claude-3-7-sonnet-20250219", 32_000),
        ("claude-sonnet-4-20250514", 32_000),
        ("anthropic/claude-opus-4.7", 64_000),
        ("claude-fable-5-1", 64_000),
        ("qwen3-coder-plus", 32_000),
    ],
)
def test_the_length_of_an_answer_has_a_default_by_model(model: str, tokens: int) -> None:
    assert body(model=model)["max_tokens"] == tokens


def test_sampling_is_sent_as_far_as_the_protocol_knows_it() -> None:
    sent = body(
        sampling={
            "max_tokens": 99,
            "temperature": 0.2,
            "top_p": 0.9,
            "top_k": 40,
            "presence_penalty": 1,
        }
    )

    assert (sent["max_tokens"], sent["temperature"], sent["top_p"], sent["top_k"]) == (
        99,
        0.2,
        0.9,
        40,
    )
    assert "presence_penalty" not in sent


def test_models_that_refuse_sampling_are_not_sent_any() -> None:
    sampling = {"temperature": 0.2, "top_p": 0.9, "top_k": 40}

    sent = body(model="claude-opus-4-8", sampling=sampling)

    assert not set(sampling) & set(sent)


@pytest.mark.parametrize(
    ("reasoning", "model", "fields"),
    [
        (None, "claude-opus-5", {}),
        (False, "claude-opus-5", {"thinking": {"type": "disabled"}}),
        (False, "claude-3-5-haiku-20241022", {}),
        (
            {"type": "enabled", "budget_tokens": 2048},
            "claude-sonnet-4-5",
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        ),
        (
            {"budget_tokens": 2048},
            "claude-sonnet-4-5",
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        ),
        (
            {"effort": "low"},
            "claude-sonnet-4-0",
            {"thinking": {"type": "enabled", "budget_tokens": 4096}},
        ),
        (
            {"effort": "high"},
            "claude-opus-4-8",
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "high"},
            },
        ),
        (
            {"budget_tokens": 2048},
            "claude-sonnet-5",
            {"thinking": {"type": "adaptive", "display": "summarized"}},
        ),
        (
            {"budget_tokens": 2048},
            "claude-opus-4-6",
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        ),
        (
            {"effort": "high"},
            "glm-5",
            {
                "thinking": {"type": "enabled", "budget_tokens": 24_000},
                "output_config": {"effort": "high"},
            },
        ),
    ],
)
def test_reasoning_is_spelled_as_the_model_wants_it(
    reasoning: Any, model: str, fields: dict[str, Any]
) -> None:
    sent = body(model=model, reasoning=reasoning)

    assert {key: sent[key] for key in ("thinking", "output_config") if key in sent} == fields


def test_a_budget_for_thinking_stays_below_the_length_of_the_answer() -> None:
    reasoning = {"budget_tokens": 50_000}

    assert body(reasoning=reasoning, sampling={"max_tokens": 3000})["thinking"] == {
        "type": "enabled",
        "budget_tokens": 2999,
    }
    assert "thinking" not in body(reasoning=reasoning, sampling={"max_tokens": 900})


def test_a_budget_for_thinking_leaves_out_the_sampling_it_excludes() -> None:
    sent = body(
        reasoning={"budget_tokens": 2048}, sampling={"temperature": 0, "top_k": 5, "top_p": 0.95}
    )

    assert sent["top_p"] == 0.95
    assert not {"temperature", "top_k"} & set(sent)


def test_the_ends_of_tools_system_and_the_last_two_user_messages_are_cached() -> None:
    sent = body(
        asked(
            ("user", [said("one")]),
            ("assistant", [called("a")]),
            ("user", [resulted("a")]),
            ("assistant", [called("b"), called("c")]),
            ("user", [resulted("b"), resulted("c")]),
        )
    )
    blocks = [block for message in sent["messages"] for block in message["content"]]
    marked = [block for block in blocks if "cache_control" in block]

    assert [tool.get("cache_control") for tool in sent["tools"]] == [None, {"type": "ephemeral"}]
    assert sent["system"] == [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    ]
    assert [block["tool_use_id"] for block in marked] == ["a", "c"]


def test_the_conversation_of_the_session_is_left_as_it_was() -> None:
    request = asked(("user", [said("one")]), ("assistant", [called("a b")]))
    before = repr(request)

    body(request)

    assert repr(request) == before


def test_only_failed_results_say_that_they_are_errors() -> None:
    sent = body(
        asked(
            ("user", [said("go")]),
            ("assistant", [called("a"), called("b")]),
            ("user", [resulted("a"), resulted("b", "no such file", is_error=True)]),
        )
    )
    first, second = sent["messages"][-1]["content"]

    assert first == {"type": "tool_result", "tool_use_id": "a", "content": "done"}
    assert second["is_error"] is True


# -- in ----------------------------------------------------------------------------------------


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
