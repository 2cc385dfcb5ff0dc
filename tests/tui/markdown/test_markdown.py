"""Markdown to lines, before and after rich is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qwen_dual.frontends.tui.markdown.markdown import MarkdownRenderer
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import Line, width_of
from qwen_dual.frontends.tui.text.links import CLOSE, ESCAPE, opening
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
    assert text_of(loaded.render("- a\n- b", 40)) == ["• a", "• b"]
    assert text_of(loaded.render("9. a\n9. b", 40)) == [" 9. a", "10. b"]
    assert text_of(loaded.render("> a\n> b", 40)) == ["│ a", "│ b"]
    assert text_of(loaded.render("```python\nx = 1\n```", 40)) == ["  x = 1"]
    assert text_of(loaded.render("```python\nx = 1\n```", 30)) == ["x = 1"]


def test_code_names_the_kinds_that_a_theme_colours(loaded: MarkdownRenderer) -> None:
    assert loaded.render("```python\nreturn 'a'  # b\n```", 30) == [
        [
            ("class:code.keyword", "return"),
            ("", " "),
            ("class:code.string", "'a'"),
            ("", "  "),
            ("class:code.comment", "# b"),
        ]
    ]
    assert loaded.render("```diff\n-a\n+b\n```", 30) == [
        [("class:code.deleted", "-a")],
        [("class:code.inserted", "+b")],
    ]
    assert loaded.render("```no-such-language\nreturn\n```", 30) == [[("", "return")]]


def test_what_looks_like_html_is_text(loaded: MarkdownRenderer) -> None:
    assert text_of(loaded.render("a Vec<String> </kbd> *b*", 60)) == ["a Vec<String> </kbd> b"]
    assert text_of(loaded.render("<div>\nhello\n</div>", 60)) == ["<div>", "hello", "</div>"]


@pytest.mark.parametrize(
    ("text", "bold", "rest"),
    [
        ("これは**「重要」**な点。", "「重要」", "これはな点。"),
        ("**注意：**请看", "注意：", "请看"),
        ("请看**这里。**然后", "这里。", "请看然后"),
        ("이것은 **중요(重要)**합니다", "중요(重要)", "이것은 합니다"),
        ("和**`x`**一起", "", "和x一起"),
        ("a**b**c", "b", "ac"),
    ],
)
def test_emphasis_needs_no_blanks_in_chinese_japanese_and_korean(
    loaded: MarkdownRenderer, text: str, bold: str, rest: str
) -> None:
    (line,) = loaded.render(text, 60)
    assert "".join(part for style, part in line if style == "bold") == bold
    assert "".join(part for style, part in line if style != "bold") == rest


@pytest.mark.parametrize("text", ["2 ** 3 ** 4", "snake_case_name a*b", 'x**"q"y'])
def test_what_is_no_emphasis_stays_as_it_is(loaded: MarkdownRenderer, text: str) -> None:
    assert text_of(loaded.render(text, 60)) == [text]


def test_lines_of_a_paragraph_stay_lines(loaded: MarkdownRenderer) -> None:
    assert text_of(loaded.render("roses are *red*,\nviolets are blue", 60)) == [
        "roses are red,",
        "violets are blue",
    ]
    assert text_of(loaded.render("- one\n  two", 60)) == ["• one", "  two"]


def test_footnotes_and_reference_links_are_shown(loaded: MarkdownRenderer) -> None:
    text = "See [the manual][1] and that[^a].\n\n[1]: https://example.org/x\n[^a]: A *note*."
    assert text_of(loaded.render(text, 60)) == [
        "See [the manual][1] and that[^a].",
        "",
        "[1]: https://example.org/x",
        "[^a]: A note.",
    ]


TABLE = "| name | what it is |\n|---|--:|\n| a | some words |\n| bbb | 2 |"


def test_a_table_has_one_line_and_its_columns_in_line(loaded: MarkdownRenderer) -> None:
    assert text_of(loaded.render(TABLE, 40)) == [
        "name   what it is",
        "─────────────────",
        "a      some words",
        "bbb             2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "| a |\n|---|\n| 1 | 2 |",
        "| a | b |\n|---|---|\n| `x|y` | z |",
        "> a | b\n> --|--\n> 1 | 2 | 3",
        "- | a | b |\n  |---|---|\n  | 1 | 2 | 3",
        "| a |\n|---|\n\n| b |\n|---|\n| 1 | 2 |",
    ],
)
def test_no_cell_of_a_table_is_left_out(loaded: MarkdownRenderer, text: str) -> None:
    shown = " ".join(text_of(loaded.render(text, 40)))
    assert set("abxyz123") & set(text) == set("abxyz123") & set(shown)


def test_a_row_with_as_many_cells_as_the_head_is_one_of_a_table(loaded: MarkdownRenderer) -> None:
    for row in ("| 1 | x \\| y |", "1 | x", "| 1 |", r"| 1 | x\|"):
        shown = text_of(loaded.render(f"| a | b |\n|---|---|\n{row}", 40))
        assert set(shown[1]) == {"─"}, row


@pytest.mark.parametrize("text", ["-", "#", "> ", "```", "``` ok", "```py\n```", "&nbsp;", "***a"])
def test_what_is_nothing_but_marks_is_shown(loaded: MarkdownRenderer, text: str) -> None:
    assert text_of(loaded.render(text, 40)) == text.rstrip().split("\n")


def test_a_table_that_does_not_fit_becomes_a_list_of_its_rows(loaded: MarkdownRenderer) -> None:
    wide = "| a | b | c |\n|---|---|---|\n| first cell | second cell | third cell |\n| x | y | z |"
    assert text_of(loaded.render(wide, 18)) == [
        "a: first cell",
        "b: second cell",
        "c: third cell",
        "",
        "a: x",
        "b: y",
        "c: z",
    ]


def test_raw_shows_the_source() -> None:
    renderer = MarkdownRenderer(lambda text, width: [[("", "rendered")]])
    source = "# head\n\n- **a**\nb"
    assert text_of(renderer.render(source, 40)) == ["rendered"]
    renderer.raw = True
    assert text_of(renderer.render(source, 40)) == ["# head", "", "- **a**", "b"]


@pytest.fixture(scope="module")
def linking() -> MarkdownRenderer:
    renderer = MarkdownRenderer(links=True)
    renderer.load()
    return renderer


def test_a_link_is_a_hyperlink_where_the_terminal_can(linking: MarkdownRenderer) -> None:
    (line,) = linking.render("see [docs](https://example.org/%C3%A9)", 60)
    assert line == [
        ("", "see "),
        opening("https://example.org/%C3%A9"),
        ("class:link", "docs"),
        CLOSE,
    ]


def test_each_row_of_a_wrapped_link_is_closed(linking: MarkdownRenderer) -> None:
    lines = linking.render(f"[{'several words ' * 5}](https://example.org)", 20)
    assert len(lines) > 3
    for line in lines:
        assert [line[0], line[-1]] == [opening("https://example.org"), CLOSE]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[docs](https://example.org)", "docs (https://example.org)"),
        ("<https://example.org>", "https://example.org"),
        ("<me@example.org>", "me@example.org"),
        ("[main](src/main.py)", "main (src/main.py)"),
    ],
)
def test_elsewhere_a_link_shows_its_address(
    loaded: MarkdownRenderer, source: str, shown: str
) -> None:
    assert text_of(loaded.render(source, 60)) == [shown]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[run](javascript:alert(1))", "run (javascript:alert(1))"),
        ("[main](src/main.py)", "main (src/main.py)"),
        ("[https://good.org](https://evil.org)", "https://good.org (https://evil.org)"),
        ("[good.org](https://evil.org)", "good.org (https://evil.org)"),
    ],
)
def test_a_link_that_is_not_safe_shows_its_address(
    linking: MarkdownRenderer, source: str, shown: str
) -> None:
    (line,) = linking.render(source, 60)
    assert all(style != ESCAPE for style, _ in line)
    assert text_of([line]) == [shown]


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
    assert text_of(loaded.render("![a cat](cat.png)", 60)) == ["[image: a cat] (cat.png)"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See ![x](a.png) and &copy; of it", ["See [image: x] (a.png) and", "© of it"]),
        ("![](a.png), ![](data:x,y) ![d](data:x,y)", ["[image: a.png], [image]", "[image: d]"]),
        ("[![ci](badge.svg)](https://x.y)", ["[image: ci] (https://x.y)"]),
        ("- one ![x](a.png) two three", ["• one [image: x] (a.png)", "  two three"]),
        ("| a |\n|---|\n| ![x](a.png) |", ["a", "─" * 18, "[image: x] (a.png)"]),
        ("# ![x](a.png) title", ["[image: x] (a.png) title"]),
    ],
)
def test_an_image_is_named_where_it_stands(
    text: str, shown: list[str], loaded: MarkdownRenderer
) -> None:
    assert [line.strip() for line in text_of(loaded.render(text, 26))] == [
        line.strip() for line in shown
    ]


def test_a_renderer_that_fails_gives_the_plain_text() -> None:
    def fails(text: str, width: int) -> list[Line]:
        raise RuntimeError(text)

    assert text_of(MarkdownRenderer(fails).render("**a**", 40)) == ["**a**"]


def test_importing_the_front_end_does_not_import_what_is_heavy() -> None:
    script = (
        "import sys, qwen_dual.frontends.tui.app\n"
        "print([m for m in ('rich', 'pygments', 'pydantic', 'watchdog') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
