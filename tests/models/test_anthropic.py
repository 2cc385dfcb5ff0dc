"""Messages out: what is sent for a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.models.anthropic import AnthropicTranslator
from tests.models.conversations import (
    KEY,
    asked,
    called,
    configured,
    resulted,
    said,
)
from tests.models.messages import (
    CONFIG,
    HELLO,
    body,
)


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
