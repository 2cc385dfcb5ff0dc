"""The commit path against prompt-toolkit's renderer, in the process."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pyte
import pytest
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input.defaults import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from qwen_dual.frontends.tui.rendering.scrollback import (
    APPLICATION_ATTRIBUTES,
    RENDERER_ATTRIBUTES,
    Scrollback,
)
from qwen_dual.frontends.tui.terminal.reflow import Reflow
from tests.support.waiting import until
from tests.tui.rendering.stage import Stage

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

FORGET = "\x1b7\x1b[L\x1b[B\x1b[24M\x1b8"
"""No row of the window counts as wrapped after this."""


def test_prompt_toolkit_still_has_what_the_commit_path_relies_on() -> None:
    """A failure here says that an upgrade changed the renderer: read it again before pinning."""

    def steps(stage: Stage) -> None:
        renderer = stage.app.renderer
        for name in RENDERER_ATTRIBUTES:
            assert name in vars(renderer), name
        for name in APPLICATION_ATTRIBUTES:
            assert hasattr(stage.app, name), name
        assert renderer._cursor_pos.y == 0
        assert renderer._last_screen is not None
        assert renderer._last_screen.height == 2
        assert renderer._last_size == Size(rows=24, columns=80)
        assert renderer._min_available_height == 0
        assert stage.app._running_in_terminal is False

    Stage().run(steps)


def test_a_commit_resets_what_the_renderer_remembers() -> None:
    def steps(stage: Stage) -> None:
        stage.region = "1\n2\n3\n4\n5\n6"
        stage.scrollback.redraw()
        assert stage.app.renderer._last_screen is not None
        assert stage.app.renderer._last_screen.height == 6
        stage.region = "one"
        stage.scrollback.redraw()
        assert stage.app.renderer._last_screen.height == 6, "the renderer itself never shrinks"
        stage.scrollback.shrink()
        assert stage.app.renderer._last_screen.height == 1

    Stage().run(steps)


def test_a_redraw_writes_only_what_changed_unless_all_is_wanted() -> None:
    def change(whole: bool) -> str:
        def steps(stage: Stage) -> None:
            stage.region = "lime\nfooter"
            stage.scrollback.redraw(whole=whole)

        return Stage().run(steps)

    assert "footer" not in change(whole=False)
    assert "footer" in change(whole=True)


def test_text_is_held_while_the_terminal_does_not_read() -> None:
    def steps(stage: Stage) -> None:
        stage.writer.stuck = True
        stage.scrollback.commit("one")
        stage.scrollback.commit([("bold", "two\n")])
        stage.scrollback.redraw()
        assert stage.writer.written == ""
        stage.writer.read_on()
        stage.scrollback.commit("three")

    written = Stage().run(steps)
    assert written.index("one") < written.index("two") < written.index("footer")
    assert written.count("\x1b[?2026h") == 2
    assert written.index("footer") < written.index("three")


def test_what_a_terminal_missed_is_drawn_anew_and_no_more_than_once() -> None:
    def steps(stage: Stage) -> None:
        stage.writer.stuck = True
        for text in ("one", "two", "three"):
            stage.region = f"live {text}\nfooter"
            stage.app._redraw()
        assert stage.writer.written == ""
        stage.writer.read_on()

    written = Stage().run(steps)
    assert written.count("live") == written.count("footer") == 1
    assert "live three" in written


def test_a_resize_that_was_missed_is_made_up_for() -> None:
    def steps(stage: Stage) -> None:
        stage.writer.stuck = True
        stage.app._on_resize()
        assert stage.writer.written == ""
        stage.writer.read_on()

    assert "footer" in Stage().run(steps)


@pytest.mark.parametrize(
    ("reflow", "up"),
    [
        (Reflow.CUT, 2),
        (Reflow.WRAP, 2 + 1),
        (Reflow.WRAP_ALL, 2 + 1 + 2),
        (Reflow.SCREEN, 2 + 1 + 2),
        (Reflow.XTERM_JS, 2 + 1 + 2),  # two rows are added below the cursor
    ],
)
def test_the_region_is_erased_from_where_a_change_of_width_has_put_it(
    reflow: Reflow, up: int
) -> None:
    async def steps(stage: Stage) -> None:
        stage.scrollback.reflow = reflow
        # At 20 columns the first row takes two; the cursor's three, and the cursor is in the last.
        stage.region = [
            ("", f"{'x' * 30}\nshort\n{'y' * 50}"),
            ("[SetCursorPosition]", ""),
            ("", f"z\n{'w' * 50}"),
        ]
        stage.scrollback.redraw()
        stage.writer.written = ""
        stage.columns = 20
        stage.app._on_resize()
        await until(lambda: stage.writer.written, "the drawing")

    stage = Stage(columns=80)
    written = stage.run(steps)
    assert f"\r\x1b[{up}A\x1b[0m{FORGET}\x1b[K" in written


@pytest.mark.parametrize(
    ("row", "rows"),
    [
        ([("", "x" + "一" * 19 + "y")], 2),  # others split no wide character, and need three
        ([("", "x"), ("underline", " " * 30)], 2),
        ([("", "x"), ("bg:#ff0000", " " * 30)], 1),
        ([("", "x"), ("strike", " " * 30)], 1),
    ],
)
def test_screen_wraps_anew_by_columns_and_by_attributes_that_are_no_colours(
    row: StyleAndTextTuples, rows: int
) -> None:
    def steps(stage: Stage) -> None:
        stage.scrollback.reflow = Reflow.SCREEN
        stage.region = [*row, ("", "\n"), ("[SetCursorPosition]", ""), ("", "footer")]
        stage.scrollback.redraw()
        stage.writer.written = ""
        stage.columns = 20
        stage.app._on_resize()

    written = Stage(columns=80).run(steps)
    assert f"\r\x1b[{rows}A\x1b[0m{FORGET}".replace("\x1b[1A", "\x1b[A") in written


@pytest.mark.parametrize("told", [True, False])
def test_nothing_is_drawn_in_tmux_while_it_may_not_have_told_the_width(told: bool) -> None:
    async def steps(stage: Stage) -> None:
        stage.scrollback.reflow = Reflow.WRAP_ALL
        stage.scrollback.redraw()
        stage.writer.written = ""
        stage.columns = 60
        if told:
            stage.app._on_resize()  # else the signal is still to come
        stage.scrollback.commit("one")
        stage.scrollback.clear()
        stage.scrollback.commit("two")
        stage.region = "later\nfooter"
        stage.scrollback.redraw()
        stage.app._redraw()
        assert stage.writer.written == ""
        assert stage.scrollback.blocked
        await until(lambda: stage.writer.written, "a drawing once the width is known")
        assert not stage.scrollback.blocked

    written = Stage().run(steps)
    order = ("one", "\n" * 23, "two", "later")
    assert [written.count(part) for part in order] == [1] * 4
    assert sorted(order, key=written.index) == list(order)


def test_what_tmux_tells_starts_the_wait_anew_also_where_the_size_is_the_old_one_again() -> None:
    async def steps(stage: Stage) -> None:
        stage.scrollback.reflow = Reflow.WRAP_ALL
        stage.scrollback.redraw()
        stage.writer.written = ""
        stage.app._on_resize()  # there and back before anybody looked
        assert stage.scrollback.blocked
        await until(lambda: stage.writer.written, "a drawing once the width is known")

    assert "footer" in Stage().run(steps)


def test_a_draw_for_another_width_finds_the_region_whoever_asked_for_it() -> None:
    def steps(stage: Stage) -> None:
        stage.scrollback.reflow = Reflow.WRAP
        stage.region = [("", "x" * 30 + "\n"), ("[SetCursorPosition]", ""), ("", "footer")]
        stage.scrollback.redraw()
        stage.writer.written = ""
        stage.columns = 20
        stage.app._redraw()  # a key came before the signal

    assert f"\x1b[2A\x1b[0m{FORGET}\x1b[K" in Stage(columns=80).run(steps)


def test_a_dialog_gets_blank_rows_above_it_until_it_is_gone_where_its_own_might_leave() -> None:
    def steps(stage: Stage) -> None:
        stage.scrollback.reflow = Reflow.WRAP_ALL
        stage.scrollback.commit("one line")
        stage.scrollback.headroom = True
        stage.region = "\n".join(["d" * 80] * 4)
        stage.writer.written = ""
        stage.scrollback.redraw()
        assert stage.writer.written.count("\x1b[?2026h") == 1, "in one update"
        assert "\r\n" * 3 + "\x1b[0m" in stage.writer.written, "with the line it is four"
        stage.scrollback.headroom = False
        stage.region = "live\nfooter"
        stage.writer.written = ""
        stage.scrollback.redraw()
        assert "\x1b[3A" in stage.writer.written, "back to where it was"

    Stage().run(steps)


def test_no_erase_begins_at_the_first_cell_of_the_window() -> None:
    """tmux pushes a copy of the window into its history then."""

    def steps(stage: Stage) -> None:
        stage.region = "\n".join(map(str, range(30)))
        stage.scrollback.redraw()
        stage.scrollback.commit("text")
        stage.scrollback.clear()
        stage.app._on_resize()

    written = Stage().run(steps)
    assert "\x1b[J" in written
    assert not re.search("(?<!\x1b\\[C)\x1b\\[[02]?J", written)


@pytest.mark.parametrize("rows", [10, 24, 25, 60])
def test_clearing_loses_no_line_when_the_window_has_another_height_by_then(rows: int) -> None:
    lines = [f"line {n}" for n in range(20)]

    def steps(stage: Stage) -> None:
        stage.scrollback.commit("\n".join(lines))
        stage.scrollback.clear()

    screen = pyte.HistoryScreen(80, rows, history=100)
    pyte.Stream(screen).feed(Stage().run(steps))
    above = ["".join(row[x].data for x in range(80)) for row in screen.history.top]
    shown = [line.rstrip() for line in [*above, *screen.display]]
    assert [line for line in shown if line] == [*lines, "live", "footer"]


def test_more_than_can_be_held_loses_the_oldest_and_says_so() -> None:
    def steps(stage: Stage) -> None:
        stage.writer.stuck = True
        for n in range(6):
            stage.scrollback.commit(f"block {n}\n" + "x" * 1_000_000)
        stage.writer.read_on()

    written = Stage().run(steps)
    assert "… 4 lines left out: too many came while none could be shown" in written
    assert "block 1" not in written
    assert all(f"block {n}" in written for n in range(2, 6))


def test_what_is_held_at_the_end_is_printed_by_finish() -> None:
    stage = Stage()

    def steps(stage: Stage) -> None:
        stage.writer.stuck = True
        stage.scrollback.commit("held to the end")

    assert "held" not in stage.run(steps)
    assert "held" not in stage.writer.written
    stage.scrollback.finish()
    assert stage.writer.written.count("held to the end") == 1


def test_before_and_after_the_application_text_is_printed() -> None:
    stage = Stage()
    stage.run(lambda stage: None)
    stage.writer.written = ""
    stage.scrollback.commit("after\x1b]0;x")
    assert stage.writer.written == "\x1b[?2026h\x1b[0mafter?]0;x\x1b[0m\r\n\x1b[0m\x1b[?2026l"
    stage.writer.written = ""
    stage.scrollback.redraw()
    stage.scrollback.clear()
    assert stage.writer.written == ""


@pytest.mark.parametrize(
    ("text", "rows"),
    [("", []), ("one", ["one"]), ("one\n", ["one"]), ("one\n\n", ["one", ""]), ("\n", [""])],
)
def test_a_text_ends_with_one_newline(text: str, rows: list[str]) -> None:
    stdout = io.StringIO()
    output = Vt100_Output(stdout, lambda: Size(rows=24, columns=80), enable_cpr=False)
    with create_pipe_input() as keys:
        app: Application[None] = Application(input=keys, output=output)
        Scrollback(app).commit(text)
    shown = stdout.getvalue()
    for code in ("\x1b[?2026h", "\x1b[?2026l", "\x1b[0m"):
        shown = shown.replace(code, "")
    # Creating the application shows the cursor.
    shown = shown.replace("\x1b[?12l\x1b[?25h", "")
    assert shown.split("\r\n")[:-1] == rows
