"""``parse_command``: a line to the command that it is, or what is wrong with it."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

from msgspec import ValidationError, convert

from qwen_dual.protocol import COMMAND_TYPES
from qwen_dual.protocol.blocks import media_type_of
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.command_shapes import (
    NUMBERED,
    SHAPES,
    Command,
    ImageData,
    Submit,
    TextPart,
)
from qwen_dual.protocol.nesting import MAX_DEPTH, is_too_deep
from qwen_dual.protocol.regex import regex

ECHO_LIMIT = 200
"""Characters of a bad line or value that an error message may repeat."""

_MISSING = regex(r"Object missing required field `(.+)`")
_WRONG = regex(r"(.+?)(?: - at `\$\.(.+)`)?", re.DOTALL)


A_COMMAND = 'a command is a line such as {"type":"submit","text":"list"}'


class CommandError(ValueError):
    """A line that cannot be used.

    Attributes:
        code: ``not_json``, ``not_utf8``, ``unknown_type``, ``invalid`` or ``empty``.
        command_id: the line's ``id`` where it had a usable one, for its receipt.
    """

    def __init__(self, code: str, message: str, command_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.command_id = command_id


def parse_command(line: bytes) -> Command:
    """The command on one line (without its newline).

    Raises:
        CommandError: with a code and a message that says what was expected.
    """
    try:
        value = object_of(line)
    except CommandError as error:
        raise CommandError(error.code, f"{error}; {A_COMMAND}") from None
    return command_of(value)


def object_of(line: bytes, *, bounded: bool = True) -> dict[str, Any]:
    """The JSON object on one line (without its newline).

    Args:
        line: the line.
        bounded: whether one that nests too deep is none; else the caller looks at that.

    Raises:
        CommandError: it holds none.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise CommandError("not_utf8", f"the line is not UTF-8 at its byte {error.start}") from None
    try:
        value = decode(text)
    except NotJson as error:
        raise CommandError("not_json", f"not JSON ({error}): {echo(text)}") from None
    if not isinstance(value, dict):
        raise CommandError("invalid", f"expected a JSON object: {echo(text)}")
    if bounded and is_too_deep(value):
        raise CommandError("invalid", f"nested deeper than {MAX_DEPTH}: {echo(text)}")
    return value


def command_of(value: dict[str, Any]) -> Command:
    """The command that an object is.

    Raises:
        CommandError: with a code and a message that says what was expected.
    """
    for key in NUMBERED:
        if type(value.get(key)) is int:  # hosts number what they send
            value[key] = str(value[key])
    command_id = value.get("id")
    if not isinstance(command_id, str) or not command_id:
        command_id = None
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in COMMAND_TYPES:
        known = ", ".join(COMMAND_TYPES)
        raise CommandError(
            "unknown_type", f"unknown command type {echo(repr(kind))}; known: {known}", command_id
        )
    try:
        command = convert(value, SHAPES[kind])
    except ValidationError as error:
        raise CommandError("invalid", f"{kind}: {_wrong(str(error), value)}", command_id) from None
    if command.type == "submit":
        if command.content is None and "text" not in value:
            raise CommandError("invalid", "submit: text: Field required", command_id)
        _check_submit(command)
    elif command.type == "edit_queued" and not command.text.strip():
        raise CommandError("empty", "the text of a prompt must not be empty", command.id)
    return command


def _check_submit(command: Submit) -> None:
    says = bool(command.text.strip())
    for number, part in enumerate(command.content or (), 1):
        if isinstance(part, TextPart):
            says = says or bool(part.text.strip())
            continue
        says = True
        source = part.source
        if isinstance(source, ImageData) and media_type_of(source.data) is None:
            told = f"submit: content: block {number} is no base64 of a PNG, JPEG, GIF or WebP"
            raise CommandError("invalid", told, command.id)
    if not says:
        raise CommandError("empty", "the text of a submit must not be empty", command.id)


def _wrong(said: str, value: dict[str, Any]) -> str:
    """What is wrong with which key: where msgspec says the place last, it goes first here."""
    if missing := _MISSING.fullmatch(said):
        return f"{missing[1]}: Field required"
    found = _WRONG.fullmatch(said)
    assert found is not None
    what, where = found[1].replace("`", ""), found[2] or "line"
    if what.startswith("Invalid enum value"):
        what = f"Expected {_choices(get_type_hints(SHAPES[value['type']]).get(where))}"
    if where not in value:
        return f"{where}: {what}"
    return f"{where}: {what.partition(', got ')[0]}, not {echo(repr(value[where]))}"


def _choices(hint: Any) -> str:
    """The values of a ``Literal``, on its own or in a union."""
    inner = get_args(hint)
    values = inner if isinstance(inner[0], str) else get_args(inner[0])
    return " or ".join([", ".join(map(repr, values[:-1])), repr(values[-1])])


def echo(text: str) -> str:
    """As much of ``text`` as a message may repeat."""
    return text if len(text) <= ECHO_LIMIT else text[:ECHO_LIMIT] + "…"
