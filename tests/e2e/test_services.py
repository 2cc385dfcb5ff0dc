"""The program against services: errors a person meets, and keys that nobody sees."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.streams.tls import TLSStream

from tests.models.server import event, reply, serve
from tests.support.services import (
    KEY,
    ONCE_AGAIN,
    SHORT_SILENCE,
    answer,
    calling,
    hosted,
    openai,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.models.server import Reply, Server
    from tests.support.services import Hosted

STREAM = {"Content-Type": "text/event-stream"}
HALF = event({"choices": [{"index": 0, "delta": {"content": "half an answer"}}]})


def refused(status: int, message: str, code: str = "", **headers: str) -> Reply:
    body = {"error": {"message": message, "type": "error", "code": code}}
    return reply(body, status=status, headers=headers)


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong, and what must be said of it."""

    name: str
    replies: Sequence[Reply]
    kind: str
    says: str
    helps: str = ""


CASES = [
    Case("wrong key", [refused(401, f"bad key {KEY}")], "auth", "OPENAI_API_KEY"),
    Case("unknown model", [refused(404, "no such model", "model_not_found")], "unknown_model",
         "base URL", "/model"),
    Case("quota", [refused(429, "quota", "insufficient_quota")], "rate_limit", "billing"),
    Case("rate limit", [refused(429, "slow", **{"Retry-After": "0"})] * 2, "rate_limit", "slow"),
    Case("overloaded", [refused(529, "busy", **{"Retry-After": "0"})] * 2, "overloaded", "busy"),
    Case("bad request", [refused(400, "temperature is no number")], "invalid_request", "temperature"),
    Case("filtered", [answer("some", finish="content_filter")], "content_filter", "withheld"),
    Case("empty", [answer()], "empty", "empty answer"),
    Case("broken", [reply([HALF], headers=STREAM, end="reset")], "broken",
         "broke off", "Ctrl+Y"),
    Case("stalled", [reply([HALF], headers=STREAM, end="hold")], "stalled",
         "stalled", "Ctrl+Y"),
    Case("malformed", [reply([HALF, b"data: {oops\n\n"], headers=STREAM)], "malformed", "no JSON"),
    Case("no stream", [reply("<html>log in</html>", headers={"Content-Type": "text/html"})],
         "malformed", "html"),
]  # fmt: skip


def test_an_error_is_on_screen_in_an_event_and_in_the_result_and_the_next_prompt_works(
    tmp_path: Path,
) -> None:
    replies = [reply for case in CASES for reply in (*case.replies, answer("all is well"))]

    async def go_wrong(program: Hosted, server: Server, case: Case, number: int) -> None:
        texts = (case.says, case.helps or case.says, "half an answer", "ctrl+y retries")
        said, helped, halves, hints = map(program.count, texts)
        result = (await program.session.run(f"{case.name}, go", timeout=30)).raw
        assert (result["is_error"], result["stop_reason"]) == (True, "error"), case.name
        assert result["error"]["kind"] == case.kind
        assert case.says in result["error"]["message"]
        assert "Ctrl+" not in result["error"]["message"]
        assert "[API Error: " in result["result"]
        await program.until(case.says, said + 1)
        await program.until(case.helps or case.says, helped + 1)
        if case.kind in ("broken", "stalled"):
            assert result["result"].startswith("half an answer")
            await program.until("half an answer", halves + 1)
        await program.until("ctrl+y retries", hints + 1)
        await program.session.write(b"\x19")
        await program.until("all is well", number)
        await program.event(lambda event: event.get("result") == "all is well", number)
        sent = [
            item for item in server.requests[-1].json["messages"] if item["role"] == "assistant"
        ]
        assert [item["content"] for item in sent] == ["all is well"] * (number - 1), case.name

    async def main() -> None:
        settings(tmp_path, {"model": {"generationConfig": {**ONCE_AGAIN, **SHORT_SILENCE}}})
        async with (
            serve(*replies) as server,
            hosted(tmp_path, env=openai(server.url)) as program,
        ):
            for number, case in enumerate(CASES, start=1):
                await go_wrong(program, server, case, number)

    anyio.run(main)


def test_a_service_that_cannot_be_reached_is_named_and_so_is_a_key_that_is_missing(
    tmp_path: Path,
) -> None:
    cases = [
        ("refuses", "http://127.0.0.1:9/v1", "network", "127.0.0.1:9"),
        ("unknown", "http://no-such-host.invalid/v1", "dns", "no-such-host.invalid"),
        ("behind", "http://example.invalid/v1", "proxy", "The proxy http://127.0.0.1:9"),
        ("keyless", "https://models.example.org/v1", "no_key", "MY_SERVICE_KEY"),
    ]
    once = {"generationConfig": {"maxRetries": 0}}
    entries = [
        {
            "id": name,
            "baseUrl": url,
            "envKey": "MY_SERVICE_KEY" if kind == "no_key" else "K",
            **once,
        }
        for name, url, kind, _ in cases
    ]
    values = {"modelProviders": {"openai": entries}, "env": {"K": KEY}}
    proxies = {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,no-such-host.invalid"}

    async def main() -> None:
        settings(tmp_path, values)
        async with hosted(tmp_path, "-m", "refuses", env=proxies) as program:
            for name, _, kind, says in cases:
                assert not (await program.session.run(f"/model {name}", timeout=30)).is_error
                error = (await program.session.run("go", timeout=30)).raw["error"]
                assert error["kind"] == kind, name
                assert says in error["message"]
                await program.until(says)

    anyio.run(main)


def test_the_wait_before_a_retry_counts_down_and_esc_ends_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            serve(refused(429, "slow down", **{"Retry-After": "60"}), answer("later")) as server,
            hosted(tmp_path, env=openai(server.url)) as program,
        ):
            turn = await program.session.submit("go")
            told = await program.system("model_retry")
            assert told["attempt"] == 2
            assert 60_000 <= told["delay_ms"] <= 70_000  # with its jitter
            await program.until("retrying in")
            await program.session.write(b"\x1b")
            assert (await turn.result(10)).raw["stop_reason"] == "interrupted"
            assert (await program.session.run("again", timeout=30)).raw["result"] == "later"

    anyio.run(main)


def test_arguments_that_are_no_json_go_back_to_the_model(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            serve(calling("read_file", '{"file_path": '), answer("I see")) as server,
            hosted(tmp_path, env=openai(server.url)) as program,
        ):
            assert (await program.session.run("go", timeout=30)).raw["result"] == "I see"
            last = server.requests[-1].json["messages"][-1]
            assert (last["role"], last["tool_call_id"]) == ("tool", "call_1")
            assert "JSON" in last["content"]

    anyio.run(main)


def test_a_conversation_that_the_service_finds_too_long_is_summarised_and_goes_on(
    tmp_path: Path,
) -> None:
    long = "word " * 4000
    too_long = refused(400, "maximum context length is 100 tokens", "context_length_exceeded")

    async def main() -> None:
        async with (
            serve(
                answer(long), answer(long), too_long, answer("the summary"), answer("done")
            ) as server,
            hosted(tmp_path, env=openai(server.url)) as program,
        ):
            await program.session.run("one", timeout=30)
            await program.session.run("two", timeout=30)
            assert (await program.session.run("three", timeout=30)).raw["result"] == "done"
            assert (await program.system("compact_boundary"))["summary"] == "the summary"
            await program.until("conversation compacted")

    anyio.run(main)


def test_an_answer_that_stops_at_its_limit_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            serve(answer("once upon", finish="length")) as server,
            hosted(tmp_path, env=openai(server.url)) as program,
        ):
            assert (await program.session.run("go", timeout=30)).raw["stop_reason"] == "max_tokens"
            await program.until("limit of output tokens")

    anyio.run(main)


def test_protocols_are_switched_in_the_middle_of_a_session_with_calls_in_it(tmp_path: Path) -> None:
    named = b'event: message_start\ndata: {"type":"message_start","message":{"usage":{}}}\n\n'
    block = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": ""},
    }
    delta = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "switched"},
    }
    claude = reply(
        [
            named,
            event(block, "content_block_start"),
            event(delta, "content_block_delta"),
            event({"type": "content_block_stop", "index": 0}, "content_block_stop"),
            event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, "message_delta"),
            event({"type": "message_stop"}, "message_stop"),
        ],
        headers=STREAM,
    )  # fmt: skip

    async def main() -> None:
        async with serve(
            calling("list_directory", {"path": "."}), answer("listed"), claude
        ) as server:
            values = {
                "modelProviders": {
                    "openai": [{"id": "first", "baseUrl": f"{server.url}/v1", "envKey": "K1"}],
                    "anthropic": [{"id": "second", "baseUrl": server.url, "envKey": "K2"}],
                },
                "env": {"K1": KEY, "K2": KEY},
            }
            settings(tmp_path, values)
            async with hosted(tmp_path, "-m", "first") as program:
                assert program.session.greeting.data["model"] == "first"
                assert (await program.session.run("go", timeout=30)).raw["result"] == "listed"
                await program.session.run("/model second", timeout=30)
                assert (await program.session.run("on", timeout=30)).raw["result"] == "switched"
            asked = server.requests[-1]
            assert asked.target == "/v1/messages"
            kinds = [
                block["type"] for message in asked.json["messages"] for block in message["content"]
            ]
            assert kinds == ["text", "tool_use", "tool_result", "text", "text"]

    anyio.run(main)


@pytest.mark.parametrize("where", ["environment", "settings", "flag"])
def test_a_key_is_seen_nowhere(where: str, tmp_path: Path) -> None:
    """The service repeats it in an error, and the model has it printed by a tool."""
    show = 'echo "$OPENAI_API_KEY"; cat ~/.qwen/settings.json'
    replies = [
        refused(401, f"Incorrect API key provided: {KEY}"),
        calling("run_shell_command", {"command": show}),
        answer("printed"),
    ]

    async def main() -> None:
        async with serve(*replies) as server:
            env = openai(server.url)
            flags: tuple[str, ...] = ("--yolo", "--debug")
            values = {
                "model": {"generationConfig": ONCE_AGAIN},
                "security": {"auth": {"selectedType": "openai"}},
            }
            if where == "settings":
                values["env"] = {"OPENAI_API_KEY": env.pop("OPENAI_API_KEY")}
            elif where == "flag":
                flags += ("--openai-api-key", env.pop("OPENAI_API_KEY"))
            settings(tmp_path, values)
            async with hosted(tmp_path, *flags, env=env) as program:
                run = program.session.run
                assert (await run("go", timeout=30)).raw["error"]["kind"] == "auth"
                assert (await run("go on", timeout=30)).raw["result"] == "printed"
                for command in ("/bug", "/export md", "/export html", "/stats", "/channels"):
                    assert not (await run(command, timeout=30)).raw["is_error"], command
            seen = program.painted.decode("utf-8", "replace") + json.dumps(program.events)
            assert ("[--openai-api-key]" if where == "flag" else "[OPENAI_API_KEY]") in seen
            assert KEY not in seen
            assert KEY not in json.dumps([item.json["messages"] for item in server.requests])
            assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
            for folder, _, names in os.walk(tmp_path):
                for name in names:
                    path = os.path.join(folder, name)
                    if not path.endswith("settings.json"):
                        with open(path, encoding="utf-8", errors="replace") as file:
                            assert KEY not in file.read(), path

    anyio.run(main)


def test_a_certificate_that_cannot_be_checked_is_named(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj"]
    files = ["/CN=localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def refuse(stream: anyio.abc.SocketStream) -> None:
        try:
            await TLSStream.wrap(stream, server_side=True, ssl_context=context)
        except (anyio.BrokenResourceError, anyio.EndOfStream, ssl.SSLError):
            pass
        finally:
            await anyio.aclose_forcefully(stream)

    async def main() -> None:
        settings(tmp_path, {"model": {"generationConfig": {"maxRetries": 0}}})
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with listener, anyio.create_task_group() as group:
            group.start_soon(listener.serve, refuse)
            async with hosted(tmp_path, env=openai(f"https://127.0.0.1:{port}")) as program:
                error = (await program.session.run("go", timeout=30)).raw["error"]
                assert error["kind"] == "tls"
                assert f"127.0.0.1:{port}" in error["message"]
                await program.until("certificate")
            group.cancel_scope.cancel()

    anyio.run(main)
