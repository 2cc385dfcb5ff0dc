"""Whole answers of the two protocols with named or plain events, over real HTTP and cut anywhere."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.models.model import (
    ModelError,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models.connect import connect
from tests.models.conversations import KEY, asked, blocks_of, configured, said
from tests.models.server import cut, event, gzipped, reply, serve, sse

if TYPE_CHECKING:
    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.settings.model_config import ModelProtocol
    from tests.models.server import Received, Reply

ANTHROPIC: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"usage": {"input_tokens": 7, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "Grüße, 世界"},
    },
    {"type": "content_block_stop", "index": 0},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "id": "a", "name": "read_file", "input": {}},
    },
    {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "input_json_delta", "partial_json": '{"path":"é"}'},
    },
    {"type": "content_block_stop", "index": 1},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use"},
        "usage": {"output_tokens": 9},
    },
    {"type": "message_stop"},
]

GEMINI: list[dict[str, Any]] = [
    {"candidates": [{"content": {"parts": [{"text": "Grüße, 世界"}]}}]},
    {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"functionCall": {"id": "a", "name": "read_file", "args": {"path": "é"}}}
                    ]
                },
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 9},
    },
]

EXPECTED = [
    TextDelta("Grüße, 世界"),
    ToolCallStart("a", "read_file"),
    ToolCallArguments('{"path":"é"}'),
    TokenUsage(7, 9, 0),
]


def stream(protocol: ModelProtocol, newline: str = "\n") -> Reply:
    if protocol == "anthropic":
        return sse(*(event(each, each["type"], newline) for each in ANTHROPIC))
    return sse(b": keep-alive\n\n", *(event(each, newline=newline) for each in GEMINI))


def asked_over_http(protocol: ModelProtocol, answer: Reply) -> tuple[list[ModelDelta], Received]:
    """What ``answer`` becomes, without the counts but the last; and the request."""

    async def main() -> tuple[list[ModelDelta], Received, ModelError | None]:
        deltas: list[ModelDelta] = []
        failure = None
        async with serve(answer) as server:
            model = connect(configured(protocol, base_url=server.url, max_retries=0), {})
            try:
                async with aclosing(model.stream(asked(("user", [said("hello")])))) as coming:
                    deltas += [delta async for delta in coming]
            except ModelError as error:  # outside of the server's task group it is no group
                failure = error
            finally:
                await model.aclose()
        return deltas, server.requests[0], failure

    deltas, request, failure = anyio.run(main)
    if failure is not None:
        raise failure
    counts = [delta for delta in deltas if isinstance(delta, TokenUsage)]
    others = [delta for delta in deltas if not isinstance(delta, TokenUsage)]
    return [*others, *counts[-1:]], request


BOTH = pytest.mark.parametrize("protocol", ["anthropic", "gemini"])


@BOTH
@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_answer_is_the_same_however_its_bytes_are_cut(
    protocol: ModelProtocol, size: int, newline: str
) -> None:
    deltas, _ = asked_over_http(protocol, cut(stream(protocol, newline), size))

    assert deltas == EXPECTED


@BOTH
def test_an_answer_may_be_compressed(protocol: ModelProtocol) -> None:
    deltas, _ = asked_over_http(protocol, gzipped(stream(protocol)))

    assert deltas == EXPECTED


@pytest.mark.parametrize(
    ("protocol", "target", "header"),
    [
        ("anthropic", "/v1/messages", "x-api-key"),
        (
            "gemini",
            "/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse",
            "x-goog-api-key",
        ),
    ],
)
def test_a_request_reaches_the_endpoint_with_the_key_in_a_header_only(
    protocol: ModelProtocol, target: str, header: str
) -> None:
    _, request = asked_over_http(protocol, stream(protocol))

    assert (request.method, request.target) == ("POST", target)
    assert request.headers[header] == KEY
    assert KEY not in request.target and KEY.encode() not in request.body


@BOTH
def test_a_stream_that_breaks_off_is_an_error(protocol: ModelProtocol) -> None:
    whole = stream(protocol)
    half = sse(*whole.pieces[: -1 if protocol == "gemini" else -2], end="reset")

    with pytest.raises(ModelError) as caught:
        asked_over_http(protocol, half)

    assert caught.value.kind in ("broken", "network")


@pytest.mark.parametrize(
    ("protocol", "status", "error", "kind"),
    [
        (
            "anthropic",
            401,
            {"type": "error", "error": {"type": "authentication_error", "message": "invalid"}},
            "auth",
        ),
        (
            "anthropic",
            400,
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"},
            },
            "context_length",
        ),
        (
            "gemini",
            400,
            {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}},
            "auth",
        ),
        (
            "gemini",
            404,
            {"error": {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}},
            "unknown_model",
        ),
    ],
)
def test_a_refused_request_is_told_for_what_it_is(
    protocol: ModelProtocol, status: int, error: dict[str, Any], kind: str
) -> None:
    with pytest.raises(ModelError) as caught:
        asked_over_http(protocol, reply(error, status=status))

    assert (caught.value.kind, caught.value.status) == (kind, status)


def test_signed_thinking_survives_the_way_through_the_session() -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    start = {"type": "content_block_start", "index": 0, "content_block": thinking}
    events = [ANTHROPIC[0], start, *ANTHROPIC[1:]]

    deltas, _ = asked_over_http("anthropic", sse(*events))

    assert ThinkingDelta("Hm.") in deltas
    assert blocks_of(deltas)[0]["signature"].endswith(" thinking 3 c2ln\n")
