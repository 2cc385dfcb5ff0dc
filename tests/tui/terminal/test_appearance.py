"""The terminal's background: what it answers, whether in time, and what follows."""

from __future__ import annotations

import pytest
from prompt_toolkit.output import ColorDepth

from qwen_dual.frontends.tui.terminal.appearance import (
    ANSWER_SECONDS,
    QUERY,
    Appearance,
    background_in,
)
from qwen_dual.frontends.tui.text.theme import make_style
from tests.tui.support import Clock

DEPTH = ColorDepth.DEPTH_24_BIT
DARK_ANSWER = "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\"
LIGHT_ANSWER = "\x1b]11;rgb:fdfd/f6f6/e3e3\x07"


@pytest.mark.parametrize(
    ("answer", "background"),
    [
        (DARK_ANSWER, "dark"),
        (LIGHT_ANSWER, "light"),
        ("\x1b]11;rgb:00/2b/36\x07", "dark"),
        ("\x1b]11;#ffffff\x07", "light"),
        ("\x1b]11;rgba:0000/0000/0000/cccc\x07", "dark"),
        (f"x\x1b[I{LIGHT_ANSWER}y", "light"),
        ("\x1b]10;rgb:ffff/ffff/ffff\x07", None),
        ("\x1b]11;rgb:gggg/0/0\x07", None),
        ("", None),
    ],
)
def test_what_terminals_answer(answer: str, background: str | None) -> None:
    assert background_in(answer) == background


class Terminal:
    """An appearance, and how often it changed."""

    def __init__(self, name: str = "default") -> None:
        self.now = Clock()
        self.changes = 0
        self.asked: list[str] = []
        self.appearance = Appearance(DEPTH, name, self._change, self.now)
        self.appearance.ask(self.asked.append)
        self.appearance.ask(self.asked.append)

    def _change(self) -> None:
        self.changes += 1

    def accent(self) -> str:
        return str(self.appearance.style.get_attrs_for_style_str("class:accent").color)


def accent(name: str) -> str:
    return str(make_style(DEPTH, name).get_attrs_for_style_str("class:accent").color)


def test_it_is_asked_once_and_the_answer_decides() -> None:
    terminal = Terminal()
    assert terminal.asked == [QUERY]
    assert terminal.accent() == accent("default")
    assert not terminal.appearance.read("typed")
    assert terminal.appearance.read(LIGHT_ANSWER)
    assert terminal.accent() == accent("light")
    assert terminal.changes == 1


def test_an_answer_that_comes_late_changes_nothing() -> None:
    terminal = Terminal()
    terminal.now.time += ANSWER_SECONDS + 0.1
    assert terminal.appearance.read(DARK_ANSWER)
    assert terminal.accent() == accent("default")
    assert terminal.changes == 0


def test_a_theme_that_was_chosen_stays() -> None:
    terminal = Terminal("contrast-light")
    terminal.appearance.read(DARK_ANSWER)
    assert terminal.accent() == accent("contrast-light")
    terminal.appearance.choose("default")
    assert terminal.accent() == accent("dark")


def test_a_preview_shows_and_what_was_chosen_stays_chosen() -> None:
    terminal = Terminal("light")
    terminal.appearance.choose("dark", preview=True)
    assert (terminal.accent(), terminal.appearance.name) == (accent("dark"), "light")
    terminal.appearance.choose("light", preview=True)
    assert terminal.accent() == accent("light")
