from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.frontends.tui.text.lines import width_of
from qwen_dual.frontends.tui.text.output_colours import coloured_rows
from qwen_dual.protocol.sanitise import coloured


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("\x1b[31mred\x1b[0m plain", [("fg:ansired", "red"), ("base", " plain")]),
        ("\x1b[1;92mok\x1b[22m!", [("bold fg:ansibrightgreen", "ok"), ("fg:ansibrightgreen", "!")]),
        ("\x1b[38;5;196mx", [("fg:#ff0000", "x")]),
        ("\x1b[38;5;244mx", [("fg:#808080", "x")]),
        ("\x1b[48;2;1;2;3mx\x1b[49my", [("bg:#010203", "x"), ("base", "y")]),
        ("\x1b[38:2::1:2:3mx", [("fg:#010203", "x")]),
        ("\x1b[8mhidden\x1b[5mblinks", [("base", "hidden"), ("base", "blinks")]),
        ("\x1b[mx", [("base", "x")]),
        ("a\tb", [("base", "a   b")]),
    ],
)
def test_the_colours_of_a_command_are_kept(text: str, row: list[tuple[str, str]]) -> None:
    assert coloured_rows(text, 80, "base") == [row]


@given(st.text(alphabet="ab下\t", max_size=40), st.integers(2, 12))
def test_coloured_rows_fit_and_lose_nothing(text: str, width: int) -> None:
    rows = coloured_rows(f"\x1b[1m{text}\x1b[0m", width, "")
    assert all(sum(width_of(part) for _, part in row) <= width for row in rows)
    assert "".join(part for row in rows for _, part in row).split() == text.split()


@given(st.text(alphabet="a\x1b[]0;31m\x07\x9b\r\n\u202e", max_size=40))
def test_nothing_but_colours_gets_through(text: str) -> None:
    for row in coloured_rows(coloured(text).replace("\n", " "), 20, ""):
        for _, part in row:
            assert not any(
                char < " " or "\x7f" <= char < "\xa0" or char == "\u202e" for char in part
            )
