"""How many live rows there are, so that none leaves the window when that gets narrower."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.tools.tool import Display
from qwen_dual.frontends.tui.region.footer import Facts
from qwen_dual.frontends.tui.region.frame import compose
from qwen_dual.frontends.tui.region.live import live_part
from qwen_dual.frontends.tui.region.room import Room, rows_added
from qwen_dual.frontends.tui.rendering.open_rendering import OpenRendering
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.frontends.tui.text.lines import plain, wrap
from qwen_dual.protocol import events
from tests.tui.support import Clock, Desk, answer, call, feed, request, state, text_of

FACTS = Facts("~/project", "main", "coder", "default", 15_360, 128_000, 2)
LONG = " ".join(f"word{number:03d}" for number in range(300))


@pytest.mark.parametrize(
    ("row", "columns", "added"),
    [("", 40, 0), ("x" * 40, 40, 0), ("x" * 41, 40, 1), ("x" * 81, 40, 2), ("漢" * 20, 39, 1)],
)
def test_a_row_is_wrapped_into_as_many_as_its_columns_take(
    row: str, columns: int, added: int
) -> None:
    assert rows_added(plain([row]), columns) == added


@given(st.text(st.sampled_from("ab 漢é🙂"), max_size=90), st.integers(4, 60))
def test_no_row_is_wrapped_into_more_than_is_counted_on(text: str, columns: int) -> None:
    cut = [""]
    for char in text:  # as a terminal does it, at any character
        if len(wrap(cut[-1] + char, columns)) > 1:
            cut.append("")
        cut[-1] += char
    assert len(cut) - 1 <= rows_added(plain([text]), columns)


def test_short_rows_take_their_own_row_alone() -> None:
    rows = plain([f"line {number}" for number in range(30)])
    assert Room(rows=20, columns=40, above=0).last(rows) == 20


def test_long_rows_take_two_and_one_of_those_above() -> None:
    rows = plain(["x" * 70] * 30)
    assert Room(rows=20, columns=40, above=20).last(rows) == 10
    assert Room(rows=20, columns=40, above=3).last(rows) == 3


def test_of_an_answer_only_as_much_is_live_as_fits_half_the_width() -> None:
    view = View(now=Clock())
    feed(view, [state("responding"), *answer(LONG)])
    room = Room(rows=16, columns=30, above=9)
    all_rows = text_of(live_part(view, 60, 20, 103.0).lines)
    rows = text_of(live_part(view, 60, 20, 103.0, narrower=room).lines)
    assert len(all_rows) == 20
    assert rows[1:] == all_rows[-len(rows) + 1 :]
    assert rows[0] == all_rows[-len(rows)].replace("  ", "✦ ", 1)
    grown = [row.ljust(60) if row == rows[-3] else row for row in all_rows]  # as its last row will
    assert room.last(plain(grown)) == len(rows)


def test_one_row_of_an_answer_is_always_live() -> None:
    view = View(now=Clock())
    feed(view, [state("responding"), *answer(LONG)])
    rows = live_part(view, 60, 20, 103.0, narrower=Room(rows=2, columns=30, above=0)).lines
    assert [bool(row) for row in rows] == [True, False, True]


CODE = "".join(f"row {number} {'x' * (number % 5 * 12)}\n" for number in range(60))


@pytest.mark.parametrize("written", [LONG, f"```\n{CODE}```"])
def test_what_is_below_an_answer_never_goes_down_again_once_it_went_up(written: str) -> None:
    rendering = OpenRendering(lambda text, width: plain(wrap(text, width)), now=Clock())
    view = View(now=Clock())
    room = Room(rows=16, columns=30, above=9)
    feed(view, [state("responding"), *answer()])
    heights = []
    for begin in range(0, len(written), 7):
        feed(view, [events.text_delta(0, written[begin : begin + 7])])
        live = live_part(view, 60, 20, 103.0, narrower=room, rendering=rendering).lines
        heights.append(len(live))
    most = heights.index(max(heights))
    assert heights[:most] == sorted(heights[:most])
    assert heights[most:] == sorted(heights[most:], reverse=True)
    assert heights[-1] > 4


def test_another_block_gets_the_room_that_there_is() -> None:
    rendering = OpenRendering(lambda text, width: plain(wrap(text, width)))
    assert rendering.steady(9, "some words", (60, 20)) == 9
    assert rendering.steady(7, "some words more", (60, 20)) == 7
    assert rendering.steady(9, "some words more still", (60, 20)) == 7
    assert rendering.steady(9, "some words more still", (60, 21)) == 9
    assert rendering.steady(5, "some words more still", (60, 21)) == 5
    assert rendering.steady(8, "other", (60, 21)) == 8


@pytest.mark.parametrize(("row", "added"), [("é" * 80, 1), ("漢" * 40, 2), ("• " + "x" * 78, 1)])
def test_only_wide_characters_end_a_row_early(row: str, added: int) -> None:
    assert rows_added(plain([row]), 40) == added


def test_calls_keep_their_heads_and_show_less_output() -> None:
    shell = Display("Shell", "Running", can_detach=True)
    view = View(now=Clock(), display_of=lambda name: shell)
    feed(view, [state("running_tool")])
    for number in range(3):
        title = f"make {number}"
        output = "\n".join(f"{row} {'x' * 50}" for row in range(9))
        feed(view, call(call_id=f"c{number}", command=title))
        for status, text in (("started", title), ("output", output)):
            told = events.tool_progress(f"c{number}", "run_shell_command", status, text)
            feed(view, [told])
    heads = ["● Shell", "● Shell", "● Shell"]
    for narrower, count in [(None, 15), (Room(20, 30, 20), 6), (Room(4, 30, 0), 0)]:
        rows = text_of(live_part(view, 60, 24, 103.0, narrower=narrower).lines)
        assert [row[:7] for row in rows if row.startswith("●")] == heads
        assert sum("xxxx" in row for row in rows) == count


def test_as_many_rows_of_output_are_shown_whichever_of_them_are_long() -> None:
    view, room, counts = View(now=Clock()), Room(rows=12, columns=30, above=2), set()
    feed(view, [state("running_tool"), *call("c", "run_shell_command", command="make")])
    rows = [f"row {number} {'x' * (number % 3 * 20)}" for number in range(30)]
    for end in range(9, 30):
        output = "\n".join(rows[:end])
        feed(view, [events.tool_progress("c", "run_shell_command", "output", output)])
        live = text_of(live_part(view, 60, 20, 103.0, narrower=room).lines)
        counts.add(sum("row" in row for row in live))
    assert len(counts) == 1


@pytest.mark.parametrize("rows", [12, 24, 40])
@pytest.mark.parametrize("columns", [40, 80, 119])
@pytest.mark.parametrize("draft", ["", "some words", "word " * 60])
@pytest.mark.parametrize("above", [8, 400])
@pytest.mark.parametrize("asked", [False, True])
def test_the_whole_region_fits_a_window_of_half_the_width(
    rows: int, columns: int, draft: str, above: int, asked: bool
) -> None:
    desk = Desk()
    feed(desk.view, [state("responding"), *answer(LONG)])
    desk.type(draft)
    if asked:
        desk.ask(request(command="ls -la"))
    frame = compose(
        desk.view,
        desk.controller,
        FACTS,
        columns=columns,
        rows=rows,
        now=desk.now.time,
        rows_above=above,
    )
    parts = [*frame.live, *frame.dialog, *frame.panel, *frame.footer]
    typed = frame.editor_rows if len(draft) > columns // 2 else 0
    more = rows_added(parts, columns // 2) + typed
    live = [row for row in text_of(frame.live) if "word" in row]
    assert live or asked
    if len(live) > 1:
        blank_above = 1 if not frame.live[0] else 0
        assert more <= above
        assert frame.height + more - blank_above <= rows


def test_a_terminal_that_cuts_rows_has_room_for_them_all() -> None:
    desk = Desk()
    feed(desk.view, [state("responding"), *answer(LONG)])
    sizes: Any = {"columns": 80, "rows": 40, "now": desk.now.time}
    frames = [
        compose(desk.view, desk.controller, FACTS, **sizes, rows_above=above)
        for above in (None, 400)
    ]
    assert len(frames[0].live) > len(frames[1].live) > 4
