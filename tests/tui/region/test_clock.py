"""The redraw clock: at once after a pause, at a steady pace, never without a reason."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.frontends.tui.region.clock import RedrawClock
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Draws:
    """Counts the draws and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._drawn = anyio.Event()

    def __call__(self) -> None:
        self.times.append(time.monotonic())
        self._drawn.set()

    async def wait(self) -> None:
        await self._drawn.wait()
        self._drawn = anyio.Event()


def run(clock: RedrawClock, scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(clock.run)
            with anyio.fail_after(30):
                await scenario()
            group.cancel_scope.cancel()

    anyio.run(main)


def test_marks_between_two_draws_become_one_draw() -> None:
    draws = Draws()
    clock = RedrawClock(draws, fps=200)

    async def scenario() -> None:
        for _ in range(5):
            for _ in range(1000):
                clock.mark()
            await draws.wait()

    run(clock, scenario)
    assert len(draws.times) == 5
    assert all(b - a >= 0.004 for a, b in pairwise(draws.times))


def test_the_first_mark_after_a_pause_is_drawn_at_once() -> None:
    draws = Draws()
    clock = RedrawClock(draws, fps=0.2)  # five seconds between draws

    async def scenario() -> None:
        await anyio.wait_all_tasks_blocked()
        clock.mark()
        with anyio.fail_after(4):
            await draws.wait()

    run(clock, scenario)


def test_nothing_is_drawn_without_a_mark() -> None:
    draws = Draws()
    clock = RedrawClock(draws, fps=1000)

    async def scenario() -> None:
        clock.mark()
        await draws.wait()
        with anyio.move_on_after(0.1):
            await draws.wait()

    run(clock, scenario)
    assert len(draws.times) == 1


def test_no_timer_runs_while_nothing_changes() -> None:
    draws = Draws()
    clock = RedrawClock(draws, fps=1000)

    def timers() -> list[object]:
        scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
        return [handle for handle in scheduled if not handle.cancelled()]

    async def scenario() -> None:
        clock.mark()
        await draws.wait()
        # The one timer left is the scenario's own time limit.
        await until(lambda: len(timers()) == 1, "the last timer's end")
        await anyio.wait_all_tasks_blocked()
        assert len(timers()) == 1

    run(clock, scenario)


def test_an_animation_draws_at_every_tick_and_ends() -> None:
    draws = Draws()
    clock = RedrawClock(draws, fps=1000, tick=0.1)

    async def scenario() -> None:
        await anyio.wait_all_tasks_blocked()
        clock.animate(True)
        await draws.wait()
        await draws.wait()
        clock.animate(False)
        with anyio.move_on_after(0.25):
            await draws.wait()

    started = time.monotonic()
    run(clock, scenario)
    assert len(draws.times) == 2
    assert draws.times[0] - started >= 0.09
    assert draws.times[1] - draws.times[0] >= 0.09


def test_a_blocked_terminal_puts_draws_off() -> None:
    draws = Draws()
    state = {"blocked": True}
    clock = RedrawClock(draws, fps=100, blocked=lambda: state["blocked"])

    async def scenario() -> None:
        clock.mark()
        with anyio.move_on_after(0.3):
            await draws.wait()
        assert draws.times == []
        state["blocked"] = False
        await draws.wait()

    run(clock, scenario)
    assert len(draws.times) == 1


def test_an_error_while_drawing_ends_the_clock() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    clock = RedrawClock(broken)
    clock.mark()

    async def scenario() -> None:
        await anyio.sleep_forever()

    with pytest.raises(ExceptionGroup) as caught:
        run(clock, scenario)
    assert caught.group_contains(ZeroDivisionError)
