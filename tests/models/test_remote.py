"""The transport against real servers: bytes cut anywhere, what is sent, tries."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import anyio
import pytest

from qwen_dual.core.models.model import (
    TextDelta,
    ThinkingDelta,
    ThoughtSoFar,
    TokenUsage,
)
from qwen_dual.models.connect import connect
from tests.models.calling import (
    HELLO,
    USAGE,
    WHOLE,
    WHOLE_DELTAS,
    chunk,
    play,
)
from tests.models.conversations import KEY, configured
from tests.models.server import Reply, cut, event, gzipped, reply, serve, sse

# --- bytes

CRLF = "\r\n"
WILD = Reply(
    [
        "\ufeff: hello\r\n\r\n".encode(),
        event(chunk(reasoning_content="考える "), newline=CRLF),
        b": keep-alive\n\n",
        event(chunk(content="naïve 🦊 ")),
        b'data: {"choices": [{"index": 0,\ndata: "delta": {"content": "two lines"}}]}\n\n',
        b"event: ping\nid: 3\nretry: 10\n\n",
        event(chunk("stop"), newline=CRLF),
        event(USAGE),
        b"data: [DONE]",  # without the blank line
    ],
    200,
    {"Content-Type": "text/event-stream"},
)
WILD_DELTAS = [
    ThinkingDelta("考える "),
    TextDelta("naïve 🦊 "),
    TextDelta("two lines"),
    TokenUsage(7, 2),
]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 100, 10_000])
def test_an_answer_is_the_same_wherever_its_bytes_are_cut(size: int) -> None:
    outcome, _ = play(cut(WILD, size))
    assert outcome.error is None
    assert outcome.deltas == WILD_DELTAS


def test_a_compressed_answer_is_read() -> None:
    outcome, server = play(cut(gzipped(WILD), 7))
    assert outcome.deltas == WILD_DELTAS
    assert "gzip" in server.requests[0].headers["accept-encoding"]


def test_carriage_returns_alone_end_lines_too() -> None:
    body = event(chunk(content="hi"), newline="\r") + event(chunk("stop"), newline="\r")
    outcome, _ = play(cut(sse(body, "[DONE]"), 1))
    assert outcome.content == [TextDelta("hi")]


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    outcome, _ = play(replace(WHOLE, chunked=False))
    assert outcome.deltas == WHOLE_DELTAS


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/json"])
def test_a_stream_is_read_whatever_its_content_type_says(kind: str) -> None:
    outcome, _ = play(replace(WHOLE, headers={"Content-Type": kind}))
    assert outcome.deltas == WHOLE_DELTAS


# --- what is sent


def test_a_person_has_the_last_word_on_body_and_headers() -> None:
    outcome, server = play(
        WHOLE,
        sampling={"temperature": 0.5},
        extra_body={"temperature": 0.7, "seed": 3},
        headers={"X-Team": "blue", "user-agent": "mine"},
    )
    assert outcome.error is None
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/chat/completions")
    assert request.json["temperature"] == 0.7
    assert request.json["seed"] == 3
    assert request.headers["x-team"] == "blue"
    assert request.headers["user-agent"] == "mine"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "text/event-stream"


def test_a_connection_is_used_again() -> None:
    async def main() -> None:
        async with serve(WHOLE, WHOLE) as server:
            model = connect(configured("openai", base_url=server.url), {})
            for _ in range(2):
                assert [delta async for delta in model.stream(HELLO)] == WHOLE_DELTAS
            assert server.connections == 1
            await model.aclose()

    anyio.run(main)


def test_connecting_imports_no_http_client() -> None:
    code = (
        "import sys\n"
        "from qwen_dual.settings.model_config import ModelConfig\n"
        "from qwen_dual.models.connect import connect\n"
        "for protocol in ('openai', 'anthropic', 'gemini'):\n"
        "    connect(ModelConfig('m', protocol, 'https://models.example'), {})\n"
        "sys.exit(any(name in sys.modules for name in ('httpx', 'httpcore')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_model_knows_its_name_and_its_window() -> None:
    assert connect(configured("openai", "qwen3-coder-plus"), {}).context_window == 1_000_000
    assert connect(configured("openai", "of-our-own"), {}).context_window == 131_072
    model = connect(configured("openai", "qwen3-coder-plus", context_window=5000), {})
    assert (model.name, model.context_window) == ("qwen3-coder-plus", 5000)


# --- tries


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    outcome, server = play(reply({"error": {"message": "later"}}, status=status), WHOLE)
    assert outcome.content == WHOLE_DELTAS
    (wait,) = outcome.waits
    assert (wait.seconds, wait.attempt, wait.attempts) == (1.5, 2, 7)
    assert str(status) in wait.reason
    assert "later" in wait.reason
    assert len(server.requests) == 2


def test_seven_tries_with_doubled_waits_are_all() -> None:
    outcome, server = play(*[reply("busy", status=503)] * 8)
    assert outcome.slept == [1.5, 3.0, 6.0, 12.0, 24.0, 30.0]
    assert [wait.attempt for wait in outcome.waits] == [2, 3, 4, 5, 6, 7]
    assert len(server.requests) == 7
    error = outcome.failed("overloaded")
    assert error.status == 503
    assert "busy" in error.message
    assert "7 tries" in error.message


def test_jitter_only_shortens_a_wait() -> None:
    outcome, _ = play(*[reply(status=500)] * 3, chance=1.0, max_retries=2)
    assert outcome.slept == [1.125, 2.25]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "20"}, 20),
        ({"Retry-After": "0"}, 0),
        ({"retry-after-ms": "2500", "Retry-After": "9"}, 2.5),
        ({"Retry-After": "soon"}, 1.5),
    ],
)
def test_a_wait_is_as_long_as_the_service_asks(headers: dict[str, str], seconds: float) -> None:
    outcome, _ = play(reply(status=429, headers=headers), WHOLE)
    assert outcome.slept == [seconds]
    assert outcome.content == WHOLE_DELTAS


def test_a_service_may_ask_for_a_wait_until_a_date() -> None:
    until = formatdate(time.time() + 60, usegmt=True)
    outcome, _ = play(reply(status=503, headers={"Retry-After": until}), WHOLE)
    assert 50 < outcome.slept[0] <= 60


def test_a_service_may_ask_for_a_wait_in_the_body() -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "35.5s"}
    body = {"error": {"code": 429, "message": "quota exceeded", "details": [detail]}}
    outcome, _ = play(reply(body, status=429), WHOLE)
    assert outcome.slept == [35.5]


@pytest.mark.parametrize(
    ("seconds", "told"), [("10800", "in 3 hours, at "), ("999999999999", "in 366 days, on 20")]
)
def test_a_wait_of_hours_is_told_at_once(seconds: str, told: str) -> None:
    outcome, server = play(reply(status=429, headers={"Retry-After": seconds}))
    error = outcome.failed("rate_limit")
    assert told in error.message
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422])
def test_a_lasting_failure_is_not_tried_again(status: int) -> None:
    outcome, server = play(reply({"error": {"message": "no"}}, status=status))
    assert outcome.error is not None
    assert outcome.error.status == status
    assert len(server.requests) == 1


def test_a_service_may_say_that_another_try_is_of_no_use() -> None:
    outcome, server = play(reply(status=429, headers={"x-should-retry": "false"}))
    outcome.failed("rate_limit")
    assert len(server.requests) == 1


def test_a_connection_that_breaks_before_content_is_tried_again() -> None:
    raw_reset = Reply(status=0, end="reset")
    half_head = Reply([b"HTTP/1.1 200 OK\r\nContent-"], status=0, end="close")
    no_content = sse(b": wait\n\n", end="reset")
    outcome, server = play(raw_reset, half_head, no_content, sse(end="close"), WHOLE)
    assert outcome.content == WHOLE_DELTAS
    assert len(server.requests) == 5


@pytest.mark.parametrize("end", ["reset", "close", "keep"])
def test_an_answer_that_breaks_off_is_kept_and_not_tried_again(end: Any) -> None:
    outcome, server = play(sse(chunk(content="half"), end=end), WHOLE)
    assert outcome.deltas == [TextDelta("half")]
    assert outcome.failed("broken").remedy == "retry"
    assert len(server.requests) == 1


def test_an_answer_cut_in_the_middle_of_a_piece_is_broken() -> None:
    outcome, _ = play(sse(chunk(content="half"), b'data: {"choi'))
    outcome.failed("broken")


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_connection_that_breaks_after_a_whole_answer_does_no_harm(end: Any) -> None:
    outcome, server = play(sse(chunk(content="hi"), chunk("stop"), end=end))
    assert outcome.deltas == [TextDelta("hi")]
    assert outcome.error is None
    assert len(server.requests) == 1


def test_pieces_that_cannot_be_read_are_tried_again_before_content_only() -> None:
    outcome, server = play(
        sse("{oops"), sse("[1]"), sse(chunk(content="a"), '{"b', WHOLE.pieces[0])
    )
    assert outcome.content == [TextDelta("a")]
    assert '{"b' in outcome.failed("malformed").message
    assert len(server.requests) == 3


def test_a_failure_in_the_stream_is_tried_again_before_content_only() -> None:
    failure = {"error": {"message": f"busy with {KEY}", "type": "overloaded_error"}}
    outcome, server = play(sse(failure), sse(chunk(content="a"), failure), WHOLE)
    assert KEY not in outcome.waits[0].reason
    assert outcome.content == [TextDelta("a")]
    assert "busy with" in outcome.failed("overloaded").message
    assert len(server.requests) == 2


# --- answers that are no streams


def test_a_page_instead_of_an_answer_is_named() -> None:
    page = "<!doctype html><style>p {}</style><title>Hotel WiFi</title><p>Please log in"
    outcome, server = play(reply(page, headers={"Content-Type": "text/html; charset=utf-8"}))
    message = outcome.failed("malformed").message
    assert "text/html" in message
    assert "Hotel WiFi Please log in" in message
    assert len(server.requests) == 1


def test_a_whole_completion_instead_of_a_stream_is_the_answer() -> None:
    outcome, _ = play(reply({"id": "c1", "choices": [{"message": {"content": "hi"}}]}))
    assert (outcome.deltas, outcome.error) == ([TextDelta("hi")], None)


def test_an_object_that_is_no_answer_is_named() -> None:
    outcome, _ = play(reply({"id": "c1", "data": "nothing of the kind"}))
    message = outcome.failed("malformed").message
    assert "application/json" in message
    assert '{"id":"c1"' in message


def test_an_error_with_a_good_status_is_told_as_what_it_is() -> None:
    body = {"error": {"code": 404, "message": "No endpoints found for x"}}
    outcome, _ = play(reply(body))
    assert "No endpoints found" in outcome.failed("unknown_model").message


def test_an_empty_answer_with_a_good_status_is_malformed() -> None:
    outcome, server = play(reply(b""), WHOLE)
    assert "nothing" in outcome.waits[0].reason
    assert outcome.content == WHOLE_DELTAS
    assert len(server.requests) == 2


def test_a_redirect_names_the_address_to_set() -> None:
    there = "https://models.example/v2"
    outcome, _ = play(reply(status=308, headers={"Location": there}))
    assert there in outcome.failed("invalid_request").message


def test_a_model_that_leaves_out_the_opening_tag_is_known_from_the_second_answer_on() -> None:
    async def main() -> None:
        answer = sse(chunk(content="Hm."), chunk(content="</think>"), chunk("stop", content="Yes"))
        async with serve(answer, answer) as server:
            model = connect(configured("openai", base_url=server.url), {})
            first = [delta async for delta in model.stream(HELLO)]
            second = [delta async for delta in model.stream(HELLO)]
            await model.aclose()
        assert first == [TextDelta("Hm."), ThoughtSoFar(), TextDelta("Yes")]
        assert second == [ThinkingDelta("Hm."), TextDelta("Yes")]

    anyio.run(main)
