"""The open end of an answer: as it will stand, and no dearer than it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.frontends.tui.markdown.markdown import MarkdownRenderer
from qwen_dual.frontends.tui.rendering.open_rendering import SHARE, OpenRendering
from qwen_dual.frontends.tui.rendering.transcript import LONG_TEXT
from qwen_dual.frontends.tui.text.lines import plain
from qwen_dual.frontends.tui.text.links import ESCAPE
from qwen_dual.frontends.tui.text.stream import BlockSplitter
from tests.tui.support import Clock, text_of

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.text.lines import Line


@pytest.fixture(scope="module")
def markdown() -> MarkdownRenderer:
    renderer = MarkdownRenderer()
    renderer.load()
    return renderer


TEXTS = [
    "| a | b |\n|---|--:|\n| one | 2 |\n| th",
    "- first\n- **second** with `code`\n  - below",
    "```python\ndef greet():\n    return 1",
    "1. one\n2. two",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_open_looks_as_it_will_stand(text: str, markdown: MarkdownRenderer) -> None:
    lines = OpenRendering(markdown.render).lines(text, 60, 20)
    assert lines is not None
    assert lines == markdown.render(text, 60)
    assert not any(mark in "\n".join(text_of(lines)) for mark in ("|", "**", "```", "- "))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Then:\n-", ["Then:"]),
        ("Then:\n- ", ["Then:"]),
        ("a\n2", ["a"]),
        ("| a | b |\n|---|-", ["| a | b |"]),
        ("Title\n===", ["Title"]),
        ("text\n``", ["text"]),
        ("-", []),
        (" \t- ", []),
        ("text -", ["text -"]),
        ("text\n" + " " * 100_000, ["text"]),
    ],
)
def test_what_could_become_anything_is_left_out(text: str, shown: list[str]) -> None:
    rendering = OpenRendering(lambda text, width: plain(text.split("\n")) if text else [])
    lines = rendering.lines(text, 60, 20)
    assert lines is not None
    assert text_of(lines) == shown


def test_a_long_row_of_blanks_costs_no_more_than_another_text() -> None:
    rendering = OpenRendering(lambda text, width: plain(text.split("\n")))
    assert rendering.lines("- text\n" + " " * 20_000 + "x", 60, 20) is None, "it is too long"
    assert rendering.lines("a\n-" + " " * 50_000 + "x\n" + "row\n" * 9, 60, 2) is None


class Slow:
    """Takes a second for each rendering, on a clock of its own."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.times = 0

    def __call__(self, text: str, width: int) -> list[Line]:
        self.times += 1
        self.clock.time += 1
        return plain([text])


def test_a_growing_block_is_rendered_as_often_as_its_cost_allows() -> None:
    slow = Slow()
    rendering = OpenRendering(slow, now=slow.clock)
    assert rendering.lines("one", 60, 5) == plain(["one"])
    assert rendering.lines("one two", 60, 5) == plain(["one"])
    told = [rendering.stale]
    slow.clock.time += SHARE - 1
    assert rendering.lines("one two", 60, 5) == plain(["one two"])
    assert [*told, rendering.stale] == [True, False]
    assert rendering.lines("one two", 60, 5) == plain(["one two"])
    assert slow.times == 2
    assert rendering.lines("another", 60, 5) == plain(["another"]), "a new block does not wait"
    assert rendering.lines("another", 40, 5) == plain(["another"])
    assert slow.times == 4, "nor does a new width"


def test_an_answer_that_began_before_it_could_be_rendered_is_rendered_then() -> None:
    renderer = MarkdownRenderer()
    rendering = OpenRendering(renderer.render, renderer.look)
    assert rendering.lines("- **b**", 60, 5) == plain(["- **b**"])
    renderer.load()
    assert text_of(rendering.lines("- **b**", 60, 5) or []) == ["• b"]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["```py", *(f"line {number}" for number in range(300))]),
        "\n".join(
            ["| a | b |", "|---|--:|", *(f"| row {number} | {number} |" for number in range(60))]
        ),
        "\n".join(f"- item **{number}**\n  with more" for number in range(60)),
        "\n".join(f"{number}. item `{number}`" for number in range(1, 60)),
        "\n".join(["1. one", *(f"1. item {number}" for number in range(60))]),
    ],
    ids=["code", "table", "list", "numbers", "one number"],
)
def test_of_a_long_block_what_is_in_sight_is_rendered_and_looks_as_the_whole_does(
    text: str, markdown: MarkdownRenderer
) -> None:
    sizes: list[int] = []

    def render(part: str, width: int) -> list[Line]:
        sizes.append(len(part))
        return markdown.render(part, width)

    lines = OpenRendering(render).lines(text, 60, 10)
    assert lines is not None
    assert text_of(lines) == text_of(markdown.render(text, 60))[-10:]
    assert sizes[0] < 700 or text.startswith("1. one")


def test_what_cannot_be_cut_and_is_too_long_stays_as_it_was_written() -> None:
    rendering = OpenRendering(lambda text, width: plain([text]))
    assert rendering.lines("word " * LONG_TEXT, 60, 10) is None
    assert rendering.lines("| a " * 200, 60, 10) is None


def test_links_are_text_until_they_are_finished() -> None:
    """A row is cut to the window, and only its cells that changed are written."""
    markdown = MarkdownRenderer(links=True)
    markdown.load()
    text = "- see [the manual](https://example.org/a/very/long/address) and some more words"
    assert any(style == ESCAPE for line in markdown.render(text, 60) for style, _ in line)
    lines = OpenRendering(markdown.render).lines(text, 60, 20)
    assert lines is not None
    assert text_of(lines) == ["• see the manual and some more words"]


@pytest.mark.parametrize("number", [False, True])
def test_a_list_in_parts_looks_as_it_does_whole(markdown: MarkdownRenderer, number: bool) -> None:
    words = "some `code` and **more** words than a row of the window has room for, by far"
    rows = [f"{f'{at}.' if number else '-'} {at} {words}\n   - below\n" for at in range(1, 10)]
    text = "".join(rows)
    splitter = BlockSplitter()
    parts = [*splitter.feed(text), *splitter.finish()]
    assert len(parts) > 2
    assert [part.joined for part in parts] == [False] + [True] * (len(parts) - 1)
    shown = [line for part in parts for line in markdown.render(part.text, 60)]
    assert shown == markdown.render(text, 60)
