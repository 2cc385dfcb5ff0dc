"""How the process ends: at once, with all that was said, and after what a thread has to end yet."""

from __future__ import annotations

import subprocess
import sys

import pytest

ENDING = """
import atexit, sys, threading
import qwen_dual.__main__ as program

def main():
    atexit.register(lambda: sys.stderr.write("taken apart "))
    sys.stdout.write("said")  # not flushed
    {more}
    return 7

program.main = main
program.program()
"""


def end(more: str = "pass") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ENDING.format(more=more)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_process_ends_with_what_was_said_and_takes_nothing_apart() -> None:
    ended = end()
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "said", "")


def test_a_thread_that_has_something_to_end_is_waited_for() -> None:
    ended = end(
        "threading.Thread(target=lambda: (threading.main_thread().join(), sys.stderr.write('done '))).start()"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "said", "done taken apart ")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_is_closed_is_no_failure_of_the_end(stream: str) -> None:
    assert end(f"sys.{stream} = None").returncode == 7
