"""Finished blocks to lines."""

from __future__ import annotations

import pytest

from qwen_dual.frontends.tui.markdown.markdown import MarkdownRenderer
from qwen_dual.frontends.tui.rendering.render import BlockRenderer
from qwen_dual.frontends.tui.state.blocks import (
    AnswerBlock,
    BannerBlock,
    Block,
    ExpandedBlock,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    SessionBlock,
    ThoughtBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.todo import Todo, TodoBlock
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import width_of
from tests.tui.support import text_of

BLOCKS: tuple[Block, ...] = (
    BannerBlock("name 1.0 · model · folder", ("what to type",)),
    PersonBlock("a prompt that is long enough to wrap\nand has two lines", remote="remote"),
    AnswerBlock("some **bold** words and `code`, enough of them to wrap", first=True),
    AnswerBlock("[API Error: 400 bad]", first=True),
    ThoughtBlock(("thinking about it", "more"), hidden=3),
    ToolBlock("run_shell_command", "ls -la " * 20, "ok", ("x" * 200, "漢字" * 50), 9, note="3 s"),
    ToolBlock("edit", "f", "ok", ("--- a/f", "+++ b/f", "@@ -1 +1 @@", "-a", "+b"), diff=True),
    ToolBlock("edit", "f", "error", ("failed",)),
    ToolBlock("edit", "f", "denied", note="not allowed"),
    NoticeBlock("info", "told"),
    NoticeBlock("warning", "careful"),
    NoticeBlock("error", "wrong"),
    NoticeBlock("quiet", "by the way"),
    RemoteBlock("allowed something"),
    ExpandedBlock("run_shell_command  ls", "a\nb"),
    ExpandedBlock("edit  f", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b", diff=True),
    TodoBlock((Todo("read the file and what it needs", "completed"), Todo("test", "pending"))),
    SessionBlock(),
)


def render(block: Block, width: int = 80, previous: Block | None = None) -> list[str]:
    return text_of(BlockRenderer(MarkdownRenderer()).render(block, width, previous))


@pytest.mark.parametrize("width", [5, 10, 20, 30, 80])
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_no_line_is_wider_than_the_window_nor_padded(block: Block, width: int) -> None:
    for line in render(block, width):
        assert width_of(line) <= width
        assert "\n" not in line
        if len(line.strip()) > 2:  # the gutter itself is two columns
            assert line == line.rstrip() or width < 10


def test_each_speaker_has_a_symbol_in_a_gutter_of_two_columns() -> None:
    assert render(PersonBlock("one\ntwo")) == ["> one", "  two"]
    assert render(AnswerBlock("hello", first=True)) == ["✦ hello"]
    assert render(AnswerBlock("more")) == ["  more"]
    assert render(ToolBlock("glob", "*.py", "ok"))[0] == "✓ glob   *.py"
    assert render(ToolBlock("glob", "*.py", "error"))[0] == "✗ glob   *.py"


def test_a_prompt_from_a_channel_carries_the_mark() -> None:
    assert render(PersonBlock("hi", remote="remote")) == ["> hi  ⇄ remote"]
    assert render(PersonBlock("x" * 18, remote="remote"), 20) == ["> " + "x" * 18, "  ⇄ remote"]
    assert render(RemoteBlock("allowed it")) == ["⇄ remote allowed it"]


def test_red_is_for_errors() -> None:
    renderer = BlockRenderer(MarkdownRenderer())
    for block in (NoticeBlock("error", "x"), AnswerBlock("[API Error: 400 x]", first=True)):
        assert all(style == theme.ERROR for line in renderer.render(block, 80) for style, _ in line)


def test_a_diff_goes_through_the_diff_view() -> None:
    rows = ("--- a/f", "+++ b/f", "@@ -1 +1 @@", "-a", "+b")
    assert render(ToolBlock("edit", "f", "ok", rows, hidden=2, diff=True)) == [
        "✓ edit   f",
        "  1 - a",
        "  1 + b",
        "  … 2 more lines (ctrl+o shows all)",
    ]
    assert render(ExpandedBlock("edit  f", "\n".join(rows), diff=True))[1:] == [
        "  1 - a",
        "  1 + b",
    ]


def test_what_is_folded_is_counted() -> None:
    block = ToolBlock("run_shell_command", "ls", "ok", ("z",), hidden=1)
    assert render(block)[1:] == ["  … 1 line above (ctrl+o shows all)", "  z"]


@pytest.mark.parametrize(
    ("width", "diff", "row"),
    [
        (80, False, "  … 54 lines above (ctrl+o shows all)"),
        (30, False, "  … 54 lines above (ctrl+o)"),
        (20, False, "  … 54 (ctrl+o)"),
        (30, True, "  … 54 more lines (ctrl+o)"),
    ],
)
def test_the_key_that_unfolds_is_named_in_a_narrow_window_too(
    width: int, diff: bool, row: str
) -> None:
    block = ToolBlock("Shell", "ls", "ok", ("z",), hidden=54, diff=diff)
    lines = BlockRenderer(MarkdownRenderer()).render(block, width)
    assert row in text_of(lines)


def test_blank_lines_stand_between_blocks_but_not_within_one() -> None:
    person, one_line = PersonBlock("a"), ToolBlock("glob", "x", "ok")
    assert render(person, previous=AnswerBlock("b"))[0] == ""
    assert render(person)[0] != ""
    assert render(AnswerBlock("b", joined=True), previous=AnswerBlock("a")) == ["  b"]
    assert render(one_line, previous=one_line) == ["✓ glob   x"]
