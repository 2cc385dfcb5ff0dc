"""A real collector takes what is sent, and passes it on whole."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import to_thread

from qwen_dual.telemetry.conventions import INSTRUMENTS
from qwen_dual.telemetry.options import options
from qwen_dual.telemetry.sending import Sender
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.telemetry.events import EVERYTHING, OUTLINE, reduce
from tests.telemetry.receiver import Collector, outline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

NO_CACHE_AND_NO_THINKING = {
    "gen_ai.client.inference.usage.cache_write.input_tokens",
    "gen_ai.client.inference.usage.reasoning.output_tokens",
}
SENT = {one.name for one in INSTRUMENTS} - NO_CACHE_AND_NO_THINKING


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def send(url: str) -> Sender:
    said: list[str] = []
    asked = options({"enabled": True, "otlpEndpoint": url}, {}, {})
    sender = Sender(asked, "1", said.append, patient=True)
    sender.send(reduce(EVERYTHING))
    sender.close(20)
    assert (said, sender.lost) == ([], 0)
    return sender


def test_what_a_real_collector_takes_is_what_was_sent(tmp_path: Path) -> None:
    rotel = pytest.importorskip("rotel", reason="needs rotel: pip install rotel==0.0.1a15")
    agent = Path(rotel.__file__).parent / "rotel-agent"
    port = free_port()
    with Collector() as behind:
        command = [str(agent), "start", f"--otlp-http-endpoint=127.0.0.1:{port}"]
        command += [f"--otlp-grpc-endpoint=127.0.0.1:{free_port()}", "--exporter=otlp"]
        command += ["--otlp-exporter-protocol=http", f"--otlp-exporter-endpoint={behind.url}"]
        command += ["--batch-timeout=50ms", f"--pid-file={tmp_path}/pid"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: listens(port))
                sender = send(f"http://127.0.0.1:{port}")
                behind.wait_for(lambda it: len(it.roots) == 2 and it.metrics and it.logs)
            finally:
                process.terminate()
    assert outline(behind.roots[0]) == OUTLINE
    assert set(behind.metrics) == SENT
    assert len(behind.spans) == sender.given - len(behind.logs)


def test_another_receiver_understands_each_signal_that_is_sent() -> None:
    oteltap = pytest.importorskip("oteltap", reason="needs oteltap: pip install oteltap==1.0.0")

    async def observe() -> None:
        port = free_port()
        settings = oteltap.OtelTapHttpProtobufReceiverSettings(http_port=port)
        spans: dict[bytes, Any] = {}
        metrics: dict[str, Any] = {}
        logs: list[Any] = []
        news = anyio.Event()

        async def take(stream: AsyncIterator[Any], keep: Callable[[Any], object]) -> None:
            nonlocal news
            async for item in stream:
                keep(item)
                news.set()
                news = anyio.Event()

        async with (
            oteltap.OtelTapHttpProtobufReceiver(settings) as receiver,
            anyio.create_task_group() as group,
        ):
            group.start_soon(
                take, receiver.stream_traces(), lambda it: spans.update({it.span_id: it})
            )
            group.start_soon(
                take, receiver.stream_metrics(), lambda it: metrics.update({it.name: it})
            )
            group.start_soon(take, receiver.stream_logs(), logs.append)
            await anyio.wait_all_tasks_blocked()  # what comes before somebody looks is not kept
            sender = await to_thread.run_sync(send, f"http://127.0.0.1:{port}")
            with anyio.fail_after(20):
                while len(spans) + len(logs) < sender.given or set(metrics) != SENT:
                    await news.wait()
            group.cancel_scope.cancel()
        assert set(metrics) == SENT
        for one in INSTRUMENTS:
            if one.name in metrics:
                assert metrics[one.name].unit == one.unit
                assert metrics[one.name].HasField("histogram" if one.kind == "histogram" else "sum")
        turns = [span for span in spans.values() if not span.parent_span_id]
        assert len(turns) == 2
        assert all(span.parent_span_id in spans for span in spans.values() if span not in turns)
        assert {len(span.trace_id) for span in spans.values()} == {16}
        assert all(record.event_name and record.body.string_value for record in logs)
        of_turns = [record for record in logs if record.span_id]
        assert of_turns and all(record.span_id in spans for record in of_turns)

    anyio.run(observe)
