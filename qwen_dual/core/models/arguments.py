"""The arguments of a tool call as a model wrote them, read by the schema of the tool. Pure.

Models encode a list as a string, write one text where a list is expected, leave a comma
behind the last item, or wrap the whole in a Markdown fence. Such a value is taken where the schema leaves one reading and the value as it stands
does not fit; what could mean two things stays as it is, and the tool's own check refuses it. This
happens before anything else sees the call, so that the event, the approval and the tool have the
same arguments.

Follows the depth of the schema, never that of what the model sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.long_json import decode_long
from qwen_dual.protocol.nesting import is_too_deep
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LANGUAGE = regex(r"[\w-]*[ \t]*")  # behind the mark of a fence
_WHOLE = regex(r"[+-]?\d{1,18}(\.0+)?")
_NUMBER = regex(r"[+-]?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,3})?")
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
_NOTHING = frozenset({"", "null", "none"})
# A string without an end goes to the end of all: to try again behind each quote in it would take minutes.
_COMMA = regex(r'"(?:[^"\\]|\\.)*+"?|(?<![{\[,]),(?=\s*[}\]])', re.DOTALL)
_WORD_BREAKS = regex(r"[\s_-]+")


LONGEST_MENDED = 100_000
"""Characters of arguments up to which commas at the ends of lists are looked for."""


def read(
    raw: str, schema: Mapping[str, Any] | None = None, decode: Callable[[str], Any] = decode
) -> dict[str, Any] | None:
    """The arguments in ``raw``, or None where there is no object in it, or more than one reading.

    None too for what nests deeper than anything that is to be shown, judged and saved.

    Args:
        raw: the text of the arguments; none at all stands for an empty object.
        schema: the JSON Schema of the tool's arguments; None where the tool is not known.
        decode: reads JSON, as ``codec.decode`` does.
    """
    value = _parsed(raw if raw.strip() else "{}", decode)
    if isinstance(value, str):  # encoded twice
        value = _parsed(value, decode)
    if not isinstance(value, dict) or is_too_deep(value):
        return None
    return value if schema is None else _object(value, schema)


def read_long(raw: str, schema: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """What ``read`` returns for megabytes, in a thread, which leaves the interpreter to others."""

    def decode_text(text: str) -> Any:
        try:
            return decode_long(text.encode())
        except UnicodeEncodeError as error:  # halves of characters, which are no JSON
            raise NotJson(str(error)) from error

    return read(raw, schema, decode_text)


def _parsed(text: str, decode: Callable[[str], Any] = decode) -> Any:
    """The value of ``text``; None where it is none."""
    try:
        return decode(text)
    except NotJson:
        pass
    text = _without_fence(text.strip())
    value, rest = _value_at_start(text)
    if value is None and len(text) <= LONGEST_MENDED:  # a comma behind the last item
        value, rest = _value_at_start(_COMMA.sub(_without_comma, text))
    return value if not rest.replace("}", "", 1).strip() else None


def _without_fence(text: str) -> str:
    """What stands in a Markdown fence, without blanks before it; ``text`` where that is none."""
    if not (text.startswith("```") and text.endswith("```")):
        return text
    language, line_end, inner = text[3:-3].partition("\n")
    return inner.lstrip() if line_end and _LANGUAGE.fullmatch(language) else text


def _value_at_start(text: str) -> tuple[Any, str]:
    """The value that ``text`` begins with, None for none, and what follows it."""
    import json

    try:
        # Not strict: a line break within a string can only mean itself.
        value, end = json.JSONDecoder(strict=False, parse_constant=_refuse).raw_decode(text)
        json.dumps(value, ensure_ascii=False).encode()  # what no event could hold is no reading
    except (ValueError, RecursionError):
        return None, ""
    return value, text[end:]


def _without_comma(found: re.Match[str]) -> str:
    return "" if found[0] == "," else found[0]


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _object(value: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return value
    required = schema.get("required", ())
    read = {}
    for name, item in value.items():
        expected = properties.get(name)
        if isinstance(expected, dict):
            if name not in required and _is_nothing(item, expected):
                continue
            item = _value(item, expected)
        read[name] = item
    return read


def _is_nothing(value: object, schema: Mapping[str, Any]) -> bool:
    """Whether an optional argument was written out as not given."""
    kind = schema.get("type")
    if value is None:
        return kind is not None
    return (
        isinstance(value, str)
        and value.strip().lower() in _NOTHING
        and kind in ("integer", "number", "boolean", "array", "object")
        and not (kind == "array" and value.strip() and _takes_text(schema))
    )


def _takes_text(schema: Mapping[str, Any]) -> bool:
    items = schema.get("items")
    return isinstance(items, dict) and items.get("type") == "string"


def _value(value: Any, schema: Mapping[str, Any]) -> Any:
    """``value`` as the schema wants it, where it can be had; else as it is."""
    match schema.get("type"):
        case "string":
            return _text(value, schema)
        case "integer" | "number" as kind:
            return _number(value, kind)
        case "boolean":
            return _flag(value)
        case "array":
            return _list(value, schema)
        case "object":
            if isinstance(value, str):
                parsed = _parsed(value)
                value = parsed if isinstance(parsed, dict) else value
            return _object(value, schema) if isinstance(value, dict) else value
        case _:
            return value


def _text(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        import json

        return json.dumps(value)
    choices = schema.get("enum")
    if isinstance(value, str) and isinstance(choices, list) and value not in choices:
        word = _WORD_BREAKS.sub("_", value.strip()).lower()
        same = [each for each in choices if isinstance(each, str) and each.lower() == word]
        return same[0] if len(same) == 1 else value
    return value


def _number(value: Any, kind: str) -> Any:
    if isinstance(value, str):
        written = value.strip()
        if _WHOLE.fullmatch(written):
            return int(written.partition(".")[0])
        if kind == "number" and _NUMBER.fullmatch(written):
            return float(written)
    elif kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _flag(value: Any) -> Any:
    word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if isinstance(value, bool):
        return value
    return True if word in _TRUE else False if word in _FALSE else value


def _list(value: Any, schema: Mapping[str, Any]) -> Any:
    items = schema.get("items")
    expected = items if isinstance(items, dict) else {}
    if isinstance(value, str):
        parsed = _parsed(value)
        if isinstance(parsed, (list, dict)):
            value = parsed
        elif expected.get("type") == "string":
            value = [value]
    if isinstance(value, dict) and expected.get("type") == "object":
        value = [value]
    if not isinstance(value, list):
        return value
    return _numbered([_value(item, expected) for item in value], expected)


def _numbered(values: list[Any], schema: Mapping[str, Any]) -> list[Any]:
    """Gives each object that lacks a required ``id`` the first number that no other has."""
    if "id" not in schema.get("required", ()) or schema["properties"]["id"].get("type") != "string":
        return values
    taken = {str(each.get("id")) for each in values if isinstance(each, dict)}
    free = (str(number) for number in range(1, 2 * len(values) + 1) if str(number) not in taken)
    return [
        {**each, "id": next(free)}
        if isinstance(each, dict) and each.get("id") in (None, "")
        else each
        for each in values
    ]
