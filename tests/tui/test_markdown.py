"""Markdown to lines, before and after rich is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qwen_dual.tui import theme
from qwen_dual.tui.lines import Line, width_of
from qwen_dual.tui.markdown import MarkdownRenderer
from tests.tui.support import text_of


@pytest.fixture(scope="module")
def loaded() -> MarkdownRenderer:
    renderer = MarkdownRenderer()
    renderer.load()
    return renderer


def test_without_rich_the_text_stands_as_it_is() -> None:
    renderer = MarkdownRenderer()
    assert not renderer.loaded
    assert text_of(renderer.render("**a**\n- b", 40)) == ["**a**", "- b"]


def test_plain_paragraphs_look_the_same_with_and_without_rich(loaded: MarkdownRenderer) -> None:
    text = "plain words, some of them\nin a second line and more words to wrap them around"
    assert loaded.render(text, 30) == MarkdownRenderer().render(text, 30)


def test_emphasis_headings_lists_and_code_are_styled(loaded: MarkdownRenderer) -> None:
    assert loaded.render("**a** `b`", 40) == [
        [("bold", "a"), ("", " "), (theme.ACCENT, "b")],
    ]
    assert loaded.render("## head", 40) == [[("bold", "head")]]
    assert text_of(loaded.render("- a\n- b", 40)) == [" • a", " • b"]
    assert text_of(loaded.render("```python\nx = 1\n```", 40)) == ["x = 1"]


@pytest.mark.parametrize("width", [16, 30, 80])
def test_nothing_is_as_wide_as_the_window_by_padding(loaded: MarkdownRenderer, width: int) -> None:
    text = "# h\n\n---\n\n```py\nx = 1\n```\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    for line in text_of(loaded.render(text, width)):
        assert line == line.rstrip()
        assert width_of(line) <= width


def test_markup_of_rich_and_emoji_codes_stay_text(loaded: MarkdownRenderer) -> None:
    text = "[red]x[/red] :smile: `[bold]`"
    assert text_of(loaded.render(text, 60)) == ["[red]x[/red] :smile: [bold]"]


def test_an_image_is_named_without_an_emoji(loaded: MarkdownRenderer) -> None:
    assert text_of(loaded.render("![a cat](cat.png)", 60)) == ["[image: a cat]"]


def test_a_renderer_that_fails_gives_the_plain_text() -> None:
    def fails(text: str, width: int) -> list[Line]:
        raise RuntimeError(text)

    assert text_of(MarkdownRenderer(fails).render("**a**", 40)) == ["**a**"]


def test_importing_the_front_end_does_not_import_what_is_heavy() -> None:
    script = (
        "import sys, qwen_dual.tui.app\n"
        "print([m for m in ('rich', 'pygments', 'pydantic', 'watchdog') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
