"""A second terminal on a session: it shows what the first one shows, steers it, and leaves without a trace."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from qwen_dual.host.finding import running
from qwen_dual.running.keeper import Keeper, Locks
from qwen_dual.running.record import Record
from tests.support.osc import titles
from tests.support.program import COMMAND, Program, in_terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.pty import Terminal


def session(folder: Path, *arguments: str) -> Iterator[Program]:
    with Program(folder, ["--socket", *arguments]) as program:
        program.ready()
        wait_until(lambda: running({"HOME": str(program.home)}))
        yield program


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A session with a socket, once it can be found."""
    yield from session(tmp_path, "--offline")


def attached(program: Program, *arguments: str, cols: int = 80) -> Terminal:
    """A second terminal of the same person."""
    command = [*COMMAND, "attach", *arguments]
    return in_terminal(command, program.work, program.home, cols=cols)


def conversation(terminal: Terminal) -> list[str]:
    """What a terminal shows from the first prompt on, down to its editor."""
    lines = terminal.lines
    starts = [at for at, line in enumerate(lines) if line.startswith("> ")]
    ends = [at for at, line in enumerate(lines) if line == ">"]
    return [line for line in lines[starts[0] : ends[-1]] if line] if starts and ends else []


def same(first: Terminal, second: Terminal) -> bool:
    """Whether both show the same, by now."""
    first.read()
    return conversation(first) == conversation(second) != []


def same_dialog(first: Terminal, second: Terminal) -> bool:
    """Whether both ask the same, by now: either may be read in the middle of a frame."""
    first.read()
    asked = [dialog(terminal) for terminal in (first, second)]
    return asked[0] == asked[1] != []


def dialog(terminal: Terminal) -> list[str]:
    """What a terminal asks, down to its last answer."""
    lines = terminal.lines
    starts = [at for at, line in enumerate(lines) if line.startswith("? ")]
    ends = [at for at, line in enumerate(lines) if "No, and say what instead" in line]
    return lines[starts[-1] : ends[-1] + 1] if starts and ends else []


def test_both_terminals_show_the_same_and_either_steers(program: Program) -> None:
    first = program.terminal
    program.submit("say 30 words")
    program.result()
    with attached(program) as second:
        second.wait_for("attached to")
        second.wait_for(lambda _: same(first, second))
        first.send("run touch one\r")
        second.wait_for("› y  Yes")  # until then a key counts as typed before it was asked
        second.wait_for(lambda _: same_dialog(first, second))
        second.send("y")
        program.result(2)
        told = program.of("control_response")[-1]["response"]
        assert told["resolved_by"] == "host:attach"
        second.send("say 5 words\r")
        program.result(3)
        assert program.of("user")[-1]["origin"] == "host:attach"
        second.wait_for(lambda _: same(first, second))
        second.wait_for(lambda shown: {"blocked", "done"} < set(titles(bytes(shown.raw))))
        second.send("\x04")
        second.wait_for("Detached; the session goes on")
        assert second.wait_exit() == 0
    with attached(program) as second:
        second.wait_for("attached to")
        assert program.quit() == 0
        second.wait_for("The session has ended.")
        assert second.wait_exit() == 0


def test_leaving_in_the_middle_of_a_turn_changes_nothing(tmp_path: Path) -> None:
    for program in session(tmp_path, "--offline", "--yolo"):
        program.submit("run until [ -e go ]; do sleep 0.02; done; echo came")
        with attached(program) as second:
            second.wait_for("Running")
            second.send("half a dra")
            second.wait_for("> half a dra")
            os.kill(second.pid, signal.SIGKILL)
        (program.work / "go").touch()
        assert program.result()["subtype"] == "success"
        said = program.of("user")[-1]["message"]["content"][0]
        assert "came" in said["content"]
        assert not [line for line in program.terminal.screen if "half a dra" in line]
        assert not program.of("system", "input_error")


def test_esc_interrupts_and_a_prompt_that_waited_comes_back(tmp_path: Path) -> None:
    for program in session(tmp_path, "--offline", "--yolo"):
        with attached(program) as second:
            second.wait_for("attached to")
            second.send("run sleep 30\r")
            second.wait_for("Running")
            second.send("say 3 words\r")
            program.until(
                lambda event: (
                    event.get("subtype") == "command_receipt"
                    and event["data"]["status"] == "queued"
                )
            )
            second.send("\x1b")
            assert program.result()["stop_reason"] == "interrupted"
            second.wait_for("> say 3 words")


def test_who_only_watches_sends_nothing(program: Program) -> None:
    with attached(program, "--observe", "--name", "wall", cols=30) as second:
        second.wait_for("only watches")
        second.send("hello\r")
        second.wait_for("no right to submit")
        program.submit("say 3 words")
        program.result()
        second.wait_for("> say 3 words")
        assert all(len(line) <= 30 for line in second.screen)
        [told] = [
            host
            for host in program.of("system", "hosts_changed")[0]["data"]["hosts"]
            if host["name"] == "wall"
        ]
        assert told["rights"] == ["observe"]
        assert len(program.of("user")) == 1


def test_a_session_that_was_killed_is_said_to_be_gone(program: Program) -> None:
    with attached(program) as second:
        second.wait_for("attached to")
        os.kill(program.terminal.pid, signal.SIGKILL)
        second.wait_for("The session is gone")
        assert second.wait_exit() == 1


def test_what_cannot_be_attached_to_is_said(tmp_path: Path) -> None:
    with in_terminal([*COMMAND, "attach"], tmp_path) as terminal:
        terminal.wait_for("no session runs; `qwen-dual --socket` starts one to attach to")
        assert terminal.wait_exit() == 1
    keeper = Keeper(str(tmp_path / ".qwen" / "run"), Locks())
    keeper.open()
    record = Record(
        pid=os.getpid(), session_id="aa11", agent="a", version="1", cwd="/", started_at=1.0
    )
    keeper.write(record)
    for arguments, told in (
        ([], "the session aa11 has no socket to attach to"),
        (["nonsense"], "no session 'nonsense' runs; there are aa11"),
    ):
        with in_terminal([*COMMAND, "attach", *arguments], tmp_path) as terminal:
            terminal.wait_for(told)
            assert terminal.wait_exit() == 1
    keeper.write(replace(record, session_id="\x1b[8maa"))
    with in_terminal([*COMMAND, "attach", "nonsense"], tmp_path) as terminal:
        terminal.wait_for("no session 'nonsense' runs; there are ⟨ESC⟩[8maa")
        assert b"\x1b[8m" not in terminal.raw
        assert terminal.wait_exit() == 1
    keeper.close()
