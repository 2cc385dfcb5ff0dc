"""What ``/proc`` tells of processes, whatever they call themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from qwen_dual.fs import proc

LINE = b"12 (a) S 1 (b c) S 7 12 9 0 -1 0 0 0 0 0 10 20 3 4 20 0 1 0 500 0 0"

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def test_a_name_with_parentheses_and_blanks_shifts_no_field() -> None:
    stat = proc.parse(LINE)
    assert stat is not None
    assert (stat.pid, stat.state, stat.parent, stat.group, stat.session) == (12, b"S", 7, 12, 9)
    assert (stat.cpu_ticks, stat.started) == (37, 500)


@pytest.mark.parametrize("text", [b"", b"12", b"12 (sh)", b"x (sh) S 1"])
def test_what_is_no_line_of_it_is_nothing(text: bytes) -> None:
    assert proc.parse(text) is None


@linux
def test_this_process_is_among_all_and_knows_its_parent() -> None:
    stat = proc.stat_of()
    assert stat is not None and stat.is_there()
    assert (stat.pid, stat.parent, stat.group) == (os.getpid(), os.getppid(), os.getpgrp())
    assert os.getpid() in proc.pids()
    assert f"PATH={os.environ['PATH']}".encode() in proc.environment_of(os.getpid())
    assert proc.namespace_of(os.getpid()).startswith("pid:")


def test_of_a_process_that_is_not_there_nothing_is_told() -> None:
    nobody = 2**22 + 1  # beyond what the kernel counts to
    assert proc.stat_of(nobody) is None
    assert proc.environment_of(nobody) == []
    assert proc.namespace_of(nobody) == ""
    proc.send_signal(nobody, signal.SIGTERM, lambda: True)


@linux
def test_a_signal_goes_to_none_that_took_over_a_number() -> None:
    with subprocess.Popen(["sleep", "1000"]) as child:
        proc.send_signal(child.pid, signal.SIGKILL, lambda: False)
        assert child.poll() is None
        proc.send_signal(child.pid, signal.SIGTERM, lambda: True)
        assert child.wait() == -signal.SIGTERM


@linux
def test_what_has_just_been_started_is_known_by_its_environment() -> None:
    # ``Popen`` returns when the new program is certain, which may be before the kernel says with what.
    for number in range(300):
        mark = f"MARK={number}"
        with subprocess.Popen(["sleep", "1000"], env={**os.environ, "MARK": str(number)}) as child:
            found = proc.environment_of(child.pid)
            child.kill()
        assert mark.encode() in found, f"the process {number}"


@linux
def test_whoever_has_no_environment_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "1000"], env={}) as child:
        while (stat := proc.stat_of(child.pid)) is not None and stat.is_executing:
            pass
        monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("it waits"))
        assert proc.environment_of(child.pid) == [b""]
        child.kill()
