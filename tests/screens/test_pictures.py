"""The pictures of the docs: cells from bytes, and an SVG from cells."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs.screenshots.cells import rows_of
from docs.screenshots.scenes import SCENES, Scene
from docs.screenshots.svg import PALETTES, Palette, picture

IMAGES = Path(__file__).parents[2] / "docs" / "images"
TEXT = "{http://www.w3.org/2000/svg}text"


def test_cells_have_the_colours_and_attributes_that_were_written() -> None:
    raw = b"\x1b[?25l\x1b[1ma\x1b[0;2mb\x1b[22mc\x1b[0;38;2;1;2;5md\x1b[0;31;4me\x1b[0;38;5;2mf\x1b[0;7mg"
    (row,) = rows_of(raw, 3, 7)
    bold, dim, plain, rgb, red, green, reverse = row
    assert (bold.text, bold.bold, bold.dim) == ("a", True, False)
    assert (dim.dim, plain.dim) == (True, False)
    assert (rgb.fg, rgb.dim, red.fg, red.underline) == ("010205", False, "red", True)
    assert green.fg not in ("default", "") and not green.dim
    assert (reverse.fg, reverse.bg) == ("background", "foreground")


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_a_picture_holds_the_text_where_it_stands(palette: Palette) -> None:
    rows = rows_of("\x1b[31m<a> & b\x1b[0m\r\n  ✦ c".encode(), 5, 10)
    drawn = picture(rows, palette, title="a & b")
    assert drawn == picture(rows, palette, title="a & b")
    tree = ElementTree.fromstring(drawn)
    texts = [(each.text, each.get("fill")) for each in tree.iter(TEXT)]
    red = f"#{palette.colours['red']}"
    assert texts == [("<a> & b", red), ("✦", None), ("c", None)]
    left = [float(each.get("x") or 0) for each in tree.iter(TEXT)]
    assert left[0] < left[1] < left[2]


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_scene_has_a_picture_in_the_docs(scene: Scene, palette: Palette) -> None:
    tree = ElementTree.parse(IMAGES / f"{scene.name}-{palette.name}.svg")
    words = " ".join(each.text or "" for each in tree.iter(TEXT)).split()
    assert len(words) > 10
    assert " ".join(scene.until.split()) in " ".join(words)
