"""One start, one session or one long answer of a program, to samples by metric.

Seconds, bytes, percent and deltas per second: ``report`` knows what each is called. A sample is
what a host sees: from the moment it acts to the arrival of the bytes it waits for.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks import process
from benchmarks.program import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.channel import Arrival
    from benchmarks.program import Program

_TOOL = "TOOL touch made"  # one that programs ask leave for
_QUIET = 0.02  # CPU seconds in half a second: below it nothing goes on but the odd timer
_PATIENCE = 60.0
_SETTLED = 3.0  # what a program loads after its first paint is not idleness
_FIRST_COMMAND = 1.0  # a program may not yet read its input when it accepts keys


class EventsLost(Exception):
    """A program did not write the whole answer to its channel; the message says how much."""


@dataclass(slots=True)
class Samples:
    """What was measured of one program.

    Attributes:
        by_metric: the values by metric, in the order of measuring.
        notes: what the table alone would not tell.
    """

    by_metric: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, metric: str, value: float) -> None:
        """Notes one value."""
        self.by_metric.setdefault(metric, []).append(value)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done.

    Attributes:
        submits: prompts whose ``user`` event is timed.
        approvals: approvals whose ``control_response`` is timed.
        deltas: of the long answer.
        idle_seconds: how long the idle program is watched.
        rates: deltas a second that the server sends: the first at which none are lost counts.
        pause: the longest random pause between two commands, in seconds: a program that polls
            must not be met at the same point of its period each time.
    """

    submits: int = 40
    approvals: int = 20
    deltas: int = 20_000
    idle_seconds: float = 10.0
    rates: tuple[int, ...] = (0, 15_000, 10_000, 5_000, 2_500)
    pause: float = 0.6


def start(program: Program, samples: Samples) -> None:
    """Starts the program once and ends it."""
    with Run(program) as run:
        painted = run.terminal.accept_key(_PATIENCE)
        first = run.events.wait_for(b"session_start", _is_session_start, _PATIENCE)
        samples.add("first_event", (first.ns - run.terminal.spawned) / 1e9)
        samples.add("first_paint", (painted - run.terminal.spawned) / 1e9)
        time.sleep(_FIRST_COMMAND)


def session(program: Program, plan: Plan, samples: Samples) -> None:
    """Runs one session: idle, prompts, approvals.

    Raises:
        TimeoutError: an event did not come.
    """
    pauses = random.Random(plan.submits)

    def pause() -> None:
        time.sleep(pauses.uniform(0.1, 0.1 + plan.pause))

    # One more of each, which warms up.
    prompts = ["N=1"] * (plan.submits + 1) + [_TOOL] * (plan.approvals + 1)
    with Run(program, prompts) as run:
        run.terminal.accept_key(_PATIENCE)
        time.sleep(_SETTLED)
        _watch_idle(run, plan.idle_seconds, samples)
        for count in range(plan.submits + 1):
            pause()
            seconds = _time_submit(run)
            if count:
                samples.add("submit", seconds)
        for count in range(plan.approvals + 1):
            pause()
            seconds = _time_approval(run, pause)
            if count:
                samples.add("approval", seconds)


def stream(program: Program, plan: Plan, samples: Samples) -> None:
    """Has a fresh session write one long answer; from a server slower and slower until all comes.

    Raises:
        TimeoutError: no answer came.
        EventsLost: at no rate did all of it come.
    """
    rates = plan.rates if program.server is not None else (0,)
    for rate in rates:
        prompt = f"N={plan.deltas} RATE={rate}" if rate else f"N={plan.deltas}"
        try:
            _stream_once(program, prompt, plan.deltas, samples)
        except EventsLost as lost:
            speed = f"{rate:,} deltas/s" if rate else "full speed"
            samples.notes.append(f"long answer at {speed}: {lost}")
            continue
        if rate:
            samples.add("stream_paced", rate)
            paced = f"the server sent {rate:,} deltas/s, so the rate measured is no more than that"
            samples.notes.append(f"long answer: all of it came when {paced}")
        return
    raise EventsLost(f"{program.name} lost events at every rate of {rates}")


def _stream_once(program: Program, prompt: str, deltas: int, samples: Samples) -> None:
    with Run(program, [prompt]) as run:
        run.terminal.accept_key(_PATIENCE)
        time.sleep(_FIRST_COMMAND)
        _quiet(run)
        before, painted = process.cpu_seconds(run.terminal.pid), run.terminal.bytes_read
        run.commands.send({"type": "submit", "text": prompt})
        first = run.events.wait_for(b"_delta", _is_delta, _PATIENCE)
        _quiet(run, 3 * _PATIENCE)
        used = process.cpu_seconds(run.terminal.pid) - before
        came = [first, *(line for line in run.events.take() if b"_delta" in line.line)]
        words = sum(_words(arrival) for arrival in came)
        if words != deltas:
            raise EventsLost(f"{words:,} of {deltas:,} came, then the channel was silent")
        seconds = (came[-1].ns - came[0].ns) / 1e9
        samples.add("stream_rate", deltas / seconds if seconds else float(deltas))
        samples.add("stream_events", len(came))
        samples.add("stream_cpu", used)
        samples.add("stream_painted", run.terminal.bytes_read - painted)
        _note_memory(run, "after", samples)


def _watch_idle(run: Run, seconds: float, samples: Samples) -> None:
    _quiet(run)
    _note_memory(run, "idle", samples)
    began, before = time.monotonic(), process.run_seconds(run.terminal.pid)
    time.sleep(seconds)
    used = process.run_seconds(run.terminal.pid) - before
    samples.add("cpu_idle", 100 * used / (time.monotonic() - began))


def _time_submit(run: Run) -> float:
    run.events.take()
    began = run.commands.send({"type": "submit", "text": "N=1"})
    seen = run.events.wait_for(b'"user"', lambda event: event["type"] == "user", _PATIENCE)
    _end_of_message(run)
    return (seen.ns - began) / 1e9


def _time_approval(run: Run, pause: Callable[[], None]) -> float:
    run.commands.send({"type": "submit", "text": _TOOL})
    asked = run.events.wait_for(
        b"control_request", lambda event: event["type"] == "control_request"
    )
    pause()
    answer = {"type": "confirmation_response", "request_id": asked.event["request_id"]}
    began = run.commands.send({**answer, "allowed": True})
    told = run.events.wait_for(
        b"control_response", lambda event: event["type"] == "control_response"
    )
    _end_of_message(run)
    return (told.ns - began) / 1e9


def _note_memory(run: Run, when: str, samples: Samples) -> None:
    memory = process.memory(run.terminal.pid)
    samples.add(f"memory_{when}", memory.pss)
    samples.add(f"private_{when}", memory.private)
    samples.add(f"resident_{when}", memory.resident)


def _quiet(run: Run, timeout: float = 30) -> None:
    """Waits until the program has stopped working: it may load or draw on after the last event."""
    deadline = time.monotonic() + timeout
    before = process.cpu_seconds(run.terminal.pid)
    while time.monotonic() < deadline:
        time.sleep(0.5)
        now = process.cpu_seconds(run.terminal.pid)
        if now - before < _QUIET:
            return
        before = now


def _end_of_message(run: Run) -> Arrival:
    return run.events.wait_for(b"message_stop", _is_message_stop, _PATIENCE)


def _is_message_stop(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "stream_event" and event["event"]["type"] == "message_stop")


def _is_delta(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "stream_event" and "delta" in event["event"])


def _is_session_start(event: dict[str, Any]) -> bool:
    return event.get("subtype") == "session_start"


def _words(arrival: Arrival) -> int:
    return str(arrival.event["event"]["delta"].get("text", "")).count(" ")
