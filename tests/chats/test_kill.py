"""A program that is killed with -9 while its model talks: nothing that was on screen is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_dual.chats.load import load

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, sys
from qwen_dual.chats.chain import Stamp
from qwen_dual.chats.recorder import Recorder
from qwen_dual.core.models.answer import Answer
from qwen_dual.core.bus import Bus
from qwen_dual.core.models.model import TextDelta, ThinkingDelta
from qwen_dual.protocol import events

async def main():
    loop = asyncio.get_running_loop()
    bus = Bus(events.new_uuid())
    recorder = Recorder(sys.argv[1], bus.session_id, Stamp("/w", "1"), history=list,
                        schedule=loop.call_soon, on_failure=print)
    bus.subscribe(recorder)
    bus.publish(events.user_text("count", "keyboard"))
    print(recorder.path, flush=True)
    answer = Answer("fake", bus.publish)
    answer.feed(ThinkingDelta("I count."))
    for number in range(1_000_000):
        for _ in range(3):
            answer.feed(TextDelta(f"{number} "))
        await asyncio.sleep(0)  # the next pass of the loop, in which a frame is drawn
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("numbers", [1, 50, 700])
def test_a_kill_in_the_middle_of_a_message_loses_nothing_that_was_shown(
    tmp_path: Path, numbers: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        for _ in range(numbers):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        shown = process.stdout.read().split()
    last = int(shown[-1]) if shown else numbers - 1
    chat = load(path)
    assert chat.interrupted
    thinking, said = chat.history[-1]["content"]
    assert thinking["type"] == "thinking" and said["type"] == "text"
    wanted = "".join(f"{number} " * 3 for number in range(last + 1))
    assert said["text"].startswith(wanted)
