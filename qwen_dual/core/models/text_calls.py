"""Tool calls that a model wrote into its answer as text, because its server did not read them. Pure.

Servers of open models parse what the model writes into calls, if they are told how; where they are
not, the answer ends with the raw notation. Only that is found here: one or more calls of tools that
exist, with nothing but white space after them, outside of code blocks.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST = 400_000
"""Characters at the end of an answer that are looked at."""

ATTEMPTS = 16
"""Places that may look like the first call; each costs one pass over what follows."""

_BEGINS = re.compile(
    r"<tool_calls?>|<function=|<function_calls>|<invoke name=|\[TOOL_CALLS\]|<\|python_tag\|>"
    r"|<\|tool_call\|>|<minimax:tool_call>"
    r"|<\|tool_calls?_(?:section_)?begin\|>|<｜tool▁calls?▁begin｜>"
)
_AROUND = re.compile(
    r"\s*(?:</?(?:tool_calls?|function_calls|minimax:tool_call)>|\[TOOL_CALLS\]"
    r"|<\|/?(?:python_tag|tool_call)\|>"
    r"|<\|tool_calls_section_(?:begin|end)\|>|<\|tool_call_end\|>"
    r"|<｜tool▁calls▁(?:begin|end)｜>|(?:```\s*)?<｜tool▁call▁end｜>|<｜end▁of▁sentence｜>)"
)
# Kimi's, DeepSeek's (of two versions) and Mistral's: a name before the JSON of the arguments.
_HEADS = (
    re.compile(
        r"\s*<\|tool_call_begin\|>\s*(?:functions\.)?([\w.-]+?)(?::\d+)?\s*"
        r"<\|tool_call_argument_begin\|>"
    ),
    re.compile(r"\s*<｜tool▁call▁begin｜>function<｜tool▁sep｜>([\w.-]+)\s*```(?:json)?"),
    re.compile(r"\s*<｜tool▁call▁begin｜>([\w.-]+)<｜tool▁sep｜>"),
    re.compile(r"\s*([\w.-]+)(?:\[CALL_ID\][\w-]+)?\[ARGS\]"),
)
_FUNCTION = re.compile(r"\s*<function=\s*\"?([\w.:-]+)\"?\s*>")
_INVOKE = re.compile(r"\s*<invoke name=\"([\w.:-]+)\"\s*>")
_NAME = re.compile(r"\s*([\w.:-]+)\s*(?=<arg_key>)")
_PARAMETER = re.compile(r"\s*<parameter(?:=|\s+name=)\"?([\w.:-]+)\"?[^<>]*>")
_KEY = re.compile(r"\s*<arg_key>\s*([\w.:-]+)\s*</arg_key>\s*<arg_value>")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


class TextCall(NamedTuple):
    """A call as it was written: the tool and the JSON text of the arguments."""

    name: str
    arguments: str


class _NoCall(Exception):
    pass


def find(text: str, tools: Collection[str]) -> list[TextCall]:
    """The calls at the end of ``text``; none where anything else stands there.

    Args:
        text: a whole answer.
        tools: the names of the tools there are.
    """
    rest = max(0, len(text) - 2 * LONGEST)  # where what is looked at begins
    rest = text.rfind("\n", max(0, rest - LONGEST), rest) + 1 or rest
    whole = text[rest:].strip()
    if not rest and whole[:1] in ("{", "[") and len(whole) <= LONGEST:
        found = _calls(whole, 0, tools)
        if found:
            return found
    start = max(0, len(whole) - LONGEST)
    for count, begin in enumerate(_BEGINS.finditer(whole, start)):
        if count == ATTEMPTS:
            break
        found = _calls(whole, begin.start(), tools)
        if found:
            fences = _fences(text, rest) + len(_FENCE.findall(whole, 0, begin.start()))
            return [] if fences % 2 == 1 else found
    return []


def _fences(text: str, end: int) -> int:
    """How many there are before ``end``; a part after the other, since each holds up other threads."""
    count = at = 0
    while at < end:
        until = min(text.find("\n", at + LONGEST, end) + 1 or end, end)
        count += len(_FENCE.findall(text, at, until))
        at = until
    return count


def _calls(text: str, at: int, tools: Collection[str]) -> list[TextCall]:
    """The calls that ``text`` consists of from ``at`` on; none where it does not."""
    found: list[TextCall] = []
    try:
        while at < len(text):
            if around := _AROUND.match(text, at):
                at = around.end()
                continue
            calls, at = _next(text, at)
            found += calls
    except _NoCall:
        return []
    return found if all(call.name in tools for call in found) else []


def _next(text: str, at: int) -> tuple[list[TextCall], int]:
    """The calls that begin at ``at``, and where they end.

    Raises:
        _NoCall: none does.
    """
    if head := _FUNCTION.match(text, at):
        body, end = _until(text, head.end(), "</function>")
        if body.lstrip().startswith("{"):
            return [TextCall(head[1], body.strip())], end
        return [TextCall(head[1], _parameters(body, _PARAMETER, "</parameter>"))], end
    if head := _INVOKE.match(text, at):
        body, end = _until(text, head.end(), "</invoke>")
        return [TextCall(head[1], _parameters(body, _PARAMETER, "</parameter>"))], end
    if head := _NAME.match(text, at):
        body, end = _until(text, head.end(), "</tool_call>")
        return [TextCall(head[1], _parameters(body, _KEY, "</arg_value>"))], end
    for pattern in _HEADS:
        if head := pattern.match(text, at):
            value, end = _json(text, head.end())
            return [_of_json({"name": head[1], "arguments": value})], end
    value, end = _json(text, at)
    return [_of_json(each) for each in (value if isinstance(value, list) else [value])], end


def _json(text: str, at: int) -> tuple[Any, int]:
    """The object or the list that stands at ``at``, and where it ends.

    Raises:
        _NoCall: there is none.
    """
    while at < len(text) and text[at].isspace():
        at += 1
    if text[at : at + 1] not in ("{", "["):
        raise _NoCall
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, at)
    except (ValueError, RecursionError):
        raise _NoCall from None


def _of_json(value: Any) -> TextCall:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise _NoCall
    arguments = value.get("arguments", value.get("parameters"))
    if isinstance(arguments, dict):
        arguments = encode(arguments).decode().rstrip("\n")
    if not isinstance(arguments, str) or len(value) > 3:
        raise _NoCall
    return TextCall(value["name"], arguments)


def _parameters(body: str, head: re.Pattern[str], close: str) -> str:
    """The arguments of a notation that has an element for each."""
    found: dict[str, str] = {}
    at = 0
    while match := head.match(body, at):
        value, at = _until(body, match.end(), close)
        found[match[1]] = value.removeprefix("\n").removesuffix("\n")
    if body[at:].strip():
        raise _NoCall
    return encode(found).decode().rstrip("\n")


def _until(text: str, at: int, close: str) -> tuple[str, int]:
    """What stands before ``close``, and where that ends; the last may lack it."""
    end = text.find(close, at)
    return (text[at:], len(text)) if end < 0 else (text[at:end], end + len(close))


def names(calls: Collection[TextCall]) -> str:
    """The tools of ``calls``, each once."""
    return ", ".join(dict.fromkeys(call.name for call in calls))
