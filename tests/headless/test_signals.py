"""SIGINT and SIGTERM at moments of every kind: whole lines, one result, the right status."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.headless.program import Runner, call
from tests.support.processes import is_gone
from tests.support.waiting import wait_until

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ANSWER = {"blocks": [{"type": "text", "text": "word ", "repeat": 40}], "delay_ms": 5}
ARGUMENTS = ("-p", "go", "-y", "-o", "stream-json", "--include-partial-messages")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def judge(number: signal.Signals, status: int, out: str, err: str) -> dict[str, Any] | None:
    """Holds what came to what has to come; the result, if there was time for one."""
    if status == -number or "KeyboardInterrupt" in err:  # while Python itself began
        assert out == ""
        return None
    assert "Traceback" not in err
    assert out == "" or out.endswith("\n")
    messages = [json.loads(line) for line in out.splitlines()]
    results: list[dict[str, Any]] = [message for message in messages if message["type"] == "result"]
    assert len(results) == 1, (status, err)
    assert messages[-1] == results[0]
    assert messages[0]["subtype"] == "init"
    expected = 128 + number if results[0]["is_error"] else 0
    assert status == expected
    if results[0]["is_error"]:
        assert results[0]["stop_reason"] == "interrupted"
        assert number.name in results[0]["error"]["message"]
    return results[0]


def test_a_signal_at_any_moment_leaves_whole_lines_and_one_result(
    runner: Runner, whole: bool
) -> None:
    script = runner.script(call("run_shell_command", command="sleep 0.1"), ANSWER)
    began = time.monotonic()
    assert runner.run(*ARGUMENTS, *script).status == 0
    length = time.monotonic() - began
    chance = random.Random(7)
    for each in range(100 if whole else 8):
        number = SIGNALS[each % 2]
        process = runner.start(*ARGUMENTS, *script, stdin=subprocess.DEVNULL)
        with process:
            try:
                out, err = process.communicate(timeout=chance.uniform(0, length))
            except subprocess.TimeoutExpired:
                process.send_signal(number)
                out, err = process.communicate(timeout=50)
        judge(number, process.returncode, out.decode(), err.decode())


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_in_the_middle_of_a_tool_ends_its_processes(
    runner: Runner, number: signal.Signals
) -> None:
    made = runner.work / "made"
    command = f"echo $$ > {made}.tmp && mv {made}.tmp {made} && sleep 300"
    script = runner.script(call("run_shell_command", command=command))
    with runner.start(*ARGUMENTS, *script, stdin=subprocess.DEVNULL) as process:
        wait_until(made.exists, "the command runs")
        process.send_signal(number)
        out, err = process.communicate(timeout=50)
    result = judge(number, process.returncode, out.decode(), err.decode())
    assert result is not None and result["is_error"]
    pid = int(made.read_text())
    wait_until(lambda: is_gone(pid), "its end")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_stdin_is_awaited_ends_it(runner: Runner, number: signal.Signals) -> None:
    with runner.start("-o", "json", "--offline") as process:
        # Python itself catches SIGINT from the first moment on.
        wait_until(lambda: catches(process.pid, signal.SIGTERM), "it handles signals")
        process.send_signal(number)
        out, _ = process.communicate(timeout=50)
    last = json.loads(out)[-1]
    assert (process.returncode, last["type"], last["is_error"]) == (128 + number, "result", True)


def catches(pid: int, number: int) -> bool:
    """Whether a process handles a signal by now."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
