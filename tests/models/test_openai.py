"""Chat completions out: the body of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.models.openai import OpenAITranslator
from tests.models.conversations import (
    KEY,
    READ_FILE,
    asked,
    called,
    configured,
    resulted,
    said,
    thought,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.models.model import ModelRequest

HELLO = asked(("user", [said("hello")]))
CONFIG = configured("openai")

DASHSCOPE = "https://dashscope.aliyuncs.com/compatible-mode/v1"
DEEPSEEK = "https://api.deepseek.com/v1"
OPENROUTER = "https://openrouter.ai/api/v1"
LOCAL = "http://localhost:8000/v1"


def body(
    request: ModelRequest = HELLO, model: str = "", base_url: str = "", **generation: Any
) -> Mapping[str, Any]:
    config = configured("openai", model, base_url, **generation)
    return OpenAITranslator().request(config, request).body


def test_a_request_streams_and_asks_for_its_tokens() -> None:
    request = OpenAITranslator().request(CONFIG, HELLO)
    assert request.path == "/chat/completions"
    assert request.headers == {"Authorization": f"Bearer {KEY}"}
    assert request.body["model"] == "qwen3-coder-plus"
    assert request.body["stream"] is True
    assert request.body["stream_options"] == {"include_usage": True}
    assert request.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
    ]


def test_a_base_url_may_already_hold_the_path() -> None:
    config = configured("openai", base_url="https://models.example/v1/chat/completions")
    assert OpenAITranslator().request(config, HELLO).path == ""


def test_tools_are_functions() -> None:
    assert body(asked(("user", [said("hi")]), tools=[READ_FILE]))["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "read_file",
                "description": "Reads a file.",
                "parameters": READ_FILE.parameters,
            },
        }
    ]


def test_what_there_is_not_is_not_sent() -> None:
    sent = body(asked(("user", [said("hi")]), system="", tools=[]))
    assert set(sent) == {"model", "messages", "stream", "stream_options"}
    assert [message["role"] for message in sent["messages"]] == ["user"]


def test_calls_and_results_become_messages_of_their_own() -> None:
    request = asked(
        ("user", [said("go")]),
        ("assistant", [said("Looking."), called("c1", path="ä"), called("c2", "list_files")]),
        ("user", [resulted("c2", "files"), resulted("c1", "no", is_error=True), said("and?")]),
        system="",
    )
    assert body(request)["messages"] == [
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": "Looking.",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "read_file", "arguments": '{"path":"ä"}'},
                },
                {
                    "id": "c2",
                    "type": "function",
                    "function": {"name": "list_files", "arguments": "{}"},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "no"},
        {"role": "tool", "tool_call_id": "c2", "content": "files"},
        {"role": "user", "content": "and?"},
    ]


def test_messages_of_one_role_in_a_row_become_one() -> None:
    request = asked(
        ("user", [said("a")]),
        ("user", [said("b"), said("c")]),
        ("assistant", [said("d")]),
        system="",
    )
    assert body(request)["messages"] == [
        {"role": "user", "content": "a\n\nb\n\nc"},
        {"role": "assistant", "content": "d"},
    ]


LOOPS = asked(
    ("user", [said("one")]),
    ("assistant", [thought("old"), called("c1")]),
    ("user", [resulted("c1")]),
    ("assistant", [thought("told"), said("done")]),
    ("user", [said("two")]),
    ("assistant", [thought("new"), called("c2")]),
    ("user", [resulted("c2")]),
    ("assistant", [called("c3")]),
    ("user", [resulted("c3")]),
    system="",
)


def sent_back(model: str, base_url: str) -> list[str | None]:
    """``reasoning_content`` of the assistant's messages of ``LOOPS``."""
    messages = body(LOOPS, model, base_url)["messages"]
    return [
        message.get("reasoning_content") for message in messages if message["role"] == "assistant"
    ]


@pytest.mark.parametrize(
    ("model", "base_url"),
    [("qwen3-max", DASHSCOPE), ("moonshotai/kimi-k2", OPENROUTER), ("glm-4.7", LOCAL)],
)
def test_reasoning_goes_back_within_the_current_tool_loop(model: str, base_url: str) -> None:
    assert sent_back(model, base_url) == [None, None, "new", None]


def test_deepseek_gets_the_reasoning_of_all_calls() -> None:
    assert sent_back("deepseek-v4", DEEPSEEK) == ["old", None, "new", ""]


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("gpt-5", ""),
        ("qwen/qwen3-32b", "https://api.groq.com/openai/v1"),
        ("some-model", LOCAL),
    ],
)
def test_reasoning_does_not_go_to_those_who_refuse_it(model: str, base_url: str) -> None:
    assert sent_back(model, base_url) == [None] * 4


def test_sampling_is_sent_as_it_is() -> None:
    sent = body(sampling={"temperature": 0, "top_k": 20, "max_tokens": 99, "top_p": None})
    assert (sent["temperature"], sent["top_k"], sent["max_tokens"]) == (0, 20, 99)
    assert "top_p" not in sent


@pytest.mark.parametrize(
    ("model", "base_url", "name"),
    [
        ("gpt-5-mini", "", "max_completion_tokens"),
        ("o4-mini", "", "max_completion_tokens"),
        ("gpt-4.1", "", "max_tokens"),
        ("gpt-5-mini", OPENROUTER, "max_tokens"),
    ],
)
def test_the_limit_of_tokens_has_a_name_of_its_own_for_reasoning_models(
    model: str, base_url: str, name: str
) -> None:
    sent = body(model=model, base_url=base_url, sampling={"max_tokens": 5})
    assert {key for key in sent if key.startswith("max_")} == {name}
    assert sent[name] == 5


@pytest.mark.parametrize(
    ("base_url", "model", "reasoning", "fields"),
    [
        (DASHSCOPE, "qwen3-max", False, {"enable_thinking": False}),
        (DASHSCOPE, "qwen3-max", {"effort": "high"}, {"enable_thinking": True}),
        (
            DASHSCOPE,
            "qwen3-max",
            {"budget_tokens": 500},
            {"enable_thinking": True, "thinking_budget": 500},
        ),
        (DASHSCOPE, "qwen3.8-max", {"effort": "xhigh"}, {"reasoning_effort": "xhigh"}),
        (DEEPSEEK, "deepseek-v4", False, {"thinking": {"type": "disabled"}}),
        (DEEPSEEK, "deepseek-v4", {"effort": "medium"}, {"reasoning_effort": "high"}),
        (OPENROUTER, "x/y", False, {"reasoning": {"enabled": False}}),
        (OPENROUTER, "x/y", {"effort": "low"}, {"reasoning": {"effort": "low"}}),
        ("", "gpt-5", {"effort": "low"}, {"reasoning_effort": "low"}),
        ("", "gpt-5", False, {}),
        (LOCAL, "qwen3:8b", False, {}),
        (DASHSCOPE, "qwen3-max", None, {}),
        ("https://deepseek.com.evil.example", "m", False, {}),
    ],
)
def test_reasoning_is_spelled_as_the_service_wants_it(
    base_url: str, model: str, reasoning: Any, fields: dict[str, Any]
) -> None:
    plain = body(model=model, base_url=base_url)
    sent = body(model=model, base_url=base_url, reasoning=reasoning)
    assert {key: value for key, value in sent.items() if key not in plain} == fields
