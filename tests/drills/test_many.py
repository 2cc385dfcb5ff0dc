"""Many sessions on one machine, and bad input of a larger kind."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.program import COMMAND, Program, in_terminal

if TYPE_CHECKING:
    from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have used so far, to the nanosecond."""
    used = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            used += int(file.read().split()[0])
    return used / 1e9


def inotify_instances(pid: int) -> int:
    count = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        count += os.readlink(f"/proc/{pid}/fd/{name}") == "anon_inode:inotify"
    return count


@pytest.mark.drill
def test_many_sessions_at_once_complete_and_then_cost_nothing(tmp_path: Path, whole: bool) -> None:
    sessions = 50 if whole else 6
    with ExitStack() as stack:
        programs = []
        for number in range(sessions):
            folder = tmp_path / str(number)
            folder.mkdir()
            programs.append(stack.enter_context(Program(folder)))
        for program in programs:
            program.ready()
            program.submit("run touch done")
        for program in programs:
            program.answer(program.request(), True)
        for program in programs:
            assert program.result()["subtype"] == "success"
        pids = [program.terminal.pid for program in programs]
        assert all(inotify_instances(pid) <= 1 for pid in pids)
        for program in programs:
            program.until(lambda event: event.get("data", {}).get("state") == "idle")
        for _ in range(20):  # what the first turn has left to be done may still be going on
            before, began = sum(map(cpu_seconds, pids)), time.monotonic()
            assert before > 0
            while time.monotonic() < began + 2:  # what is measured is that nothing happens
                programs[0].terminal.read(0.5)
            used = sum(map(cpu_seconds, pids)) - before
            allowed = sessions * (time.monotonic() - began) / 1000
            if used <= allowed:
                break
        assert used <= allowed
        for program in programs:
            program.submit("/quit")
        for program in programs:
            assert program.terminal.wait_exit() == 0


@pytest.mark.drill
def test_a_tool_that_floods_a_hundred_megabytes_gives_a_bounded_result(tmp_path: Path) -> None:
    with Program(tmp_path, ["--yolo"]) as program:
        program.ready().submit("run head -c 100000000 /dev/zero | tr '\\0' 'x'")
        result = program.result(timeout=50)
        assert result["subtype"] == "success"
        block = program.of("user")[1]["message"]["content"][0]
        assert len(block["content"]) < 60_000
        longest = max(len(row) for row in program.events_file.read_bytes().splitlines())
        assert longest < 65_536
        assert program.quit() == 0


def test_a_tool_that_never_ends_is_ended_by_escape(tmp_path: Path) -> None:
    with Program(tmp_path, ["--yolo"]) as program:
        program.ready().submit("run while true; do :; done")
        program.until(lambda event: event.get("subtype") == "tool_progress")
        program.terminal.send("\x1b")
        assert program.result()["stop_reason"] == "interrupted"
        program.submit("say 2 words")
        assert program.result(2)["subtype"] == "success"
        assert program.quit() == 0


def test_a_workspace_that_disappears_is_an_error_of_the_tool_not_of_the_session(
    tmp_path: Path,
) -> None:
    with Program(tmp_path, ["--yolo"]) as program:
        program.ready()
        shutil.rmtree(program.work)
        program.submit("list and run ls")
        result = program.result()
        assert result["subtype"] == "success"
        blocks = [event["message"]["content"][0] for event in program.of("user")[1:]]
        assert [block["is_error"] for block in blocks] == [True, True]
        assert program.quit() == 0


def test_a_file_that_is_not_utf8_is_named_not_dumped(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        (program.work / "latin").write_bytes(b"caf\xe9 \xff\xfe\x00")
        program.ready().submit("read latin")
        program.result()
        content = program.of("user")[1]["message"]["content"][0]["content"]
        assert "latin" in content
        assert "\ufffd" not in content
        assert program.quit() == 0


def test_without_a_terminal_it_says_so_and_names_the_way(tmp_path: Path) -> None:
    command = f"{' '.join(COMMAND)} --json-file out > said; echo status $?"
    with in_terminal(command, tmp_path, cols=200) as terminal:
        terminal.wait_for("status 1")
        assert "stdout is not a terminal" in terminal.text
        assert "PTY" in terminal.text
    assert not (tmp_path / "out").exists()
