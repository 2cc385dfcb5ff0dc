"""What a terminal and its users do to the whole program: signals, stops, closed streams, no reader."""

from __future__ import annotations

import json
import shutil
import signal
import termios
from typing import TYPE_CHECKING

import pytest

from tests.support.program import Program
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@needs_bash
@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2> >(exit 0)"])
def test_a_standard_error_that_takes_nothing_does_not_matter(tmp_path: Path, stderr: str) -> None:
    wrapper = ["bash", "-c", f'exec "$0" "$@" {stderr}']
    with Program(tmp_path, ["--offline"], wrapper=wrapper) as program:
        program.submit("hello")
        program.result()
        program.terminal.send("/quit\r")
        assert program.terminal.wait_exit() == 0
        assert program.refresh()[-1]["subtype"] == "session_end"


@needs_bash
def test_what_standard_error_does_not_take_is_in_the_log(tmp_path: Path) -> None:
    wrapper = ["bash", "-c", 'exec "$0" "$@" 2>/dev/full']
    with Program(tmp_path, ["--offline"], output=["--json-fd", "77"], wrapper=wrapper) as program:
        program.ready()
        program.submit("/quit")
        assert program.terminal.wait_exit() == 0
    (log,) = (tmp_path / "home" / ".qwen" / "debug").iterdir()
    assert "took nothing of: Warning: dual output disabled" in log.read_text()


@pytest.mark.parametrize("moment", ["start", "turn"])
def test_sigquit_ends_in_order_and_sigusr_does_nothing(tmp_path: Path, moment: str) -> None:
    script = tmp_path / "script.jsonl"
    words = [f"word{number} " for number in range(2000)]
    answer = {"blocks": [{"type": "text", "deltas": words}], "delay_ms": 10}
    script.write_text(json.dumps(answer) + "\n")
    with Program(tmp_path, ["--offline-script", str(script)]) as program:
        program.until(lambda event: event.get("subtype") == "session_start")
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            program.terminal.signal(number)
        if moment == "turn":
            program.terminal.wait_for("offline-script")
            program.submit("talk")
            program.terminal.wait_for("word9")
        program.terminal.signal(signal.SIGQUIT)
        program.terminal.wait_exit()
        assert program.refresh()[-1]["subtype"] == "session_end"
        assert len(program.of("result")) == (moment == "turn")
        modes = termios.tcgetattr(program.terminal._fd)
        assert modes[3] & termios.ECHO
        assert modes[3] & termios.ICANON
        raw = bytes(program.terminal.raw)
        assert raw.rfind(b"\x1b[?2004l") >= raw.rfind(b"\x1b[?2004h")


def test_a_terminal_that_nobody_reads_holds_up_no_turn(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    lines = [f"line {number} of it, with some words to fill it up\n\n" for number in range(300)]
    answers = [[*lines, f"end {number}"] for number in range(3)]
    script.write_text(
        "".join(
            json.dumps({"blocks": [{"type": "text", "deltas": deltas}]}) + "\n"
            for deltas in answers
        )
    )
    with Program(tmp_path, ["--offline-script", str(script)]) as program:
        program.terminal.wait_for("offline-script")
        for _ in answers:
            program.submit("go on")
        without_reading(program, results=3)
        program.terminal.wait_for("end 2")
        shown = program.terminal.lines
        for number in range(3):
            assert sum(row.strip() == f"end {number}" for row in shown) == 1
        program.terminal.wait_for(lambda screen: ">" in screen.screen)


@pytest.mark.parametrize("end", ["SIGTERM", "/quit", "hang up"])
def test_a_terminal_that_nobody_reads_holds_up_no_end(tmp_path: Path, end: str) -> None:
    script = tmp_path / "script.jsonl"
    block = {"type": "text", "deltas": [f"line {number} of it\n\n" for number in range(2000)]}
    script.write_text(json.dumps({"blocks": [block]}) + "\n")
    with Program(tmp_path, ["--offline-script", str(script)]) as program:
        program.terminal.wait_for("offline-script")
        program.submit("go on")
        without_reading(program, results=1)
        if end == "SIGTERM":
            program.terminal.signal(signal.SIGTERM)
        elif end == "/quit":
            program.submit("/quit")
        else:
            program.terminal.hang_up()
        wait_until(lambda: program.terminal._child.poll() is not None, "it has ended")
        ended = program.terminal._child.poll()
        assert ended is not None
        assert (ended.status, ended.signal) == (0, None)
        assert program.refresh()[-1]["subtype"] == "session_end"
        assert not (tmp_path / "home" / ".qwen" / "debug").exists()


def without_reading(program: Program, results: int) -> None:
    """Waits for as many results while the PTY fills up."""
    wait_until(lambda: len(program.of("result")) >= results, "the session goes on")


def test_several_lines_pasted_into_a_terminal_without_marks_are_one_draft(tmp_path: Path) -> None:
    with Program(tmp_path, ["--offline"]) as program:
        program.terminal.wait_for("shift + tab")
        program.terminal.send("one\rtwo\rthree\r")
        program.terminal.wait_for("three")
        program.terminal.send("\r")
        sent = program.until(lambda event: event["type"] == "user")
        assert r"one\ntwo\nthree" in json.dumps(sent)
        program.result()
        assert len(program.of("result")) == 1
        program.terminal.send("hello\r")
        program.result(2)
