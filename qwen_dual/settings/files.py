"""Reads one settings file: JSON with comments and trailing commas, never written to."""

from __future__ import annotations

import re
from typing import Any

from qwen_dual.protocol.codec import NotJson, decode

MAX_BYTES = 1 << 20


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
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except OSError as error:
        raise BadFile(path, f"cannot be read ({error.strerror})") from None
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
    import json5  # only for a file with comments or trailing commas: it takes 10 ms to import

    try:
        return json5.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(path, _place(str(error))) from None


def _place(message: str) -> str:
    """``line 2, column 4: unexpected "o"`` of the parser's own message."""
    match = re.match(r"<string>:(\d+) (.*?)(?: at column (\d+))?$", message)
    if match is None:
        return f"does not parse ({message})"
    column = f", column {match[3]}" if match[3] else ""
    return f"does not parse at line {match[1]}{column}: {match[2][:1].lower()}{match[2][1:]}"


def line_of(text: str, key: str) -> int | None:
    """The line on which the last part of the dotted ``key`` first stands; a best effort."""
    match = re.search(rf'"?{re.escape(key.rsplit(".", 1)[-1])}"?\s*:', text)
    return text.count("\n", 0, match.start()) + 1 if match else None
