from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.protocol.ansi import without_colours
from qwen_dual.tools.capture import Capture, Limits, Scratch
from qwen_dual.tools.terminal_rows import ROWS, WIDTH, TerminalRows

UP, ERASE = "\x1b[A", "\x1b[2K"


def shown(*pieces: str) -> str:
    """What stands there in the end."""
    finished: list[str] = []
    rows = TerminalRows(finished.append)
    for piece in pieces:
        rows.feed(piece)
    rows.end()
    return "".join(finished)


@pytest.mark.parametrize(
    ("output", "there"),
    [
        ("a\r\nb\r\n", "a\nb\n"),
        ("10%\r20%\r100%\n", "100%\n"),
        ("hello\rab\n", "abllo\n"),
        ("hello\r\x1b[Kab\n", "ab\n"),
        ("done.\r", "done."),
        ("10%\b\b\b20%\n", "20%\n"),
        ("|\b/\b-\b \b\n", " \n"),
        (f"one 0%\ntwo 0%\n{UP}{UP}{ERASE}one 100%\n{ERASE}two 100%\n", "one 100%\ntwo 100%\n"),
        ("a\nb\nc\n\x1b[3A\x1b[J", "\n\n\n"),
        ("one\x1b[1Gt\x1b[2Cx\n", "tnex\n"),
        ("下载\rab\n", "ab载\n"),
        ("下载\ra\n", "a 载\n"),
        ("e\u0301\rx\n", "x\n"),
        ("\x1b]0;title\x07x\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\\n", "xlink\n"),
        ("\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        ("\x1b[31mold\r\x1b[0mnew\n", "new\n"),
        ("\x1b[1;31mbold\nnext\x1b[0m\n", "\x1b[1;31mbold\x1b[0m\n\x1b[1;31mnext\x1b[0m\n"),
        ("\x1b[?25l50%\r100%\x1b[?25h\n", "100%\n"),
    ],
)
def test_output_is_what_a_terminal_shows_in_the_end(output: str, there: str) -> None:
    assert shown(output) == there


@given(
    st.lists(
        st.sampled_from(
            ["a", "bc", "é", "下", "\r", "\n", "\b", "\x1b[K", "\x1b[2K", "\x1b[A", "\x1b[2B"]
        )
        | st.sampled_from(
            ["\x1b[31m", "\x1b[0m", "\x1b[38;5;9m", "\x1b]0;t\x07", "\x1b]0;t\x1b\\", "\x1b[5D"]
        ),
        max_size=40,
    ),
    st.integers(1, 7),
)
@example(["\x1b]0;t\x1b\\", "a"], 6)
@example(["a", "\r", "\n", "b"], 2)
def test_output_cut_anywhere_comes_to_the_same(parts: list[str], size: int) -> None:
    output = "".join(parts)
    pieces = [output[start : start + size] for start in range(0, len(output), size)]
    assert without_colours(shown(*pieces)).rstrip() == without_colours(shown(output)).rstrip()


@given(st.text(alphabet="ab\n", max_size=400))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert shown(text) == text
    assert shown(*text) == text


def test_a_flood_and_a_long_line_keep_every_character() -> None:
    text = "".join(f"line {number}\n" for number in range(5 * ROWS)) + "x" * (5 * WIDTH) + "\nend"
    assert shown(text) == text
    assert shown(*(text[start : start + 700] for start in range(0, len(text), 700))) == text


@pytest.mark.parametrize(
    "unit",
    [
        *("\r50% |####|", "\x1b[1K", "x\x1b[A\x1b[B", f"{ERASE}\x1b[900Gx", "\b\x1b[31m"),
        *("\x1b]", "\x1b[J", "\r\x1b[900C下", "e\u0301\u0301", "\x1b[31mx"),
    ],
)
def test_output_made_to_be_slow_takes_time_in_proportion_to_its_length(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        begun = time.thread_time()
        shown(*(text[start : start + 8192] for start in range(0, len(text), 8192)))
        return time.thread_time() - begun

    assert seconds(80_000) < max(0.01, seconds(20_000)) * 12


def captured(output: str, limits: Limits | None = None) -> Capture:
    capture = Capture(Scratch(), limits or Limits())
    data = output.encode()
    for start in range(0, len(data), 1000):
        capture.feed(data[start : start + 1000])
    return capture


def test_a_progress_bar_of_thousands_of_frames_is_one_line_for_the_model() -> None:
    frames = "".join(
        f"\r{number / 30:5.1f}% |{'█' * (number // 100):30}|" for number in range(3001)
    )
    capture = captured(f"start\n{frames}\nend\n")
    assert capture.text() == f"start\n100.0% |{'█' * 30}|\nend"


def test_colours_are_for_the_person_alone() -> None:
    capture = captured("\x1b[32mok\x1b[0m\n")
    assert capture.text() == "ok"
    assert capture.coloured() == "\x1b[32mok\x1b[0m"
    assert captured("plain\n").coloured() == ""


def test_the_live_view_has_the_latest_rows_as_they_stand() -> None:
    capture = Capture(Scratch(), Limits())
    capture.feed(b"one\n10%\r20%")
    assert capture.latest() == "one\n20%"
    capture.feed(b"\r100%\ntwo \xc3")
    assert capture.latest() == "one\n100%\ntwo "
    capture.feed(b"\xa9")
    assert capture.latest() == "one\n100%\ntwo é"
    for number in range(20_000):
        capture.feed(b"line %d\n" % number)
    assert len(capture.latest()) <= 4000
    assert capture.last_line() == "line 19999"
