"""Time limits, leaving, keys, proxies and networks: the transport against real servers."""

from __future__ import annotations

import dataclasses
from contextlib import aclosing

import anyio
import pytest
from msgspec.structs import replace

from qwen_dual.core.models.model import (
    RetryWait,
    TextDelta,
)
from qwen_dual.models.connect import connect
from tests.models.calling import (
    HELLO,
    WHOLE,
    WHOLE_DELTAS,
    attempt,
    call,
    chunk,
    play,
)
from tests.models.conversations import KEY, configured
from tests.models.server import Reply, no_answer, reply, serve, sse

# --- time limits


def test_an_answer_has_to_begin_in_time() -> None:
    outcome, server = play(no_answer(), no_answer(), timeout=0.5, max_retries=1)
    message = outcome.failed("timeout").message
    assert "0.5 s" in message
    assert "generationConfig.timeout" in message
    assert len(server.requests) == 2


def test_a_stream_must_not_stall() -> None:
    silent, half = sse(end="hold"), sse(chunk(content="half"), end="hold")
    outcome, server = play(silent, half, WHOLE, idle_timeout=0.5)
    assert outcome.content == [TextDelta("half")]
    error = outcome.failed("stalled")
    assert "0.5 s" in error.message
    assert "generationConfig.streamIdleTimeoutMs" in error.message
    assert error.remedy == "retry"
    assert len(server.requests) == 2


def test_a_stall_after_a_whole_answer_does_no_harm() -> None:
    outcome, _ = play(sse(chunk(content="hi"), chunk("stop"), end="hold"), idle_timeout=0.5)
    assert outcome.error is None
    assert outcome.deltas == [TextDelta("hi")]


def test_a_whole_answer_is_not_waited_for_any_longer() -> None:
    outcome, _ = play(dataclasses.replace(WHOLE, end="hold"))
    assert outcome.deltas == WHOLE_DELTAS


def test_comments_keep_a_stream_alive() -> None:
    async def main() -> None:
        beats = [anyio.Event() for _ in range(30)]  # for longer than may pass without a byte
        pieces = [piece for beat in beats for piece in (beat, b": still here\n\n")]
        async with serve(sse(*pieces, *WHOLE.pieces)) as server, anyio.create_task_group() as tasks:

            async def beat() -> None:
                await server.requested()
                for each in beats:
                    await anyio.sleep(0.05)
                    each.set()

            tasks.start_soon(beat)
            config = configured("openai", base_url=server.url, idle_timeout=1, max_retries=0)
            outcome = await call(config)
        assert outcome.error is None
        assert outcome.deltas == WHOLE_DELTAS

    anyio.run(main)


# --- leaving


def test_closing_the_stream_closes_the_connection_at_once() -> None:
    async def main() -> None:
        async with serve(sse(chunk(content="half"), end="hold")) as server:
            model = connect(configured("openai", base_url=server.url), {})
            async with aclosing(model.stream(HELLO)) as deltas:
                assert await anext(deltas) == TextDelta("half")
            await server.leaving.wait()
            await model.aclose()

    anyio.run(main)


@pytest.mark.parametrize(
    "held", [no_answer(), sse(end="hold"), sse(chunk(content="a"), end="hold")]
)
def test_cancelling_closes_the_connection_at_once(held: Reply) -> None:
    async def main() -> None:
        async with serve(held) as server:
            model = connect(configured("openai", base_url=server.url), {})

            async def answer() -> None:
                async with aclosing(model.stream(HELLO)) as deltas:
                    async for _ in deltas:
                        pass

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(answer)
                await server.requested()
                tasks.cancel_scope.cancel()
            await server.leaving.wait()
            await model.aclose()

    anyio.run(main)


def test_cancelling_stops_the_wait_for_the_next_try() -> None:
    async def main() -> None:
        async with serve(reply(status=429, headers={"Retry-After": "200"})) as server:
            model = connect(configured("openai", base_url=server.url), {})
            waiting = anyio.Event()

            async def answer() -> None:
                async with aclosing(model.stream(HELLO)) as deltas:
                    async for delta in deltas:
                        assert isinstance(delta, RetryWait)
                        waiting.set()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(answer)
                await waiting.wait()
                tasks.cancel_scope.cancel()
            await model.aclose()

    anyio.run(main)


# --- keys, proxies, networks


def test_without_a_key_nothing_is_sent() -> None:
    config = replace(configured("openai"), api_key=None, key_source="OPENAI_API_KEY")
    message = attempt(config).failed("no_key").message
    assert "OPENAI_API_KEY" in message
    assert "api.openai.com" in message


def test_a_key_that_no_header_can_hold_is_named_by_its_source() -> None:
    config = replace(configured("openai"), api_key="sk-secret\nkey", key_source="OPENAI_API_KEY")
    error = attempt(config).failed("auth")
    assert "OPENAI_API_KEY" in error.message
    assert "secret" not in str(error)


def test_a_local_server_needs_no_key() -> None:
    async def main() -> None:
        async with serve(WHOLE) as server:
            config = replace(configured("openai", base_url=server.url), api_key=None)
            assert (await call(config)).deltas == WHOLE_DELTAS
            assert "authorization" not in server.requests[0].headers

    anyio.run(main)


def test_a_header_may_hold_the_key() -> None:
    async def main() -> None:
        async with serve(WHOLE) as server:
            config = configured(
                "openai",
                base_url="http://models.example",
                headers={"Authorization": f"Token {KEY}"},
            )
            config = replace(config, api_key=None, proxy=server.url)
            assert (await call(config)).deltas == WHOLE_DELTAS
            assert server.requests[0].headers["authorization"] == f"Token {KEY}"

    anyio.run(main)


@pytest.mark.parametrize("status", [400, 401, 429])
def test_a_key_that_the_service_echoes_is_not_shown(status: int) -> None:
    words = f"Incorrect API key provided: {KEY}, that is sk-pl**********cret."
    outcome, _ = play(*[reply({"error": {"message": words}}, status=status)] * 2, max_retries=1)
    assert outcome.error is not None
    told = str(outcome.error) + "".join(wait.reason for wait in outcome.waits)
    assert "Incorrect API key provided" in told
    assert KEY not in told
    assert "sk-pl" not in told


def test_a_proxy_is_used_and_named_without_its_password() -> None:
    async def main() -> None:
        async with serve(WHOLE, reply(status=407)) as server:
            proxy = server.url.replace("//", "//me:hunter2hunter2@")
            config = replace(configured("openai", base_url="http://models.example"), proxy=proxy)
            assert (await call(config)).deltas == WHOLE_DELTAS
            assert server.requests[0].target == "http://models.example/chat/completions"
            assert "proxy-authorization" in server.requests[0].headers
            message = (await call(config)).failed("proxy").message
            assert server.url in message
            assert "hunter2" not in message

    anyio.run(main)


def test_a_proxy_may_refuse_to_connect() -> None:
    async def main() -> None:
        refusal = Reply([b"HTTP/1.1 403 Forbidden by policy\r\n\r\n"], status=0, end="close")
        async with serve(refusal) as server:
            config = configured("openai", base_url="https://models.example")
            message = (await call(replace(config, proxy=server.url))).failed("proxy").message
            assert server.url in message
            assert "403" in message

    anyio.run(main)


def test_a_proxy_that_does_not_run_is_named() -> None:
    config = replace(
        configured("openai", base_url="https://models.example", max_retries=0),
        proxy="http://me:hunter2hunter2@127.0.0.1:1",
    )
    message = attempt(config).failed("proxy").message
    assert "http://127.0.0.1:1 cannot be reached" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("proxy", ["ftp://me:hunter2hunter2@proxy.example", "http://[::bad"])
def test_a_proxy_that_cannot_be_used_is_named(proxy: str) -> None:
    config = replace(configured("openai", base_url="https://models.example"), proxy=proxy)
    error = attempt(config).failed("proxy")
    assert proxy.replace("me:hunter2hunter2@", "") in error.message
    assert "hunter2" not in str(error)


def test_a_server_on_this_machine_is_reached_without_the_proxy() -> None:
    async def main() -> None:
        async with serve(WHOLE) as server:
            config = configured("openai", base_url=server.url)
            assert (await call(replace(config, proxy="http://127.0.0.1:1"))).deltas == WHOLE_DELTAS

    anyio.run(main)


def test_a_server_that_does_not_run_is_named() -> None:
    outcome = attempt(configured("openai", base_url="http://127.0.0.1:1", max_retries=1))
    message = outcome.failed("network").message
    assert "127.0.0.1:1: nothing listens there" in message
    assert len(outcome.waits) == 1


def test_a_server_without_encryption_is_told_from_one_with() -> None:
    async def main() -> None:
        async def answer(stream: anyio.abc.SocketStream) -> None:
            async with stream:
                await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, answer)
            outcome = await call(configured("openai", base_url=f"https://127.0.0.1:{port}"))
            tasks.cancel_scope.cancel()
        assert "http://" in outcome.failed("tls").message
        assert outcome.waits == []

    anyio.run(main)


@pytest.mark.parametrize("url", ["ftp://models.example", "http://[bad", "models.example/v1"])
def test_a_base_url_that_cannot_be_used_is_named(url: str) -> None:
    assert url in attempt(configured("openai", base_url=url)).failed("invalid_request").message
