"""What a person is told of a failed call: what happened, with which value, what to do, and no key."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.models.endpoint import is_local
from qwen_dual.models.failures import Failures
from qwen_dual.models.service_errors import retry_after
from qwen_dual.models.windows import context_window
from qwen_dual.net.proxies import Proxy, without_credentials
from qwen_dual.protocol.codec import encode
from qwen_dual.settings.model_config import DEFAULT_CONTEXT_WINDOW, Generation, ModelConfig

if TYPE_CHECKING:
    from qwen_dual.models.failures import CallFailed
    from qwen_dual.protocol.failures import ErrorKind

KEY = "sk-planted-secret"
CONFIG = ModelConfig(
    "qwen3-coder-plus",
    "openai",
    "https://models.example/v1",
    api_key=KEY,
    key_source="DASHSCOPE_API_KEY",
    generation=Generation(headers={"X-Token": "Bearer planted-too"}),
)
FAILURES = Failures(CONFIG)
BEHIND_PROXY = Failures(CONFIG, Proxy("http://me:hunter2@proxy.example:3128", "HTTPS_PROXY"))


def status(code: int, body: Any = b"", **headers: str) -> CallFailed:
    raw = body if isinstance(body, bytes) else encode(body)
    return FAILURES.of_status(code, headers, raw)


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


@pytest.mark.parametrize(
    ("code", "body", "kind", "names"),
    [
        (
            401,
            error("Bad key."),
            "auth",
            ["DASHSCOPE_API_KEY", "models.example", "Bad key", "connect"],
        ),
        (403, error("No access"), "auth", ["DASHSCOPE_API_KEY", "No access"]),
        (
            404,
            error("gone"),
            "unknown_model",
            ["qwen3-coder-plus", "change_model", "https://models.example/v1"],
        ),
        (404, b"404 page not found", "unknown_model", ["qwen3-coder-plus: page not found"]),
        (
            400,
            error("The model `x` does not exist", code="model_not_found"),
            "unknown_model",
            ["change_model"],
        ),
        (400, error("x is not a valid model ID"), "unknown_model", ["change_model"]),
        (400, error("API key not valid. Please pass a valid API key."), "auth", ["connect"]),
        (400, error("temperature: too hot"), "invalid_request", ["temperature: too hot"]),
        (
            422,
            {"detail": [{"loc": ["body", "n"], "msg": "wrong"}]},
            "invalid_request",
            ["body.n: wrong"],
        ),
        (400, {"message": "plainly wrong"}, "invalid_request", ["plainly wrong"]),
        (400, {"error": "a text only"}, "invalid_request", ["a text only"]),
        (400, [error("in a list", status="INVALID_ARGUMENT")], "invalid_request", ["in a list"]),
        (408, b"", "timeout", ["models.example"]),
        (409, b"", "server", ["models.example"]),
        (429, error("slow down"), "rate_limit", ["qwen3-coder-plus", "slow down"]),
        (500, b"", "server", ["models.example"]),
        (502, b"<html><h1>Bad gateway</h1></html>", "server", ["Bad gateway"]),
        (
            502,
            b"<title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>nginx",
            "server",
            ["models.example failed: Bad Gateway nginx."],
        ),
        (503, error("busy"), "overloaded", ["busy", "Try again later", "change_model"]),
        (529, error("Overloaded"), "overloaded", ["Overloaded"]),
        (413, b"", "context_length", ["compress"]),
        (400, error("no", code="data_inspection_failed"), "content_filter", ["rephrase"]),
        (400, error("no", code="content_filter"), "content_filter", ["rephrase"]),
    ],
)
def test_a_status_is_told_with_what_to_do(
    code: int, body: Any, kind: ErrorKind, names: list[str]
) -> None:
    failed = status(code, body)
    assert failed.error.kind == kind
    assert failed.error.status == code
    assert failed.reason.startswith(str(code))
    told = f"{failed.error.message} ({failed.error.remedy})"
    for name in names:
        assert name in told


@pytest.mark.parametrize("mark", ["<title>" + " " * 65_000, "<title" * 10_000, "<script " * 8_000])
def test_a_page_of_marks_without_an_end_is_gone_through_once(mark: str) -> None:
    began = time.thread_time()
    assert status(502, mark.encode()).error.kind == "server"
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "You passed 1015 input tokens. However, the model's context length is only 1024 tokens",
        "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "the request exceeds the available context size, try increasing it",
        "Your request exceeded model token limit: 131072",
        "This endpoint's maximum prompt length is 131072 but the request contains 140000 tokens",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "The prompt is too long; it exceeds the maximum context length",
    ],
)
def test_a_conversation_that_is_too_long_is_told_from_other_mistakes(words: str) -> None:
    failed = status(400, error(words))
    assert failed.error.kind == "context_length"
    assert not failed.retry
    assert failed.error.remedy == "compress"


def test_a_code_is_enough_for_a_conversation_that_is_too_long() -> None:
    failed = status(400, error("No.", code="context_length_exceeded"))
    assert failed.error.kind == "context_length"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (429, error("You exceeded your current quota", code="insufficient_quota")),
        (402, error("Insufficient Balance")),
        (400, error("Your credit balance is too low to access the API")),
        (403, error("The free tier is used up", code="AllocationQuota.FreeTierOnly")),
        (402, b""),
    ],
)
def test_a_quota_that_is_used_up_is_not_waited_for(code: int, body: Any) -> None:
    failed = status(code, body)
    assert not failed.retry
    assert failed.error.kind == "rate_limit"
    assert "quota or the balance at models.example is used up" in failed.error.message
    assert "billing" in failed.error.message


def test_no_key_and_no_password_is_ever_told() -> None:
    words = f"{KEY} planted-too sk-pl*****cret http://me:hunter2@there.example"
    told = str(status(400, error(words)).error) + status(500, error(words)).reason
    assert "[DASHSCOPE_API_KEY]" in told
    for secret in (KEY, "planted-too", "sk-pl", "cret "):
        assert secret not in told
    told = str(BEHIND_PROXY.of_status(407, {}, b"").error)
    assert "http://proxy.example:3128" in told
    assert "hunter2" not in told


def test_what_a_service_says_is_shortened_and_kept_on_one_line() -> None:
    message = status(500, error("one\n\ttwo\x1b[2J " + "x" * 1000)).error.message
    assert "one two" in message
    assert "\x1b" not in message
    assert "\n" not in message
    assert len(message) < 500


def test_the_service_behind_a_broker_is_heard() -> None:
    body = error("Provider returned error", metadata={"raw": "it is snowing"})
    assert "it is snowing" in status(502, body).error.message


def test_where_a_key_belongs_is_told_without_a_name_for_it() -> None:
    config = ModelConfig("m", "gemini", "https://models.example")
    assert "set one in the settings" in Failures(config).no_key().message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "-7"}, 0.0),
        ({"retry-after": "999999999999"}, 366 * 86_400.0),
        ({"retry-after": "9" * 5000}, 366 * 86_400.0),
        ({"retry-after-ms": "9" * 5000}, 366 * 86_400.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 366 * 86_400.0),
        ({"retry-after-ms": "150"}, 0.15),
        ({"retry-after-ms": "x", "retry-after": "7"}, 7.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "tomorrow"}, None),
    ],
)
def test_how_long_to_wait_is_read_from_the_headers(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, now=10.0) == seconds


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "a.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "10.1.2.3",
        "172.20.0.1",
        "192.168.0.7",
        "169.254.1.1",
        "fe80::1",
        "fd00::1",
        "nas.local",
        "ollama",
    ],
)
def test_hosts_nearby_are_local(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host",
    ["api.openai.com", "8.8.8.8", "172.32.0.1", "2606:4700::1", "local.example", "localhost.x.io"],
)
def test_hosts_elsewhere_are_not_local(host: str) -> None:
    assert not is_local(host)


def test_an_address_is_shown_without_its_credentials() -> None:
    assert without_credentials("http://me:pass@host:1/a@b") == "http://host:1/a@b"
    assert without_credentials("http://host/a@b") == "http://host/a@b"


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("qwen3-coder-plus", 1_000_000),
        ("qwen/qwen3-coder:free", 262_144),
        ("Qwen/Qwen3-Coder-480B-A35B-Instruct", 262_144),
        ("qwen3.5-plus", 1_000_000),
        ("gpt-5-mini", 272_000),
        ("gpt-4o", 128_000),
        ("gpt-4", 8_192),
        ("o3", 200_000),
        ("claude-sonnet-4-5", 200_000),
        ("anthropic/claude-opus-4.7", 1_000_000),
        ("models/gemini-2.5-pro", 1_048_576),
        ("deepseek-chat", 131_072),
        ("glm-4.7", 202_752),
        ("olmo-2", DEFAULT_CONTEXT_WINDOW),
    ],
)
def test_the_window_of_a_well_known_model_is_known(model: str, tokens: int) -> None:
    assert context_window(model) == tokens
