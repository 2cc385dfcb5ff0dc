"""From a key to its echo while a long answer streams: what a person at the keyboard feels.

Each key is a letter that stands nowhere else on the screen, typed after a random pause, so that
its first appearance in the output is its echo and keys meet the program's frames at every point. It
takes a program with a model server: a script of answers has no rate.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.channel import Commands, Events
from benchmarks.measure import EventsLost
from benchmarks.terminal import LETTER, Terminal
from tests.support.pauses import Spy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.measure import Samples
    from benchmarks.program import Program

RATE = 3000
"""Deltas a second."""

KEYS = 300
PAUSES = (0.02, 0.12)
"""Seconds between two keys: from a held key to a fast typist."""

_LETTERS = [
    chr(code) for code in range(0x100, 0x17F) if chr(code).islower() and chr(code) != LETTER
]
_DRAFT = 50  # letters; more would wrap the draft, and the echo would cost another layout
_PATIENCE = 30.0
_SETTLED = 3.0
_SLOWEST = 0.1  # seconds a key may take on average before the answer ends too soon
_CLEAR = b"\x15"


class Keyboard(Terminal):
    """A terminal at which single keys are timed."""

    def time_key(self, letter: str, timeout: float = _PATIENCE) -> float:
        """Types ``letter``, which must not be on the screen, and waits for it.

        Returns:
            Seconds until it came back.

        Raises:
            TimeoutError: it did not come back.
        """
        self._letter = letter.encode()
        self._echoed.clear()
        began = time.monotonic_ns()
        os.write(self._fd, self._letter)
        if not self._echoed.wait(timeout):
            raise TimeoutError(f"the key {letter!r} was not echoed in {timeout} s")
        return (self._echoed_at - began) / 1e9

    def clear(self) -> None:
        """Empties the draft."""
        os.write(self._fd, _CLEAR)


def measure(program: Program, samples: Samples, keys: int = KEYS, rate: int = RATE) -> None:
    """Types ``keys`` letters while an answer streams.

    Adds ``key_idle`` (before the answer), ``key_echo`` (during it) and ``key_rate``, the deltas a
    second that came meanwhile.

    Raises:
        TimeoutError: no answer came, or a key was not echoed.
        EventsLost: the answer ended before the last key.
    """
    deltas = int(rate * (_SETTLED + keys * (sum(PAUSES) / 2 + _SLOWEST)))
    prompt = f"N={deltas} RATE={rate}"
    pauses = random.Random(keys)
    with _running(program) as (keyboard, events, commands):
        keyboard.accept_key(_PATIENCE)
        time.sleep(_SETTLED)
        for letter in _letters(keyboard, min(keys, _DRAFT)):
            time.sleep(pauses.uniform(*PAUSES))
            samples.add("key_idle", keyboard.time_key(letter))
        keyboard.clear()
        commands.send({"type": "submit", "text": prompt})
        events.wait_for(b"_delta", _is_delta, _PATIENCE)
        time.sleep(1)
        events.take()
        began = time.monotonic()
        for letter in _letters(keyboard, keys):
            time.sleep(pauses.uniform(*PAUSES))
            samples.add("key_echo", keyboard.time_key(letter))
        took = time.monotonic() - began
        came = events.take()
        if any(b'"result"' in arrival.line for arrival in came):
            raise EventsLost(f"the answer of {deltas:,} deltas ended before {keys} keys")
        samples.add("key_rate", sum(b"_delta" in arrival.line for arrival in came) / took)
        commands.send({"type": "interrupt"})


def measure_chunk(program: Program, samples: Samples, megabytes: int = 20) -> None:
    """Types letters while an answer comes in that is one delta of ``megabytes``.

    Adds ``chunk_echo``, and ``chunk_pause``, the longest that the loop was at one thing, where the
    program is ours.

    Raises:
        TimeoutError: no answer came, or a key was not echoed.
    """
    pauses = random.Random(megabytes)
    with tempfile.TemporaryDirectory(prefix="dual-bench-spy-") as folder:
        spy = Spy(Path(folder))
        with _running(program, spy.environment) as (keyboard, events, commands):
            keyboard.accept_key(_PATIENCE)
            time.sleep(_SETTLED)
            commands.send({"type": "submit", "text": "N=1"})  # what is loaded at its first use
            events.wait_for(b'"result"', _is_result, _PATIENCE)
            time.sleep(_SETTLED)
            with spy.watching():
                commands.send({"type": "submit", "text": f"CHUNK={megabytes}"})
                for letter in _letters(keyboard, KEYS):
                    time.sleep(pauses.uniform(*PAUSES))
                    samples.add("chunk_echo", keyboard.time_key(letter))
                    if any(b'"type":"result"' in each.line[:64] for each in events.take()):
                        break
            if (longest := spy.take()) is not None:
                samples.add("chunk_pause", longest[0])


def _letters(keyboard: Keyboard, count: int) -> Iterator[str]:
    """Letters, none of which is on the screen when it comes."""
    for number in range(count):
        if number and number % _DRAFT == 0:
            keyboard.clear()
            time.sleep(0.3)  # until no frame holds the old ones
        yield _LETTERS[number % _DRAFT]


def _is_result(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "result")


def _is_delta(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "stream_event" and "delta" in event["event"])


@contextlib.contextmanager
def _running(
    program: Program, env: Mapping[str, str] | None = None
) -> Iterator[tuple[Keyboard, Events, Commands]]:
    with contextlib.ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="dual-bench-keys-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        workspace = directory / "workspace"
        workspace.mkdir()
        events = Events(directory / "events.jsonl")
        stack.callback(events.close)
        commands = Commands(directory / "input.jsonl")
        argv = [*program.argv, "--json-file", str(directory / "events.jsonl")]
        argv += ["--input-file", str(directory / "input.jsonl")]
        keyboard = Keyboard(argv, {**program.environment(), **(env or {})}, workspace)
        ended = False
        try:
            yield keyboard, events, commands
            commands.send({"type": "submit", "text": "/quit"})
            ended = True
        finally:
            keyboard.end(10 if ended else 0)
