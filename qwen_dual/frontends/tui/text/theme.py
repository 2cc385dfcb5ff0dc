"""The colours: names for what is coloured, and the themes that say how.

Everything that is drawn names a class (``class:accent``), so that a theme is one style sheet and a
change of theme needs no rendering anew. It does not decide how many colours a terminal has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prompt_toolkit.styles import BaseStyle

ACCENT = "class:accent"
DIM = "class:dim"
ERROR = "class:error"
STRONG = "class:strong"
ADDED = "class:added"
REMOVED = "class:removed"
PERSON = "class:person"
ODD = "class:odd"
"""What hides in a foreign text, made visible."""

PLAIN = ""

AGENT_COLOURS = ("red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan")
"""What a sub-agent's file may have as its ``color``."""

DEFAULT = "default"

CODE_KINDS = ("keyword", "name", "string", "number", "comment")
"""The kinds of code that a theme tells apart, as ``code.keyword`` and, in a diff,
``added.keyword`` and ``removed.keyword``."""

# Of terminals and editors that many people use: VS Code, One Dark, Solarized, Dracula, GitHub.
_DARK = ("#000000", "#0d1117", "#1e1e1e", "#282a36", "#282c34", "#002b36")
_LIGHT = ("#ffffff", "#fafafa", "#fdf6e3", "#f2f2f2")


class Theme(Struct, frozen=True):
    """One way to colour everything.

    Attributes:
        name: what a person types.
        summary: what it is for, in a few words.
        backgrounds: the backgrounds that its colours are meant for.
        rules: style of each class where there are 256 colours or more.
        few: what differs where there are 16, whose values are the terminal's.
    """

    name: str
    summary: str
    backgrounds: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    few: Mapping[str, str] = field(default_factory=dict)


def _colours(
    *,
    accent: str,
    dim: str,
    error: str,
    added: str,
    removed: str,
    code: tuple[str, ...],
    agents: str,
) -> dict[str, str]:
    """Rules from colours; ``code`` has one for each of ``CODE_KINDS``, ``agents`` for their names."""
    rules = {
        "accent": accent,
        "dim": dim,
        "error": error,
        "added": added,
        "removed": removed,
        "link": f"underline {accent}",
    }
    rules |= {f"code.{kind}": colour for kind, colour in zip(CODE_KINDS, code, strict=True)}
    rules |= {f"agent.{n}": c for n, c in zip(AGENT_COLOURS, agents.split(), strict=True)}
    return rules


_ATTRIBUTES = {
    "accent": "bold",
    "dim": "dim",
    "error": "bold",
    "strong": "bold",
    "link": "underline",
    "selected": "bold reverse",
    # The rule at the left of what a person said, by which it is found in the scrollback.
    "person": "bold reverse",
    "odd": "bold reverse",
    # In a changed line the hue says what changed; what is code shows as weight.
    "added.keyword": "bold",
    "removed.keyword": "bold",
    "added.comment": "italic",
    "removed.comment": "italic",
    "code.keyword": "bold",
    "code.comment": "italic",
    # prompt-toolkit's own defaults paint backgrounds, which differ from theme to theme.
    "incsearch": "underline",
    "incsearch.current": "bold underline",
    "search": "noinherit underline",
    "search.current": "noinherit bold underline",
}

_PALETTE = _colours(
    accent="ansimagenta",
    dim="dim",
    error="ansired",
    added="ansigreen",
    removed="ansired",
    code=("ansimagenta", "ansiblue", "ansigreen", "ansicyan", "dim italic"),
    agents="ansired ansiblue ansigreen ansiyellow ansimagenta ansiyellow ansimagenta ansicyan",
)
_BRIGHT_PALETTE = _colours(
    accent="ansibrightmagenta",
    dim="dim",
    error="ansibrightred",
    added="ansibrightgreen",
    removed="ansibrightred",
    code=("ansibrightmagenta", "ansibrightcyan", "ansibrightgreen", "ansibrightyellow", "dim"),
    agents="ansibrightred ansibrightblue ansibrightgreen ansibrightyellow ansibrightmagenta "
    "ansibrightyellow ansibrightmagenta ansibrightcyan",
)

THEMES: tuple[Theme, ...] = (
    Theme(
        DEFAULT,
        "as the terminal's background is",
        # No colour has a contrast of 4.5 on white and on a grey of #1e1e1e, so it is the palette's own
        # until the terminal has said which of the two it is (``appearance``).
        (),
        _PALETTE,
        _PALETTE,
    ),
    Theme(
        "dark",
        "for dark backgrounds",
        _DARK,
        _colours(
            accent="#b0a2ff",
            dim="#9da3ae",
            error="#ff8a80",
            added="#7fd18b",
            removed="#ff9a92",
            code=("#b0a2ff", "#7fb8ff", "#a5d6a0", "#f0b878", "#9da3ae italic"),
            agents="#ff9a92 #7fb8ff #7fd18b #e8d27a #c9a6ff #f0b878 #ffa0cf #7fd6e0",
        ),
        _BRIGHT_PALETTE,
    ),
    Theme(
        "light",
        "for light backgrounds",
        _LIGHT,
        _colours(
            accent="#5a3fc8",
            dim="#5f6672",
            error="#b3261e",
            added="#14692f",
            removed="#a3221b",
            code=("#5a3fc8", "#0b559f", "#1d6a30", "#8a4700", "#5f6672 italic"),
            agents="#a3221b #0b559f #14692f #6b5300 #6a2fb5 #8a4700 #a3156f #00616e",
        ),
        _PALETTE,
    ),
    Theme(
        "contrast-dark",
        "the most contrast on a dark background",
        _DARK,
        _colours(
            accent="#ffd75f bold",
            dim="#d7d7d7",
            error="#ffafaf bold",
            added="#87ff87",
            removed="#ffafaf",
            code=("#ffd75f bold", "#87d7ff", "#afffaf", "#ffd7af", "#d7d7d7 italic"),
            agents="#ffafaf #87d7ff #87ff87 #ffd75f #d7afff #ffd7af #ffafd7 #87ffff",
        ),
        _BRIGHT_PALETTE | {"dim": "", "code.comment": "italic"},
    ),
    Theme(
        "contrast-light",
        "the most contrast on a light background",
        _LIGHT,
        _colours(
            accent="#3d00a8 bold",
            dim="#3a3a3a",
            error="#870000 bold",
            added="#00420f",
            removed="#870000",
            code=("#3d00a8 bold", "#00137a", "#00420f", "#5f2500", "#3a3a3a italic"),
            agents="#870000 #00137a #00420f #4d3c00 #3d00a8 #5f2500 #6b0044 #00404a",
        ),
        _PALETTE | {"dim": "", "code.comment": "italic"},
    ),
    Theme("mono", "no colours, only weight"),
)
"""All themes, the default first."""


def agent_colour(name: str) -> str:
    """The class for a sub-agent's colour; the accent where it has none that is known."""
    return f"class:agent.{name}" if name in AGENT_COLOURS else ACCENT


def names() -> tuple[str, ...]:
    """The names of all themes, in the order in which they are offered."""
    return tuple(theme.name for theme in THEMES)


def find(name: str) -> Theme | None:
    """The theme of this name, in any case; None when there is none."""
    wanted = name.strip().lower()
    return next((theme for theme in THEMES if theme.name == wanted), None)


def make_style(depth: ColorDepth, name: str = DEFAULT) -> BaseStyle:
    """The style sheet for a terminal of this many colours.

    Args:
        depth: with one bit the sheet is that of ``mono``, whatever the name: what a colour would
            have said must be said by an attribute.
        name: of a theme; an unknown one counts as the default.
    """
    theme = find(name) or THEMES[0]
    rules: dict[str, str] = dict(_ATTRIBUTES)
    if depth != ColorDepth.DEPTH_1_BIT and theme.rules:
        rules |= theme.few if depth == ColorDepth.DEPTH_4_BIT else theme.rules
        rules["selected"] = f"noreverse bold {rules['accent']}"
    rules["prompt"] = rules.get("accent", "")
    rules["person"] = f"bold reverse {rules['accent'].replace('bold', '')}"
    rules["code.inserted"], rules["code.deleted"] = rules.get("added", ""), rules.get("removed", "")
    return Style.from_dict(rules)
