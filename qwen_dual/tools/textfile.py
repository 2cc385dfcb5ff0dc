"""Files as text: opened without ever blocking, recognised if they are none, line ends and BOM kept.

Paths and rights are ``workspace``'s; what may be written is ``states``'s.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.tools.ports import NotRegular
from qwen_dual.tools.calls import failed
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    from typing import BinaryIO

    from qwen_dual.core.tools.ports import Files

BOM = b"\xef\xbb\xbf"
MAX_EDIT_BYTES = 32 << 20

_KINDS = {
    stat.S_IFLNK: "a symbolic link by now",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}
_MAGIC = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or a document in one)"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\xfd7zXZ\x00", "xz-compressed data"),
    (b"\x7fELF", "an ELF binary"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
)


class Version(Struct, frozen=True):
    """What a file held at one moment."""

    size: int
    digest: bytes


class TextFile(Struct, frozen=True):
    """A whole UTF-8 file; ``text`` is without the BOM and with its line ends as they are."""

    text: str
    bom: bool
    version: Version


def open_regular(files: Files, path: str, shown: str) -> BinaryIO:
    """The regular file ``path`` for reading; never waits for a pipe or a device.

    Args:
        files: has it.
        path: absolute and without links; one that is there by now is not followed.
        shown: its name for messages.

    Raises:
        ToolFailure: it is missing, is something else, or may not be read.
    """
    try:
        return files.open(path)
    except FileNotFoundError:
        raise ToolFailure(missing(files, path, shown)) from None
    except NotRegular as error:
        raise _other_than_file(error.mode, shown) from None
    except OSError as error:
        raise failed("read", shown, error) from error


def size_of(file: BinaryIO) -> int:
    """The bytes of an open file, which then stands at its start; 0 where they cannot be told."""
    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
    except OSError:  # those in /proc have none
        return 0
    return size


def load(files: Files, path: str, shown: str) -> TextFile | None:
    """The whole file for editing; None if it does not exist.

    Raises:
        ToolFailure: it is too large, no UTF-8 text, or may not be read.
    """
    if not files.exists(path):
        return None
    with open_regular(files, path, shown) as file:
        size = size_of(file)
        if size > MAX_EDIT_BYTES:
            raise ToolFailure(
                f"{shown} has {size:,} bytes; files over {MAX_EDIT_BYTES:,} are not edited here.",
                "Use run_shell_command.",
            )
        try:
            data = file.read()
        except OSError as error:
            raise failed("read", shown, error) from error
    what = recognise(data[:8192])
    if what is None:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            what = not_utf8(data[error.start], error.start)
    if what is not None:
        raise ToolFailure(f"{shown} is {what}; only UTF-8 text can be changed.")
    bom = data.startswith(BOM)
    return TextFile(
        text[1:] if bom else text,
        bom,
        version_of(data),
    )


def version_of(data: bytes) -> Version:
    """The version of a file that holds ``data``."""
    from hashlib import blake2b  # OpenSSL comes with it: 10 ms that no start needs

    return Version(len(data), blake2b(data).digest())


def recognise(start: bytes) -> str | None:
    """What a file that begins with ``start`` is, None if that may be text."""
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "a WebP image"
    for magic, name in _MAGIC:
        # "BM" and "ID3" begin texts too; a binary file has a NUL soon after.
        if start.startswith(magic) and (len(magic) > 3 or b"\0" in start or start[0] > 0x7E):
            return name
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16 text"
    return "a binary file" if b"\0" in start else None


def not_utf8(byte: int, offset: int) -> str:
    """Names text in another encoding by the first byte that shows it."""
    return (
        f"no UTF-8 text (byte 0x{byte:02X} at offset {offset}); it may be Latin-1 or "
        "Windows-1252, which `iconv -f` converts"
    )


def missing(files: Files, path: str, shown: str) -> str:
    """Says that ``path`` does not exist and names what comes nearest to it."""
    parent, name = os.path.split(path)
    while not os.path.isdir(parent):
        above, name = os.path.split(parent)
        if above == parent:
            break
        parent = above
    gone = "" if os.path.dirname(path) == parent else f" There is no {os.path.join(parent, name)}."
    import difflib

    try:
        near = difflib.get_close_matches(name, files.names(parent)[:5000], n=1)
    except OSError:
        near = []
    hint = f" Did you mean {os.path.join(parent, near[0])}?" if near else ""
    return f"{shown} does not exist.{gone}{hint}"


# -- line ends ---------------------------------------------------------------------------------


def newline_of(text: str) -> str | None:
    """The line end that every line of ``text`` has; None if they are mixed or there is none."""
    crlf = text.count("\r\n")
    if crlf == 0:
        return "\n" if "\n" in text else None
    return "\r\n" if crlf == text.count("\n") else None


def prevailing_newline(text: str) -> str:
    """The line end that most lines of ``text`` have."""
    crlf = text.count("\r\n")
    return "\r\n" if crlf * 2 > text.count("\n") else "\n"


def with_newlines(text: str, newline: str) -> str:
    """``text`` with every line end, CRLF or LF, as ``newline``."""
    text = text.replace("\r\n", "\n")
    return text if newline == "\n" else text.replace("\n", newline)


def pattern_for(old: str) -> re.Pattern[str]:
    """Matches ``old`` whatever the line ends of the file are."""
    lines = old.replace("\r\n", "\n").split("\n")
    return re.compile(r"\r?\n".join(re.escape(line) for line in lines))


def _other_than_file(mode: int, shown: str) -> ToolFailure:
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFDIR:
        return ToolFailure(f"{shown} is a folder.", "list_directory shows what is in it.")
    return ToolFailure(f"{shown} is {_KINDS.get(kind, 'no regular file')}, not a file.")
