"""Answers as servers really send them, over HTTP and in all three protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.models.model import TextDelta
from tests.models.calling import USAGE, chunk
from tests.models.conversations import blocks_of
from tests.models.server import Reply, cut, event, reply, sse
from tests.models.test_protocols_over_http import asked_over_http

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.settings.model_config import ModelProtocol

PROTOCOLS: Sequence[ModelProtocol] = ("openai", "anthropic", "gemini")


def streamed(protocol: ModelProtocol, *pieces: str) -> Reply:
    """An answer whose text comes in ``pieces``."""
    if protocol == "openai":
        return sse(*[chunk(content=piece) for piece in pieces], chunk("stop"), USAGE, "[DONE]")
    if protocol == "gemini":
        parts = [{"candidates": [{"content": {"parts": [{"text": piece}]}}]} for piece in pieces]
        end = {"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 1}}
        return sse(*parts, end)
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        for piece in pieces
    ]
    return sse(
        {"type": "message_start", "message": {"usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    )


def blocks(protocol: ModelProtocol, answer: Reply) -> list[tuple[str, Any]]:
    deltas, _ = asked_over_http(protocol, answer)
    return [
        (block["type"], block.get("text", block.get("thinking", block.get("input"))))
        for block in blocks_of(deltas)
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pieces_that_grow_are_one_text(protocol: ModelProtocol) -> None:
    answer = streamed(protocol, "He", "Hello", "Hello world")
    assert blocks(protocol, answer) == [("text", "Hello world")]
    assert blocks(protocol, streamed(protocol, "ha", "ha")) == [("text", "haha")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reasoning_between_tags_is_reasoning(protocol: ModelProtocol) -> None:
    answer = cut(streamed(protocol, "<thi", "nk>a</thin", "k>b"), 7)
    assert blocks(protocol, answer) == [("thinking", "a"), ("text", "b")]
    alone = streamed(protocol, "a", "</think>", "b")
    assert blocks(protocol, alone) == [("thinking", "a"), ("text", "b")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_character_in_two_halves_is_one(protocol: ModelProtocol) -> None:
    whole = b"".join(
        piece for piece in streamed(protocol, "HIGH", "LOW").pieces if isinstance(piece, bytes)
    )
    halves = whole.replace(b"HIGH", b"to \\ud83d").replace(b"LOW", b"\\ude80!")
    answer = reply([halves], headers={"Content-Type": "text/event-stream"})
    assert blocks(protocol, answer) == [("text", "to 🚀!")]


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        (
            "openai",
            {
                "choices": [
                    {
                        "message": {
                            "content": "hi",
                            "reasoning_content": "Hm",
                            "tool_calls": [
                                {"id": "a", "function": {"name": "x", "arguments": '{"n":1}'}}
                            ],
                        },
                        "finish_reason": "tool_calls",
                    }
                ],
                "usage": {"prompt_tokens": 1},
            },
        ),
        (
            "anthropic",
            {
                "type": "message",
                "content": [
                    {"type": "thinking", "thinking": "Hm"},
                    {"type": "text", "text": "hi"},
                    {"type": "tool_use", "id": "a", "name": "x", "input": {"n": 1}},
                ],
                "stop_reason": "tool_use",
            },
        ),
        (
            "gemini",
            {
                "candidates": [
                    {
                        "content": {
                            "parts": [
                                {"text": "Hm", "thought": True},
                                {"text": "hi"},
                                {"functionCall": {"name": "x", "args": {"n": 1}}},
                            ]
                        },
                        "finishReason": "STOP",
                    }
                ]
            },
        ),
    ],
)
def test_an_answer_in_one_body_is_used(protocol: ModelProtocol, body: dict[str, Any]) -> None:
    found = [("thinking", "Hm"), ("text", "hi"), ("tool_use", {"n": 1})]
    assert blocks(protocol, reply(body)) == found
    assert blocks(protocol, cut(reply(body), 5)) == found


def test_an_answer_of_bare_text_in_one_body_is_used() -> None:
    body = {"type": "message", "content": "hi", "stop_reason": "end_turn"}
    assert blocks("anthropic", reply(body)) == [("text", "hi")]


def test_a_list_of_chunks_instead_of_a_stream_is_used() -> None:
    first = event({"candidates": [{"content": {"parts": [{"text": "Hello"}]}}]})[6:].strip()
    last = b'{"candidates":[{"content":{"parts":[{"text":" you"}]},"finishReason":"STOP"}]}'
    answer = reply([b"[" + first + b",\n", last + b"]"])
    assert blocks("gemini", answer) == [("text", "Hello you")]


def test_a_long_body_is_read_whole() -> None:
    text = "word " * 40_000
    answer = cut(reply({"choices": [{"message": {"content": text}}]}), 9_000)
    assert blocks("openai", answer) == [("text", text)]


def message(finish: str | None = None, **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": finish}]}


def legacy(**function: Any) -> dict[str, Any]:
    return chunk(function_call=function)


TOOL = [{"index": 0, "id": "a", "function": {"name": "x", "arguments": '{"n":1}'}}]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param(
            [message(content="Hel"), message(content="lo"), message("stop")],
            [("text", "Hello")],
            id="message in place of delta",
        ),
        pytest.param(
            [chunk(content="Hel"), chunk(content="lo"), message("stop", content="Hello")],
            [("text", "Hello")],
            id="a whole message at the end",
        ),
        pytest.param(
            [chunk(content="Hello"), message("stop", content="Hello")],
            [("text", "Hello")],
            id="a whole message after one piece",
        ),
        pytest.param(
            [chunk(tool_calls=TOOL), message("tool_calls", tool_calls=TOOL)],
            [("tool_use", {"n": 1})],
            id="a whole message after a call",
        ),
        pytest.param(
            [chunk(tool_calls=TOOL), chunk("tool_calls", tool_calls=TOOL)],
            [("tool_use", {"n": 1})],
            id="a call twice",
        ),
        pytest.param(
            [legacy(name="x"), legacy(arguments='{"n"'), legacy(arguments=":1}"), chunk("stop")],
            [("tool_use", {"n": 1})],
            id="function_call",
        ),
        pytest.param(
            [message("function_call", function_call={"name": "x", "arguments": '{"n":1}'})],
            [("tool_use", {"n": 1})],
            id="function_call in a message",
        ),
        pytest.param(
            [
                b": OPENROUTER PROCESSING\n\n",
                b"\xef\xbb\xbf",
                chunk(role="assistant", content=None),
                chunk(role="assistant", content="", reasoning="Hm"),
                chunk(role="assistant", content="Hello", reasoning=None, refusal=None),
                {"choices": [{"delta": None, "finish_reason": "stop"}], "usage": None},
                {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
            ],
            [("thinking", "Hm"), ("text", "Hello")],
            id="comments, roles, nulls, no end mark",
        ),
        pytest.param(
            [
                chunk(reasoning_details=[{"type": "reasoning.text", "text": "Hm"}]),
                chunk(
                    reasoning_details=[
                        {"type": "reasoning.summary", "summary": " so"},
                        {"type": "reasoning.encrypted", "data": "eA=="},
                    ]
                ),
                chunk("stop", content="Hello"),
            ],
            [("thinking", "Hm so"), ("text", "Hello")],
            id="reasoning_details alone",
        ),
        pytest.param(
            [
                chunk(reasoning="Hm", reasoning_details=[{"type": "reasoning.text", "text": "Hm"}]),
                chunk("stop", content="Hello"),
            ],
            [("thinking", "Hm"), ("text", "Hello")],
            id="reasoning in two spellings",
        ),
        pytest.param(
            [
                chunk(tool_calls=[{"function": {"name": "x", "arguments": ""}}]),
                chunk(tool_calls=[{"function": {"name": "", "arguments": '{"n"'}}]),
                chunk(tool_calls=[{"id": None, "function": {"name": None, "arguments": ":1}"}}]),
                chunk("stop"),
            ],
            [("tool_use", {"n": 1})],
            id="a call without index and id",
        ),
    ],
)
def test_chunks_of_odd_servers_are_read(chunks: list[Any], expected: list[tuple[str, Any]]) -> None:
    assert blocks("openai", sse(*chunks, "[DONE]")) == expected
    crlf = [event(each, newline="\r\n") if isinstance(each, dict) else each for each in chunks]
    assert blocks("openai", cut(sse(*crlf), 3)) == expected


def test_an_error_after_text_keeps_what_was_held_back() -> None:
    from tests.models.calling import play

    outcome, _ = play(sse(chunk(content="a <thi"), {"error": {"message": "overloaded"}}))
    assert outcome.content == [TextDelta("a <thi")]
    assert "overloaded" in str(outcome.error)
