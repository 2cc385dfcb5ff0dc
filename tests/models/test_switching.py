"""One session whose turns were answered by different services, continued with each of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.models.model import ModelRequest
from qwen_dual.models.anthropic import AnthropicTranslator
from qwen_dual.models.gemini import UNSIGNED, GeminiTranslator
from qwen_dual.models.openai import OpenAITranslator
from qwen_dual.protocol.codec import decode, encode
from tests.models.conversations import (
    LIST_FILES,
    READ_FILE,
    blocks_of,
    called,
    configured,
    read,
    resulted,
    said,
    talk,
    thought,
)

if TYPE_CHECKING:
    from qwen_dual.models.translate import Translator
    from qwen_dual.protocol.shapes import Message
    from qwen_dual.settings.model_config import ModelProtocol

Turns = list[tuple[str, list[dict[str, Any]]]]

TRANSLATORS: dict[ModelProtocol, Translator] = {
    "openai": OpenAITranslator(),
    "anthropic": AnthropicTranslator(),
    "gemini": GeminiTranslator(),
}

ALL = pytest.mark.parametrize("protocol", list(TRANSLATORS))


def gemini_answer() -> list[dict[str, Any]]:
    """Thoughts and two calls, of which the first is signed."""
    calls = [
        {
            "functionCall": {"id": "fc:1/a", "name": "read_file", "args": {"path": "x"}},
            "thoughtSignature": "Z2VtaW5p",
        },
        {"functionCall": {"name": "list_files", "args": {}}},
    ]
    parts = [{"text": "I look.", "thought": True}, *calls]
    chunk = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    return blocks_of(read(GeminiTranslator().reader(configured("gemini")), [("message", chunk)]))


def anthropic_answer() -> list[dict[str, Any]]:
    """Signed thinking, text and a call."""
    starts = [
        {"type": "thinking", "thinking": "I look again.", "signature": "YW50aHJvcGlj"},
        {"type": "text", "text": "Once more."},
        {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {"path": "y"}},
    ]
    events: list[tuple[str, dict[str, Any]]] = [
        ("content_block_start", {"index": index, "content_block": block})
        for index, block in enumerate(starts)
    ]
    events.append(("message_delta", {"delta": {"stop_reason": "tool_use"}}))
    return blocks_of(read(AnthropicTranslator().reader(configured("anthropic")), events))


def session() -> Turns:
    """Turns of all three services, with everything that went wrong in them; the last is open."""
    first = gemini_answer()
    ids = [block["id"] for block in first if block["type"] == "tool_use"]
    return [
        ("user", [said("What is in x?")]),
        ("assistant", first),
        ("user", [resulted(ids[1], "denied by the person", is_error=True), resulted(ids[0])]),
        ("assistant", [thought("No signature here."), said("It is empty.")]),
        ("user", [said("And y?")]),
        ("assistant", [said("  "), called("call_0", path="y"), called("call_0", path="z")]),
        ("user", [resulted("call_0", "y"), resulted("call_0", "z")]),
        ("assistant", [thought("Broken off.")]),
        ("user", [said("Go on.")]),
        ("assistant", [called("functions.read_file:0" * 5, path="y")]),
        ("user", [said("Never mind: again.")]),
        ("assistant", anthropic_answer()),
        ("user", [resulted("toolu_1", "")]),
    ]


def sent(protocol: ModelProtocol, turns: Turns, model: str = "") -> Any:
    """The body that continues ``turns``, as it is on the wire."""
    request = ModelRequest("Be brief.", talk(*turns), (READ_FILE, LIST_FILES))
    http = TRANSLATORS[protocol].request(configured(protocol, model), request)
    return decode(encode(http.body))


def check_anthropic(body: Any) -> None:
    messages = body["messages"]
    assert [each["role"] for each in messages] == ["user", "assistant"] * (len(messages) // 2) + [
        "user"
    ]
    seen: set[str] = set()
    for number, message in enumerate(messages):
        blocks = message["content"]
        assert blocks
        assert all(block["text"].strip() for block in blocks if block["type"] == "text")
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        assert all(re.fullmatch("[a-zA-Z0-9_-]+", each) for each in calls)
        assert not seen & set(calls)
        seen |= set(calls)
        if calls:
            results = messages[number + 1]["content"][: len(calls)]
            assert [block.get("tool_use_id") for block in results] == calls


def check_gemini(body: Any) -> None:
    contents = body["contents"]
    assert contents[0]["role"] == contents[-1]["role"] == "user"
    for number, content in enumerate(contents):
        assert content["parts"]
        calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
        if calls:
            assert content["role"] == "model"
            following = contents[number + 1]["parts"]
            answers = [part["functionResponse"] for part in following if "functionResponse" in part]
            assert [(each["id"], each["name"]) for each in answers] == [
                (each["id"], each["name"]) for each in calls
            ]


def check_openai(body: Any) -> None:
    messages = body["messages"]
    assert messages[0] == {"role": "system", "content": "Be brief."}
    number = 1
    while number < len(messages):
        message = messages[number]
        number += 1
        assert message["role"] != "tool"
        calls = message.get("tool_calls", [])
        assert calls or message["content"]
        for call in calls:
            assert isinstance(decode(call["function"]["arguments"]), dict)
            assert messages[number]["role"] == "tool"
            assert messages[number]["tool_call_id"] == call["id"]
            assert len(call["id"]) <= 40
            number += 1


CHECKS = {"openai": check_openai, "anthropic": check_anthropic, "gemini": check_gemini}


@ALL
def test_a_session_goes_on_with_any_service_at_any_point(protocol: ModelProtocol) -> None:
    turns = session()
    for length in range(1, len(turns) + 1, 2):
        CHECKS[protocol](sent(protocol, turns[:length]))


@ALL
def test_everything_that_was_said_reaches_the_next_service(protocol: ModelProtocol) -> None:
    body = str(sent(protocol, session()))

    for text in ("What is in x?", "denied by the person", "It is empty.", "Once more.", "Go on."):
        assert text in body


@ALL
def test_the_same_session_makes_the_same_request_each_time(protocol: ModelProtocol) -> None:
    turns = session()

    assert sent(protocol, turns) == sent(protocol, turns)


@ALL
def test_signatures_reach_nobody_but_who_signed(protocol: ModelProtocol) -> None:
    signatures = {"gemini": "Z2VtaW5p", "anthropic": "YW50aHJvcGlj"}
    body = str(sent(protocol, session()))

    for signer, signature in signatures.items():
        assert (signature in body) is (signer == protocol)
    assert "thinking:" not in body and "call 0" not in body


def test_a_loop_that_one_service_began_is_finished_by_another() -> None:
    began: Turns = session()

    body = sent("gemini", began)
    call = next(part for part in body["contents"][-2]["parts"] if "functionCall" in part)
    assert call["thoughtSignature"] == UNSIGNED

    other = sent("anthropic", began, "claude-opus-4-5")
    assert [block["type"] for block in other["messages"][-2]["content"]] == ["text", "tool_use"]


def test_switching_leaves_the_conversation_as_it_is() -> None:
    messages: list[Message] = talk(*session())
    before = repr(messages)

    for protocol, translator in TRANSLATORS.items():
        translator.request(configured(protocol), ModelRequest("", messages))

    assert repr(messages) == before
