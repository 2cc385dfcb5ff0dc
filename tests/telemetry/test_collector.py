"""A real collector takes what is sent, and passes it on whole."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from qwen_dual.telemetry.conventions import INSTRUMENTS
from qwen_dual.telemetry.options import options
from qwen_dual.telemetry.sending import Sender
from tests.support.waiting import wait_until
from tests.telemetry.events import EVERYTHING, OUTLINE, reduce
from tests.telemetry.receiver import Collector, outline

rotel = pytest.importorskip("rotel", reason="needs rotel: pip install rotel==0.0.1a15")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_what_a_real_collector_takes_is_what_was_sent(tmp_path: Path) -> None:
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
                said: list[str] = []
                asked = options(
                    {"enabled": True, "otlpEndpoint": f"http://127.0.0.1:{port}"}, {}, {}
                )
                sender = Sender(asked, "1", said.append, patient=True)
                sender.send(reduce(EVERYTHING))
                sender.close(20)
                assert (said, sender.lost) == ([], 0)
                behind.wait_for(lambda it: len(it.roots) == 2 and it.metrics and it.logs)
            finally:
                process.terminate()
    assert outline(behind.roots[0]) == OUTLINE
    sent = {one.name for one in INSTRUMENTS} - {
        "gen_ai.client.inference.usage.cache_write.input_tokens",
        "gen_ai.client.inference.usage.reasoning.output_tokens",
    }
    assert set(behind.metrics) == sent
    assert len(behind.spans) == sender.given - len(behind.logs)
