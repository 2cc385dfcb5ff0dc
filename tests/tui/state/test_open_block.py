"""The block that is being written: a thought's lines are counted as they come, wherever it is cut."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.frontends.tui.state.blocks import ThoughtBlock
from qwen_dual.frontends.tui.state.open_block import THOUGHT_LINES, OpenBlock


@given(st.lists(st.text(st.sampled_from("ab \n\t"), max_size=6), max_size=12))
@example(["  a", "\n \n", "b\n", "c", "\nd  \n\n"])
@example(["\n", " "])
def test_a_thought_shows_its_first_lines_and_folds_the_rest(pieces: list[str]) -> None:
    block = OpenBlock()
    block.begin("thinking")
    for piece in pieces:
        block.pieces.append(piece)
        block.drain()
    shown, folded = block.end()
    text = "".join(pieces).strip()
    lines = [line for line in text.split("\n") if line.strip()]
    hidden = max(0, len(lines) - THOUGHT_LINES)
    assert shown == ([ThoughtBlock(tuple(lines[:THOUGHT_LINES]), hidden)] if text else [])
    assert folded == (text if hidden else "")
    block.begin("thinking")
    block.pieces.append("next")
    assert block.end() == ([ThoughtBlock(("next",), 0)], "")
