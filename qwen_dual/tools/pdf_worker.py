"""Pages of a PDF as text and pictures, as a program of its own.

PDFium reads anybody's file: as a process it can crash, be ended and take no more than its memory. It
runs by its path, with nothing of ours imported. Arguments: the first and the last page (from 1; 0 for the
last means all), the most pages, how many of them are pictured, and the bytes that the pictures may have
together. The PDF is on stdin; lines of JSON come out: ``{"pages"}``, then ``{"page", "text", "kind",
"data"}`` for each, or ``{"error"}``.
"""

from __future__ import annotations

import base64
import io
import json
import resource
import sys
from typing import Any

MAX_MEMORY = 3 << 30
MAX_SECONDS = 50
MAX_TEXT = 20_000
"""Characters of one page."""

SIDE = 1568
"""Pixels of a page's longer side: what Anthropic looks at."""

MAX_SCALE = 4.0
_QUALITIES = (80, 60, 40)
_SMALLEST = 500


def main() -> None:
    """Reads the pages that are asked for."""
    for limit, value in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CPU, MAX_SECONDS)):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):
            pass  # not on this system
    import pypdfium2

    first, last, most, pictured, room = map(int, sys.argv[1:6])
    try:
        document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
        count = len(document)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        say(error="it is locked with a password" if locked else "it is damaged, or no PDF")
        return
    say(pages=count)
    wanted = range(first, min(last or count, count) + 1)
    if len(wanted) > most:
        return
    share = room // max(1, min(pictured, len(wanted)))
    for place, number in enumerate(wanted):
        told: dict[str, Any] = {"page": number, "text": ""}
        try:
            page = document[number - 1]
            told["text"] = page.get_textpage().get_text_bounded()[:MAX_TEXT]
            if place < pictured:
                kind, data = picture(page, share)
                told |= {"kind": kind, "data": base64.b64encode(data).decode()}
        except Exception as error:  # noqa: BLE001 - of a page, which is told with it
            told["error"] = str(error)[:200]
        say(**told)


def picture(page: Any, room: int) -> tuple[str, bytes]:
    """A page as an image of at most ``room`` bytes: sharp where there is room."""
    width, height = page.get_size()
    side = SIDE
    while True:
        scale = min(side / max(width, height, 1.0), MAX_SCALE)
        image = page.render(scale=scale).to_pil().convert("RGB")
        data = saved(image, "PNG")
        if len(data) <= room:
            return "image/png", data
        for quality in _QUALITIES:
            data = saved(image, "JPEG", quality=quality)
            if len(data) <= room:
                return "image/jpeg", data
        side = int(side * 0.75)
        if side < _SMALLEST:
            raise ValueError("its picture is too large")


def saved(image: Any, form: str, **options: Any) -> bytes:
    """The file of an image."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def say(**line: Any) -> None:
    """Writes one line."""
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
