"""A showing: its pace, and where a person can go in it."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.recording.cast_reader import CastReader
from qwen_dual.recording.player import CLEAR, Player

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

EVENTS: list[tuple[float, str, str]] = [
    (1, "o", "a"),
    (1, "m", "seq=2 user"),
    (2, "o", "b"),
    (60, "o", "c"),
    (1, "m", "seq=9 user"),
    (1, "o", "d"),
    (1, "r", "60x20"),
    (1, "m", "seq=12 result"),
    (1, "x", "0"),
]


@pytest.fixture
def cast(tmp_path: Path) -> CastReader:
    path = tmp_path / "a.cast"
    header = {"version": 3, "term": {"cols": 80, "rows": 24}}
    path.write_text("\n".join(json.dumps(line) for line in [header, *EVENTS]) + "\n")
    return CastReader(str(path))


class Showing:
    """A player whose screen is a list."""

    def __init__(self, cast: CastReader, **options: Any) -> None:
        self.shown: list[str] = []
        self.player = Player(cast, self._out, **options)

    async def _out(self, text: str) -> None:
        self.shown.append(text)

    def play(self, *acts: Callable[[Player], Awaitable[object]]) -> list[str]:
        for act in acts:
            self.player.ask(partial(act, self.player))
        anyio.run(self.player.run)
        return self.shown


def test_all_of_it_is_shown_at_once_when_asked_so(cast: CastReader) -> None:
    showing = Showing(cast, speed=math.inf)
    assert showing.play() == ["a", "b", "c", "d"]
    assert showing.player.size == (60, 20)
    assert showing.player.label == "seq=12 result"


def test_each_event_comes_when_it_is_due(cast: CastReader) -> None:
    now, waits = 0.0, []

    async def rest(seconds: float, changed: anyio.Event) -> None:
        nonlocal now
        waits.append(seconds)
        now += seconds

    Showing(cast, speed=2.0, idle_limit=10.0, clock=lambda: now, rest=rest).play()
    assert waits == pytest.approx([0.5, 0.5, 1.0, 5.0, 0.5, 0.5, 0.5, 0.5, 0.5])


def test_one_steps_from_mark_to_mark_and_from_prompt_to_prompt(cast: CastReader) -> None:
    at: list[tuple[float, list[str]]] = []

    async def note(player: Player) -> None:
        at.append((player.position, list(showing.shown)))

    async def end(player: Player) -> None:
        player.speed = math.inf
        await player.pause(False)

    showing = Showing(cast)
    showing.play(
        Player.step,
        note,
        Player.next_turn,
        note,
        Player.previous_turn,
        note,
        Player.redraw,
        note,
        end,
    )
    assert [position for position, _ in at] == [2.0, 65.0, 2.0, 2.0]
    assert at[1][1] == ["a", "b", "c"]
    assert at[2][1][3:] == [CLEAR, "a"]
    assert showing.shown[-3:] == ["b", "c", "d"]


def test_a_showing_that_is_paused_at_its_end_waits(cast: CastReader) -> None:
    showing = Showing(cast, speed=math.inf)
    over: list[str] = []

    async def later(player: Player) -> None:
        over.append("asked")
        await player.pause(False)

    async def pause_at_the_end(player: Player) -> None:
        await player.jump(1000)
        await player.pause(True)

    async def script() -> None:
        showing.player.ask(lambda: pause_at_the_end(showing.player))
        async with anyio.create_task_group() as group:
            group.start_soon(showing.player.run)
            await anyio.wait_all_tasks_blocked()
            showing.player.ask(lambda: later(showing.player))

    anyio.run(script)
    assert over == ["asked"]
