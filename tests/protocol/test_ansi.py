"""Escape sequences are taken out whole, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.protocol.ansi import without_colours, without_sequences


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[38:2::1:2:3mx", "x"),
        ("a\x1b[2Kb\x1b[?25lc\x1b[10;20Hd", "abcd"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"),
        ("\x1bPq...\x1b\\a\x1b_b\x1b\\", "a"),
        ("\x1b(B\x1b=\x1b7a\x1bM", "a"),
        ("a\x1b[31", "a"),
        ("a\x1b]0;a title that has no end\nb", "a\nb"),
        ("a\x1b", "a"),
        ("[0m and ]0; are text", "[0m and ]0; are text"),
    ],
)
def test_a_sequence_is_taken_out_as_far_as_it_goes(text: str, bare: str) -> None:
    assert without_sequences(text) == bare


def test_colours_alone_are_taken_out_where_the_rest_stays() -> None:
    assert without_colours("\x1b[31ma\x1b[2K\x1b[m") == "a\x1b[2K"


@given(st.text(alphabet=st.sampled_from("\x1b[]P;?0m31\\\x07 \nax"), max_size=40))
def test_no_escape_is_left(text: str) -> None:
    bare = without_sequences(text)
    assert "\x1b" not in bare
    assert without_sequences(bare) == bare
