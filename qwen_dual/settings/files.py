"""Reads one settings file: JSON with comments and trailing commas, written to by ``editing`` alone."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import Any

from qwen_dual.fs.foreign import ForeignFileError, inside, read_foreign
from qwen_dual.protocol.codec import NotJson, decode

MAX_BYTES = 1 << 20

MAX_DEPTH = 32
"""Nesting that is read; what walks through settings may recurse that far and no further."""


class BadFile(ValueError):
    """A settings file that is there and cannot be used.

    Attributes:
        path: the file.
        problem: what is wrong with it, and where.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}; the file is left as it is and skipped")
        self.path = path
        self.problem = problem


def read_object(path: str, root: str | None = None) -> tuple[dict[str, Any], str]:
    """The object in the file and the file's text; an empty object if there is no file.

    Args:
        path: the file.
        root: the folder that it must not lead out of; None for a file of the person's own.

    Raises:
        BadFile: it cannot be read or does not parse; says where.
    """
    text = read_text(path, root)
    if text is None:
        return {}, ""
    return parse_object(path, text), text


def parse_object(path: str, text: str) -> dict[str, Any]:
    """The object that the text of the file holds.

    Raises:
        BadFile: it does not parse, or holds something else.
    """
    value = _parse(path, text)
    if not isinstance(value, dict):
        raise BadFile(path, f"expected an object, not {type(value).__name__}")
    _check_depth(path, value)
    return value


def read_text(path: str, root: str | None = None) -> str | None:
    """The text of the file; None if there is no file.

    Args:
        path: the file.
        root: the folder that it must not lead out of; None for a file of the person's own, which
            may be a symbolic link anywhere.

    Raises:
        BadFile: it cannot be read, is no regular file, another user's, too large, or not UTF-8.
    """
    raw = read_bytes(path, root)
    return None if raw is None else decoded(path, raw)


def read_bytes(path: str, root: str | None = None) -> bytes | None:
    """What the file holds, as ``read_text`` reads it; None if there is no file.

    Raises:
        BadFile: it cannot be read, is no regular file, another user's, or too large.
    """
    try:
        if root is None:
            return read_foreign(path, limit=MAX_BYTES, follow=True)
        real, top = inside(path, root)
        return read_foreign(real, limit=MAX_BYTES, root=top)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ForeignFileError as error:
        raise BadFile(path, error.why) from None
    except OSError as error:
        raise BadFile(path, f"cannot be read ({error.strerror})") from None


def decoded(path: str, raw: bytes) -> str:
    """The text that the bytes of the file are, without a byte order mark.

    Raises:
        BadFile: they are not UTF-8.
    """
    try:
        return raw.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise BadFile(path, f"is not UTF-8 at its byte {error.start}") from None


def _parse(path: str, text: str) -> Any:
    if not text.strip():
        return {}
    try:
        return decode(text)
    except NotJson:
        pass
    import pyjson5  # only for a file with comments or trailing commas: 5 ms to import

    try:
        return pyjson5.decode(text, maxdepth=MAX_DEPTH + 1)
    except pyjson5.Json5NestingTooDeep:
        raise BadFile(path, "is nested too deep") from None
    except pyjson5.Json5EOF as error:
        if "No JSON data" in error.args[0]:  # nothing but comments
            return {}
        raise BadFile(path, _place(text, error.args[0], None)) from None
    except pyjson5.Json5DecoderException as error:
        raise BadFile(path, _place(text, error.args[0], error.args[2])) from None


def _place(text: str, message: str, found: str | bytes | None) -> str:
    """``does not parse at line 2, column 4: unexpected "o"`` of the parser's own message."""
    match = re.search(r"near (\d+)", message)
    # The parser names the character it was about to read, or the one before, or a word's first.
    at = max(int(match[1]) - 1, 0) if match else 0
    if isinstance(found, bytes):
        problem = f"unexpected {found.decode()}"
    elif found is not None:
        at = max(text.find(found, at), at)
        problem = f'unexpected "{found.encode("unicode_escape").decode()}"'
        if found == '"':
            problem = "unexpected '\"'; is a comma missing before it?"
    elif opened := re.search(r"Unclosed b?'(\w+)'", message):
        problem = f"what begins here has no end ({opened[1]})"
    else:
        problem = message
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return f"does not parse at line {line}, column {column}: {problem}"


def _check_depth(path: str, value: Any, depth: int = 0) -> None:
    """Refuses a depth at which what walks through settings would fail."""
    if depth > MAX_DEPTH:
        raise BadFile(path, "is nested too deep")
    if isinstance(value, dict):
        for item in value.values():
            _check_depth(path, item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_depth(path, item, depth + 1)
