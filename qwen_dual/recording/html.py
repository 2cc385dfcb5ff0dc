"""A recording as one page that needs nothing else: its terminal and its chat, which move together.

The page's own script and style sheet are the only ones that its policy lets run, by their hashes; what was
recorded is packed, so that nothing of it can be taken for a part of the page.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zlib
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from qwen_dual.protocol.codec import encode
from qwen_dual.recording.folder import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from qwen_dual.recording.recorded import Recorded

MAX_BYTES = 256 << 20
"""Of a recording, unpacked: a browser holds all of it in memory, several times over."""

_PIECE = 1 << 16
_GZIP = 16 + zlib.MAX_WBITS


class PageParts(NamedTuple):
    """What the page is made of.

    Attributes:
        script: JavaScript, a module.
        style: a style sheet.
    """

    script: bytes
    style: bytes


def page_parts() -> PageParts:
    """The built page.

    Raises:
        RecordingError: it is not there.
    """
    folder = resources.files("qwen_dual") / "web" / "static" / "replay"
    try:
        return PageParts((folder / "replay.js").read_bytes(), (folder / "replay.css").read_bytes())
    except OSError:
        raise RecordingError(
            "the page for recordings is not built; `make page` does that, with Node and npm"
        ) from None


def html_of(
    recorded: Recorded, *, idle_limit: float | None = None, parts: PageParts | None = None
) -> bytes:
    """A recording as a page.

    Args:
        recorded: what is shown.
        idle_limit: seconds that a pause lasts at the most; None for what the recording says.
        parts: the page's own; the built ones unless given.

    Raises:
        RecordingError: the recording is too large, or cannot be read; the page is not built.
    """
    _check_size(recorded)
    file = io.BytesIO()
    _write(recorded, file, idle_limit, parts or page_parts())
    return file.getvalue()


def _check_size(recorded: Recorded) -> None:
    paths = [recorded.events, recorded.cast.path if recorded.cast is not None else ""]
    try:
        size = sum(os.path.getsize(path) for path in paths if path)
    except OSError as error:
        raise RecordingError(f"{error.filename}: {error.strerror}") from error
    if size > MAX_BYTES:
        raise _too_large()


def _too_large() -> RecordingError:
    return RecordingError(
        f"there is more in it than a browser can show at once ({MAX_BYTES >> 20} MiB)"
    )


def _write(recorded: Recorded, file: BinaryIO, idle_limit: float | None, parts: PageParts) -> None:
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash_of(parts.script)} 'wasm-unsafe-eval'",  # the player's terminal
            f"style-src {_hash_of(parts.style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    file.write(
        b'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        b'<meta http-equiv="Content-Security-Policy" content="%b">\n'
        b'<meta name="viewport" content="width=device-width">\n'
        b'<meta name="referrer" content="no-referrer">\n'
        b"<title>Recording</title>\n<style>%b</style>\n</head>\n<body>\n"
        b'<main id="page"></main>\n' % (policy.encode(), parts.style)
    )
    left = MAX_BYTES
    for name, lines in (
        ("meta", [encode(_meta_of(recorded, idle_limit))]),
        ("cast", _cast_of(recorded)),
        ("events", _events_of(recorded)),
    ):
        file.write(b'<script type="application/octet-stream" id="recording-%b">' % name.encode())
        left -= _pack(lines, file, left)
        file.write(b"</script>\n")
    file.write(b'<script type="module">%b</script>\n</body>\n</html>\n' % parts.script)


def _hash_of(text: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"


def _meta_of(recorded: Recorded, idle_limit: float | None) -> dict[str, object]:
    cast = recorded.cast
    command = recorded.meta.get("command")
    title = " ".join(map(str, command)) if isinstance(command, list) else ""
    if cast is not None:
        title = cast.header.title or cast.header.command or title
        idle_limit = cast.header.idle_limit if idle_limit is None else idle_limit
    return {"title": title, "idleLimit": idle_limit}


def _cast_of(recorded: Recorded) -> Iterator[bytes]:
    if recorded.cast is None:
        return
    try:
        with open(recorded.cast.path, "rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise RecordingError(f"{recorded.cast.path}: {error.strerror}") from error


def _events_of(recorded: Recorded) -> Iterator[bytes]:
    """Each line with its moment, which the page reads as JSON: one that is none is left out there."""
    for seconds, line, piece in recorded.lines() if recorded.events else ():
        if piece:
            continue
        yield b"[%b,%b]\n" % (b"null" if seconds is None else b"%.3f" % seconds, line.rstrip())


def _pack(pieces: Iterable[bytes], file: BinaryIO, most: int) -> int:
    """Writes pieces as gzip in base64; how many bytes they were."""
    packing = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    done, waiting = 0, bytearray()

    def put(data: bytes, *, last: bool = False) -> None:
        waiting.extend(data)
        # Only whole groups of three have no padding behind them.
        end = len(waiting) if last else len(waiting) - len(waiting) % 3
        file.write(base64.b64encode(waiting[:end]))
        del waiting[:end]

    for piece in pieces:
        done += len(piece)
        if done > most:
            raise _too_large()
        put(packing.compress(piece))
    if done:
        put(packing.flush(), last=True)
    return done
