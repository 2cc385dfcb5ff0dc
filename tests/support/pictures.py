"""Real images, made with Pillow: a test that uses them is skipped where that is missing."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest


def picture(
    width: int = 40,
    height: int = 30,
    form: str = "PNG",
    *,
    mode: str = "RGB",
    noise: bool = False,
    **options: Any,
) -> bytes:
    """A file of the format ``form``.

    Args:
        width: in pixels.
        height: in pixels.
        form: as Pillow calls it.
        mode: of its colours, as Pillow calls it.
        noise: nothing that could be compressed.
        options: to save it with.
    """
    image = pytest.importorskip("PIL.Image")
    made = image.new("RGB", (width, height), "teal")
    if noise:
        made = image.effect_noise((width, height), 90).convert("RGB")
    out = BytesIO()
    made.convert(mode).save(out, form, **options)
    return out.getvalue()


def turned(orientation: int, width: int = 40, height: int = 30) -> bytes:
    """A JPEG that Exif says to turn."""
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[0x0112] = orientation
    return picture(width, height, "JPEG", exif=exif)


def animation(frames: int = 3, form: str = "GIF") -> bytes:
    """A film of ``frames`` pictures."""
    image = pytest.importorskip("PIL.Image")
    pictures = [image.new("RGB", (20, 10), (index * 40, 0, 0)) for index in range(frames)]
    out = BytesIO()
    pictures[0].save(out, form, save_all=True, append_images=pictures[1:], duration=50, loop=0)
    return out.getvalue()
