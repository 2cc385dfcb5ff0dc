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


def pdf(*pages: str) -> bytes:
    """A PDF whose pages have one line of text each."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Contents {len(objects)} 0 R /Resources << /Font << /F1 "
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return f"{out}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()
