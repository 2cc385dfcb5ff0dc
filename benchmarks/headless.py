"""One prompt without a screen, as scripts run it: spawn to first line, spawn to exit, a long answer, memory.

What a script sees: stdout is a pipe that is read as fast as it comes, stdin is empty.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import process
from benchmarks.answers import script
from benchmarks.measure import EventsLost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Plan, Samples
    from benchmarks.program import Program

_PATIENCE = 300.0
_LOOK = 0.02  # seconds between two looks at the memory


def one_line(program: Program, samples: Samples) -> None:
    """One prompt with an answer of one delta.

    Raises:
        EventsLost: it did not end well.
    """
    with _spawned(program, "N=1") as (running, spawned):
        assert running.stdout is not None
        first = running.stdout.readline()
        samples.add("print_first_line", (time.monotonic_ns() - spawned) / 1e9)
        rest = running.stdout.read()
        _check(running, first + rest)
        samples.add("print_exit", (time.monotonic_ns() - spawned) / 1e9)


def memory(program: Program, samples: Samples) -> None:
    """The most that a run of one line takes; looked at all along, so not while it is timed."""
    with _spawned(program, "N=1") as (running, _):
        assert running.stdout is not None
        most, ended = 0, threading.Event()

        def look() -> None:
            nonlocal most
            while not ended.wait(_LOOK):
                most = max(most, process.memory(running.pid).pss)

        looker = threading.Thread(target=look)
        looker.start()
        try:
            _check(running, running.stdout.read())
        finally:
            ended.set()
            looker.join()
    samples.add("print_memory", most)


def stream(program: Program, plan: Plan, samples: Samples) -> None:
    """One long answer, every delta of it a line; what of it did not arrive is a note.

    Raises:
        EventsLost: none of it came.
    """
    with _spawned(program, f"N={plan.deltas}", "--include-partial-messages") as (running, _):
        assert running.stdout is not None
        came: list[int] = []
        lines: list[bytes] = []
        for line in running.stdout:
            if b"text_delta" in line:
                came.append(time.monotonic_ns())
            else:
                lines.append(line)
        try:
            _check(running, b"".join(lines))
        except EventsLost as lost:  # a program may drop what its pipe has not taken when it exits
            samples.notes.append(f"long answer to a pipe, {len(came):,} deltas came: {lost}")
    if not came:
        raise EventsLost("no delta came")
    seconds = (came[-1] - came[0]) / 1e9
    samples.add("print_stream_rate", len(came) / seconds if seconds else float(len(came)))


@contextlib.contextmanager
def _spawned(
    program: Program, prompt: str, *arguments: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A run in a folder of its own, and the clock when it was spawned; ended afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dual-bench-"))
    try:
        argv = [*program.argv, "-p", prompt, "--output-format", "stream-json", *arguments]
        if program.server is None:
            answers = folder / "answers.jsonl"
            answers.write_text("".join(json.dumps(line) + "\n" for line in script([prompt])))
            argv += ["--offline-script", str(answers)]
        work = folder / "work"
        work.mkdir()
        spawned = time.monotonic_ns()
        with subprocess.Popen(
            argv,
            env=program.environment(),
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as running:
            try:
                yield running, spawned
            finally:
                running.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(running: subprocess.Popen[bytes], out: bytes) -> None:
    status = running.wait(_PATIENCE)
    try:
        last: dict[str, Any] = json.loads(out.splitlines()[-1])
    except (IndexError, ValueError):  # nothing, or torn
        last = {}
    if status != 0 or last.get("type") != "result":
        raise EventsLost(f"the run ended with status {status} and {out[-200:]!r}")
