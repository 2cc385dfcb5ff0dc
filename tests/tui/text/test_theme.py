"""Themes: legible where they are meant for, and honest about how many colours there are."""

from __future__ import annotations

import pytest
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import _EscapeCodeCache

from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.theme import CODE_KINDS, THEMES, Theme, make_style

CLASSES = [
    "accent",
    "dim",
    "error",
    "strong",
    "added",
    "removed",
    "link",
    "prompt",
    "selected",
    "person",
    *(f"{base}.{kind}" for base in ("code", "added", "removed") for kind in CODE_KINDS),
    "code.inserted",
    "code.deleted",
]
LEAST = 4.5
DEPTHS = [ColorDepth.DEPTH_24_BIT, ColorDepth.DEPTH_8_BIT]


def luminance(colour: str) -> float:
    """As WCAG has it."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colour_256(number: int) -> str:
    """What xterm shows for a colour of its palette from 16 on."""
    if number >= 232:
        return f"{8 + 10 * (number - 232):02x}" * 3
    steps = (0, 95, 135, 175, 215, 255)
    number -= 16
    return "".join(f"{steps[part]:02x}" for part in (number // 36, number // 6 % 6, number % 6))


def shown_colour(style: str, name: str, depth: ColorDepth) -> str:
    """The foreground that reaches the terminal as RGB; empty for one of its own."""
    attributes = make_style(depth, name).get_attrs_for_style_str(style)
    codes = _EscapeCodeCache(depth)[attributes]
    if "38;2;" in codes:
        return "".join(f"{int(part):02x}" for part in codes.split("38;2;")[1][:-1].split(";")[:3])
    if "38;5;" in codes:
        return colour_256(int(codes.split("38;5;")[1].rstrip("m").split(";")[0]))
    return ""


@pytest.mark.parametrize("depth", DEPTHS, ids=["24 bit", "256 colours"])
@pytest.mark.parametrize("chosen", THEMES, ids=lambda chosen: chosen.name)
def test_everything_is_legible_on_the_backgrounds_it_is_meant_for(
    chosen: Theme, depth: ColorDepth
) -> None:
    least = 7 if chosen.name.startswith("contrast") else LEAST
    for name in CLASSES:
        colour = shown_colour(f"class:{name}", chosen.name, depth)
        for background in chosen.backgrounds if colour else ():
            found = contrast(colour, background[1:])
            assert found >= least, f"{name} #{colour} on {background}: {found:.2f}"


COMMON = {
    "dark": ["#1e1e1e", "#282c34", "#002b36", "#000000", "#282a36", "#0d1117"],
    "light": ["#fdf6e3", "#ffffff"],
}


@pytest.mark.parametrize("chosen", THEMES, ids=lambda chosen: chosen.name)
def test_every_theme_with_colours_of_its_own_is_meant_for_all_common_backgrounds(
    chosen: Theme,
) -> None:
    own = [name for name in CLASSES if shown_colour(f"class:{name}", chosen.name, DEPTHS[0])]
    kind = "dark" if "dark" in chosen.name else "light"
    assert not own or set(COMMON[kind]) <= set(chosen.backgrounds)
    assert bool(own) == (chosen.name not in (theme.DEFAULT, "mono"))


def test_the_contrast_is_measured_as_the_standard_says() -> None:
    assert round(contrast("000000", "ffffff"), 2) == 21
    assert round(contrast("777777", "ffffff"), 2) == 4.48


@pytest.mark.parametrize("chosen", THEMES, ids=lambda chosen: chosen.name)
@pytest.mark.parametrize("depth", [ColorDepth.DEPTH_1_BIT, ColorDepth.DEPTH_4_BIT])
def test_few_colours_are_the_terminals_own(chosen: Theme, depth: ColorDepth) -> None:
    style = make_style(depth, chosen.name)
    for name in CLASSES:
        attributes = style.get_attrs_for_style_str(f"class:{name}")
        colour = attributes.color or ""
        assert colour == "" if depth == ColorDepth.DEPTH_1_BIT else not colour[:1].isdigit()
        assert not attributes.bgcolor
        assert not colour or colour.startswith("ansi")


@pytest.mark.parametrize("depth", list(ColorDepth))
@pytest.mark.parametrize("chosen", THEMES, ids=lambda chosen: chosen.name)
def test_what_matters_differs_from_plain_text(chosen: Theme, depth: ColorDepth) -> None:
    style = make_style(depth, chosen.name)
    plain = style.get_attrs_for_style_str("")
    for name in ("accent", "error", "strong", "selected", "link", "prompt"):
        assert style.get_attrs_for_style_str(f"class:{name}") != plain, name


@pytest.mark.parametrize("depth", list(ColorDepth))
def test_the_selected_choice_differs_from_the_others_in_weight(depth: ColorDepth) -> None:
    for name in theme.names():
        assert make_style(depth, name).get_attrs_for_style_str("class:selected").bold


def test_without_colours_every_theme_is_mono() -> None:
    mono = make_style(ColorDepth.DEPTH_24_BIT, "mono")
    for name in theme.names():
        sheet = make_style(ColorDepth.DEPTH_1_BIT, name)
        for each in CLASSES:
            style = f"class:{each}"
            assert sheet.get_attrs_for_style_str(style) == mono.get_attrs_for_style_str(style)


def test_an_unknown_theme_is_the_default() -> None:
    depth = ColorDepth.DEPTH_24_BIT
    unknown, default = make_style(depth, "no such"), make_style(depth)
    for name in CLASSES:
        style = f"class:{name}"
        assert unknown.get_attrs_for_style_str(style) == default.get_attrs_for_style_str(style)


def test_themes_are_found_by_name() -> None:
    assert theme.names()[0] == theme.DEFAULT
    assert len(set(theme.names())) == len(THEMES) >= 5
    found = theme.find(" Dark ")
    assert found is not None and found.name == "dark"
    assert theme.find("no such") is None
