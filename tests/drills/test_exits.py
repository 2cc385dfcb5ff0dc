"""The ways a session can end: what is on disk, what becomes of tools, terminal and status."""

from __future__ import annotations

import json
import os
import signal
import termios
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import pty
from tests.support.processes import commands
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SLEEP = "run sleep 3217; touch slept"


def idle(program: Program) -> None:
    program.ready()


def streaming(program: Program) -> None:
    program.ready().submit("say 5000 words")
    program.until(lambda event: "text_delta" in str(event))


def awaiting(program: Program) -> None:
    program.ready().submit(SLEEP)
    program.request()


def running(program: Program) -> None:
    program.ready().submit(SLEEP)
    program.answer(program.request(), True)
    program.until(lambda event: event.get("subtype") == "tool_progress")


# Each is a moment in the life of a session at which it may end.
MOMENTS = [idle, streaming, awaiting, running]


def sleepers(folder: Path) -> list[int]:
    """Processes of the test's own folder that still sleep."""
    return [pid for pid, words in commands(below=folder).items() if "3217" in " ".join(words)]


def whole_lines(program: Program) -> list[dict[str, Any]]:
    data = program.events_file.read_bytes()
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def assert_ended_in_order(program: Program) -> None:
    events = whole_lines(program)
    assert events[-1]["subtype"] == "session_end"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    asked = sum(event["type"] == "control_request" for event in events)
    resolved = [event for event in events if event["type"] == "control_response"]
    assert len(resolved) == asked
    users = sum(event["type"] == "user" and "origin" in event for event in events)
    assert sum(event["type"] == "result" for event in events) == users
    assert "Traceback" not in program.terminal.text


def new_terminal() -> list[Any]:
    """The modes of a terminal that no program has had yet: one that starts quickly has changed its own."""
    with pty.pair() as fresh:
        return termios.tcgetattr(fresh.side)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_ends_the_session_in_order(
    tmp_path: Path, number: signal.Signals, moment: Callable[[Program], None]
) -> None:
    with Program(tmp_path) as program:
        before = new_terminal()
        moment(program)
        program.terminal.signal(number)
        assert program.terminal.wait_exit() == 0
        assert_ended_in_order(program)
        assert sleepers(tmp_path) == []
        after = termios.tcgetattr(program.terminal._fd)
        assert after[:4] == before[:4]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_terminal_that_goes_away_ends_the_session_in_order(
    tmp_path: Path, moment: Callable[[Program], None]
) -> None:
    with Program(tmp_path) as program:
        moment(program)
        program.terminal.hang_up()
        program.terminal.wait_exit()
        assert_ended_in_order(program)
        assert sleepers(tmp_path) == []


@pytest.mark.parametrize("moment", [streaming, running])
def test_a_kill_leaves_whole_lines(tmp_path: Path, moment: Callable[[Program], None]) -> None:
    with Program(tmp_path) as program:
        moment(program)
        program.terminal.signal(signal.SIGKILL)
        assert program.terminal.wait_exit() == -signal.SIGKILL
        events = whole_lines(program)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        for process in sleepers(tmp_path):
            os.kill(process, signal.SIGKILL)


def test_an_interrupt_from_outside_is_what_ctrl_c_is(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        running(program)
        program.terminal.signal(signal.SIGINT)
        assert program.result()["stop_reason"] == "interrupted"
        assert sleepers(tmp_path) == []
        assert program.quit() == 0


@pytest.mark.parametrize("events_before", [0, 1])
def test_a_signal_during_the_start_leaves_the_terminal_as_it_was(
    tmp_path: Path, events_before: int
) -> None:
    with Program(tmp_path) as program:
        before = new_terminal()
        if events_before:
            program.until(lambda event: event.get("subtype") == "session_start")
        else:  # the terminal is taken just before the channel is opened
            program.terminal.wait_for(
                lambda terminal: termios.tcgetattr(terminal._fd)[3] != before[3]
            )
        program.terminal.signal(signal.SIGTERM)
        assert program.terminal.wait_exit() in (0, 128 + signal.SIGTERM)
        assert termios.tcgetattr(program.terminal._fd)[:4] == before[:4]
        if events_before:
            assert whole_lines(program)[-1]["subtype"] == "session_end"
        assert "Traceback" not in program.terminal.text
