"""What there is once a process: its environment, signals and garbage collector."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_dual.runtime import process

ROOT = Path(__file__).parents[2]

WIPES = """
import os, sys
from qwen_dual.runtime.process import environment, wipe
wiped = wipe({"A_KEY", "NOT_THERE"})
shown = open("/proc/self/environ", "rb").read().split(b"\\0")
print(wiped, b"A_KEY=xxxxxxxx" in shown, b"B_WORD=plain" in shown, environment()["A_KEY"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_what_the_system_shows_of_a_key_is_wiped_and_nothing_else() -> None:
    env = {**os.environ, "A_KEY": "sk-12345", "B_WORD": "plain", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", WIPES], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True True True sk-12345\n"


def test_the_environment_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_WORD", "before")
    found = process.environment()
    found["A_WORD"] = "after"
    assert os.environ["A_WORD"] == "before"


def test_a_signal_becomes_a_call_and_its_handler_is_put_back() -> None:
    def own(number: int, frame: object) -> None:
        raise AssertionError("the loop has it")

    async def main() -> int:
        came = asyncio.get_running_loop().create_future()
        put_back = process.on_signal(asyncio.get_running_loop(), signal.SIGUSR1, came.set_result, 7)
        os.kill(os.getpid(), signal.SIGUSR1)
        found: int = await came
        put_back()
        return found

    before = signal.signal(signal.SIGUSR1, own)
    try:
        assert asyncio.run(main()) == 7
        assert signal.getsignal(signal.SIGUSR1) is own
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_garbage_is_looked_for_once_all_is_loaded_and_never_among_that() -> None:
    try:
        process.hold_collection()
        before = gc.get_freeze_count()
        process.begin_collection()
        frozen = gc.get_freeze_count()
        process.begin_collection()  # another session, or another front end
        assert gc.isenabled()
        assert before < frozen == gc.get_freeze_count()
    finally:
        gc.enable()
        gc.unfreeze()
