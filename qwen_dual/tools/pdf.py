"""Pages of a PDF for a model: their text, and pictures of them for one that sees.

As pictures they can be shown by every service, while documents of their own only some take. PDFium
makes them (the extra ``images``), in a process of its own. Blocks: for a thread.
"""

from __future__ import annotations

import json
import os
import re
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.blocks import image_block, text_block
from qwen_dual.protocol.sanitise import sanitise
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from qwen_dual.core.tools.ports import Processes
    from qwen_dual.protocol.shapes import ImageBlock, TextBlock

MAX_PAGES = 20
"""Pages of one call."""

WHOLE_PAGES = 10
"""Pages of a PDF that is read whole where no pages are named."""

PICTURED = 6
"""Pages of one call that are pictured: more would be too small to be read."""

MAX_BYTES = 50_000_000
SECONDS = 60.0

INSTALL = "pip install 'qwen-dual[images]'"

_PAGES = re.compile(r"(\d{1,6})(?:\s*-\s*(\d{1,6})?)?")
_MAX_OUTPUT = 64 << 20


def parse_pages(pages: str) -> tuple[int, int]:
    """The first and the last page that ``pages`` names; 0 for the last is the end.

    Raises:
        ValueError: it names none; the text says what would.
    """
    match = _PAGES.fullmatch(pages.strip())
    first = int(match[1]) if match else 0
    last = first if match and "-" not in pages else int(match[2] or 0) if match else 0
    if first < 1 or (last and last < first):
        raise ValueError(f"pages: expected such as '3', '1-5' or '7-', not {pages[:100]!r}")
    return first, last


def read_pages(
    shown: str,
    data: bytes,
    pages: str,
    room: int,
    processes: Processes,
    env: Mapping[str, str],
    gone: threading.Event,
) -> list[TextBlock | ImageBlock]:
    """The blocks for some pages of a PDF.

    Args:
        shown: its path.
        data: the file.
        pages: which, as ``parse_pages`` reads it; empty for all of a short one.
        room: bytes that the pictures may have together.
        processes: start what reads it.
        env: its environment.
        gone: ends it when set.

    Raises:
        ToolFailure: it cannot be read, or is too long to be read whole.
    """
    if find_spec("pypdfium2") is None or find_spec("PIL") is None:
        told = f"{shown} is a PDF, {len(data):,} bytes. To have its pages read: {INSTALL}"
        raise ToolFailure(told)
    if len(data) > MAX_BYTES:
        raise ToolFailure(f"{shown} is a PDF of more than {MAX_BYTES:,} bytes, and not read.")
    first, last = parse_pages(pages) if pages else (1, 0)
    most = MAX_PAGES if pages else WHOLE_PAGES
    worker = os.path.join(os.path.dirname(__file__), "pdf_worker.py")
    numbers = [str(number) for number in (first, last, most, PICTURED, room)]
    command = [sys.executable, "-X", "utf8", "-I", "-W", "ignore", worker, *numbers]
    lines = _run(command, data, processes, env, gone)
    head = lines[0] if lines else {"error": "it is too large, or crashes what reads it"}
    if "error" in head:
        raise ToolFailure(f"{shown} is a PDF that cannot be read: {head['error']}.")
    count = int(head.get("pages", 0))
    if first > count:
        raise ToolFailure(f"{shown} has {count} pages; there is no page {first}.")
    if len(lines) == 1:
        told = f"{shown} has {count} pages; {most} are read at a time."
        raise ToolFailure(told, "Name them with pages, such as '1-10'.")
    until = int(lines[-1]["page"])
    blocks: list[TextBlock | ImageBlock] = [
        text_block(f"Pages {first}-{until} of {count} of {shown}.")
    ]
    for line in lines[1:]:
        blocks += _page(line)
    if until < min(last or count, count):
        blocks.append(text_block(f"(After page {until} it could not be read any further.)"))
    return blocks


def _run(
    command: list[str],
    data: bytes,
    processes: Processes,
    env: Mapping[str, str],
    gone: threading.Event,
) -> list[dict[str, Any]]:
    """What the worker has said, whether it came to its end or not."""
    output = bytearray()
    group = processes.start(command, "/", env, data)

    def tick() -> float:
        if gone.is_set():
            group.stop()
        return 0.05

    def feed(piece: bytes) -> None:
        output.extend(piece[: _MAX_OUTPUT - len(output)])

    group.pump(feed, tick, SECONDS)
    whole = bytes(output).rpartition(b"\n")[0].split(b"\n")
    return [json.loads(line) for line in whole if line.startswith(b"{")]


def _page(line: dict[str, Any]) -> list[TextBlock | ImageBlock]:
    text = sanitise(str(line["text"])).strip() or "(no text)"
    what = f" ({line['error']})" if line.get("error") else ""
    blocks: list[TextBlock | ImageBlock] = [text_block(f"--- Page {line['page']}{what}\n{text}")]
    if line.get("data"):
        blocks.append(image_block(line["kind"], line["data"]))
    return blocks
