"""The program with telemetry switched on: what a collector gets, and what a session has of a dead one."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.support.program import COMMAND, Program
from tests.telemetry.receiver import Collector, outline

if TYPE_CHECKING:
    from pathlib import Path


def run(
    folder: Path, *arguments: str, env: dict[str, str], prompt: str = "run echo secret"
) -> subprocess.CompletedProcess[str]:
    """A session of one prompt without a screen."""
    command = [*COMMAND, "--offline", "-p", prompt, "--yolo", *arguments]
    own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command,
        cwd=folder,
        env={**own, **env},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_a_session_is_told_to_a_collector_whole_when_it_has_ended(tmp_path: Path) -> None:
    with Collector() as collector:
        env = {
            "QWEN_TELEMETRY_ENABLED": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=0123456789abcdef",
            "OTEL_SERVICE_NAME": "mine",
            "HTTP_PROXY": "http://127.0.0.1:9",  # this machine is reached directly
        }
        done = run(tmp_path, env=env, prompt="run echo $OTEL_EXPORTER_OTLP_HEADERS secret")
        assert done.returncode == 0, done.stderr
        assert "0123456789abcdef" not in done.stdout
    [turn] = collector.roots
    assert outline(turn) == [
        "invoke_agent qwen-dual",
        "chat offline",
        "execute_tool run_shell_command",
        "chat offline",
    ]
    assert time.time() - 60 < turn.start / 1e9 < turn.end / 1e9 < time.time()
    assert collector.metrics["qwen_dual.turns"] == [({"qwen_dual.stop_reason": "end_turn"}, 1)]
    assert {name for name, _, _ in collector.logs} >= {
        "qwen_dual.session_start",
        "qwen_dual.user_prompt",
        "qwen_dual.tool_call",
        "qwen_dual.turn_end",
        "qwen_dual.session_end",
    }
    assert collector.resource["service.name"] == "mine"
    assert all(headers["x-key"] == "0123456789abcdef" for _, headers, _ in collector.requests)
    assert not any("secret" in str(request) for _, _, request in collector.requests)


def test_a_screens_session_tells_how_long_it_waited_for_whom(tmp_path: Path) -> None:
    with Collector() as collector:
        arguments = ["--offline", "--telemetry", f"--telemetry-otlp-endpoint={collector.url}"]
        with Program(tmp_path, arguments) as program:
            program.submit("run touch made")
            program.answer(program.request(), True)
            program.result()
            assert program.quit() == 0
    [turn] = collector.roots
    [wait] = [span for span in turn.children if span.name.startswith("wait_for_approval")]
    assert wait.attributes["qwen_dual.approval.resolved_by"] == "input"
    assert wait.start < wait.end


def test_a_collector_that_never_answers_holds_no_session_up(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        done = run(tmp_path, f"--telemetry-otlp-endpoint={url}", "--telemetry", env={})
        took = time.monotonic() - began
    assert done.returncode == 0
    assert "secret" in done.stdout
    assert "Traceback" not in done.stderr
    assert "opentelemetry" not in done.stderr.lower()
    assert took < 20  # of which the end is three seconds at the most


def test_without_the_extra_a_session_runs_and_says_how_it_is_installed(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None; from qwen_dual.__main__ import main;"
        "sys.argv = ['qwen-dual', '--offline', '--telemetry', '-p', 'say 2 words']; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "some words\n")
    assert "pip install 'qwen-dual[otel]'" in done.stderr


def test_a_file_gets_it_as_a_collector_reads_files_with_prompts_for_who_asked(
    tmp_path: Path,
) -> None:
    flags = ["--telemetry", "--telemetry-outfile=out.jsonl", "--telemetry-log-prompts"]
    done = run(tmp_path, *flags, env={})
    assert done.returncode == 0, done.stderr
    file = tmp_path / "out.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {key for line in lines for key in line} == {
        *("resourceSpans", "resourceLogs", "resourceMetrics")
    }
    [spans] = [line["resourceSpans"] for line in lines if "resourceSpans" in line]
    [span, *_] = spans[0]["scopeSpans"][0]["spans"]
    assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)  # hexadecimal, as OTLP has it
    told = [line for line in lines if "secret" in str(line)]
    assert told
    assert all("resourceLogs" in line for line in told)


def test_who_does_not_use_it_imports_nothing_of_it(tmp_path: Path) -> None:
    code = (
        "import sys; from qwen_dual.__main__ import main;"
        "sys.argv = ['qwen-dual', '--offline', '-p', 'say hi']; main();"
        "print(*(name for name in sys.modules if 'telemetry' in name), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert done.stderr.strip() == ""


def test_a_run_that_is_ended_early_within_a_trace_tells_what_it_had(tmp_path: Path) -> None:
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with Collector() as collector:
        command = [*COMMAND, "--offline", "-p", "run sleep 60", "--yolo", "-o", "stream-json"]
        command += ["--telemetry", f"--telemetry-otlp-endpoint={collector.url}"]
        own = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**own, "TRACEPARENT": f"00-{trace}-{span}-01"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if b'"tool_use"' in line and b'"assistant"' in line:
                    process.terminate()
                    break
            process.stdout.read()
        assert process.returncode == 143
        spans = {each.name: each for each in collector.spans}
    turn = spans["invoke_agent qwen-dual"]
    assert (turn.parent_id, turn.attributes["error.type"]) == (span, "interrupted")
    assert {each.trace_id for each in spans.values()} == {trace}
    assert "chat offline" in spans
    assert "qwen_dual.session_end" in {name for name, _, _ in collector.logs}
