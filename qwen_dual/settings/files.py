"""Reads one settings file: JSON with comments and trailing commas, never written to."""

from __future__ import annotations

import os
import re
import stat
from typing import Any

from qwen_dual.protocol.codec import NotJson, decode

MAX_BYTES = 1 << 20

MAX_LENIENT = 1 << 16
"""Characters of a file with comments: json5 takes 5 µs for each, and the start waits for it."""


class BadFile(ValueError):
    """A settings file that is there and cannot be used.

    Attributes:
        path: the file.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}; the file is left as it is and skipped")
        self.path = path


def read_object(path: str) -> tuple[dict[str, Any], str]:
    """The object in the file and the file's text; an empty object if there is no file.

    Raises:
        BadFile: it cannot be read or does not parse; says where.
    """
    try:
        # Non-blocking: a FIFO in a settings file's place must not hold up the start.
        with open(
            path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)
        ) as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            raw = file.read(MAX_BYTES + 1) if regular else b""
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except OSError as error:
        raise BadFile(path, f"cannot be read ({error.strerror})") from None
    if not regular:
        raise BadFile(path, "is not a regular file")
    if len(raw) > MAX_BYTES:
        raise BadFile(path, f"is larger than {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(path, f"is not UTF-8 at its byte {error.start}") from None
    value = _parse(path, text)
    if not isinstance(value, dict):
        raise BadFile(path, f"expected an object, not {type(value).__name__}")
    return value, text


def _parse(path: str, text: str) -> Any:
    if not text.strip():
        return {}
    try:
        return decode(text)
    except NotJson:
        pass
    if len(text) > MAX_LENIENT:
        problem = (
            f"is no plain JSON, and with comments no more than {MAX_LENIENT} characters are read"
        )
        raise BadFile(path, problem)
    import json5  # only for a file with comments or trailing commas: it takes 6 ms to import

    try:
        return json5.loads(text)
    except RecursionError:
        raise BadFile(path, "is nested too deep") from None
    except ValueError as error:
        raise BadFile(path, _place(str(error))) from None


def _place(message: str) -> str:
    """``line 2, column 4: unexpected "o"`` of the parser's own message."""
    match = re.fullmatch(r"<string>:(\d+) (.+) at column (\d+)", message, re.DOTALL)
    if match is None:
        return f"does not parse ({message})"
    found = match[2].replace("\n", "\\n")
    return f"does not parse at line {match[1]}, column {match[3]}: {found[:1].lower()}{found[1:]}"


def line_of(text: str, key: str) -> int | None:
    """The line on which the last part of the dotted ``key`` first stands; a best effort."""
    match = re.search(rf'(?<![\w-])"?{re.escape(key.rsplit(".", 1)[-1])}"?\s*:', text)
    return text.count("\n", 0, match.start()) + 1 if match else None
