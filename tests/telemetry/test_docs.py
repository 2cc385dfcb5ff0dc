"""docs/observe.md: its lines run as they stand, and it names what is sent and what is read."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from qwen_dual.settings.telemetry_keys import ASKED
from qwen_dual.telemetry import conventions
from tests.support.ports import free_port
from tests.support.program import COMMAND
from tests.telemetry.events import TURN
from tests.telemetry.receiver import Collector

PAGE = (Path(__file__).parents[2] / "docs" / "observe.md").read_text()
LINES = [
    re.sub(r" {2,}#.*", "", line)
    for line in re.findall(r"^    (qwen-dual .*)$", PAGE, re.MULTILINE)
    if "observe" in line
]
FOR_GOOD = ("--follow", "--all")
"""With these it goes on until Ctrl+C."""


@pytest.mark.parametrize("line", LINES)
def test_a_line_runs_as_it_stands(tmp_path: Path, line: str) -> None:
    (tmp_path / "bin").mkdir()
    own = tmp_path / "bin" / "qwen-dual"
    own.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    own.chmod(0o755)
    events = "".join(json.dumps(event) + "\n" for event in TURN)
    for name in ("events.jsonl", "other.jsonl", "run/events.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(events)
    (tmp_path / "run" / "meta.json").write_text("{}")
    line = line.replace("9464", str(free_port()))  # the page's may be somebody's
    with Collector() as collector:
        env = {**os.environ, "HOME": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        env["PATH"] = f"{own.parent}:{env['PATH']}"
        env.pop("XDG_RUNTIME_DIR", None)
        endless = any(flag in line for flag in FOR_GOOD)
        with subprocess.Popen(
            ["bash", "-c", f"set -o pipefail; {'exec ' * endless}{line}"],
            cwd=tmp_path,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            if endless:
                while "Ctrl+C" not in process.stderr.readline():
                    pass
                process.send_signal(signal.SIGINT)
            said = process.stderr.read()
            assert process.wait(40) == 0, said
        assert endless or collector.roots
    assert "Traceback" not in said


def test_every_metric_event_and_setting_is_on_the_page() -> None:
    told = set(re.findall(r"`([\w.]+)`", PAGE))
    told |= {f"qwen_dual{name}" for name in told if name.startswith(".")}
    for prefix in (
        *("gen_ai.client.inference", "gen_ai.client.inference.usage", "gen_ai.invoke_agent"),
    ):
        told |= {f"{prefix}{name}" for name in told if name.startswith(".")}
    assert {one.name for one in conventions.INSTRUMENTS} <= told
    events = [conventions.SESSION_START, conventions.USER_PROMPT, conventions.INFERENCE_EVENT]
    events += [conventions.TOOL_CALL, conventions.APPROVAL, conventions.EVENTS_LOST]
    assert set(events) <= told
    stems = {f"telemetry.{key.path}" for key in ASKED.keys} - {
        *("telemetry.otlpMetricsEndpoint", "telemetry.otlpLogsEndpoint")  # as that of traces
    }
    assert stems <= told


def test_there_is_a_line_for_each_way() -> None:
    assert len(LINES) == 7
