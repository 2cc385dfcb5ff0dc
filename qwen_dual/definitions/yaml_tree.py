"""A small piece of YAML as plain values, within bounds; what real files have, the strict reader or not.

Read event by event, so that depth and number are counted while it is read, and without aliases: an
anchor that is named ten times in each of ten levels is a small file and a large tree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 16
MAX_NODES = 2_000

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_REAL = re.compile(r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_LINE = re.compile(r"(?P<key>[A-Za-z_][\w-]*):[ \t]+(?P<value>[^\s'\"|>].*)")


class BadYaml(ValueError):
    """It is none, or more than is read.

    Attributes:
        line: where, from 1.
        why: what is wrong.
        beyond: whether it may be right, and is more than is read.
    """

    def __init__(self, line: int, why: str, *, beyond: bool = False) -> None:
        super().__init__(why)
        self.beyond = beyond
        self.line = line
        self.why = why


class Mapped(Struct, frozen=True):
    """The mapping that a text is.

    Attributes:
        values: what each key has: text, truth, a number, a list, a mapping, or None.
        texts: of the keys that have a single value, that value as it is written.
        lines: where each key stands, from 1.
    """

    values: dict[str, Any]
    texts: dict[str, str]
    lines: dict[str, int]


def read_mapping(text: str) -> Mapped:
    """What ``text`` says.

    A value with ``: `` or `` #`` in it, or one that begins like something else of YAML, is taken as
    the words it is: descriptions are written by people, and no other program minds.

    Raises:
        BadYaml: it cannot be read, even so, or is no mapping.
    """
    try:
        return _read(text)
    except BadYaml as error:
        if error.beyond or (plain := _quoted(text)) == text:
            raise
        try:
            return _read(plain)
        except BadYaml:
            raise error from None


def _quoted(text: str) -> str:
    """``text`` with the one-line values of its outermost keys as quoted text."""
    return "\n".join(_quoted_line(line) for line in text.split("\n"))


def _quoted_line(line: str) -> str:
    found = _LINE.fullmatch(line.rstrip(" \t"))
    if found is None or _is_flow(found["value"]):
        return line
    value = found["value"].replace("'", "''")
    return f"{found['key']}: '{value}'"


def _is_flow(value: str) -> bool:
    """Whether it is a list or mapping, or the beginning of one, and not ``[words] with brackets``."""
    if value[0] not in "[{":
        return False
    if value.count("[") != value.count("]") or value.count("{") != value.count("}"):
        return True
    try:
        _read(f"value: {value}")
    except BadYaml:
        return False
    return True


def _read(text: str) -> Mapped:
    import yaml  # 15 ms: for those who have such files

    try:
        return _Tree(text, yaml.parse(text, Loader=yaml.SafeLoader)).whole()
    except yaml.MarkedYAMLError as error:
        mark, why = error.problem_mark or error.context_mark, str(error.problem or error.context)
        if "<stream end>" in why and error.context_mark is not None:  # it is where that begins
            mark = error.context_mark
            why = f"not closed: {str(error.context).removeprefix('while parsing ')}"
        elif "quoted scalar" in str(error.context) and error.context_mark is not None:
            mark = error.context_mark
            if "end of stream" in why or "document separator" in why:
                why = "a quotation mark has no second one"
        raise BadYaml(_line(text, mark) if mark else 1, why) from None
    except yaml.YAMLError as error:  # a character that YAML has not
        before = text[: max(getattr(error, "position", 0), 0)]
        raise BadYaml(before.count("\n") + 1, "a character that no YAML may have") from None


class _Tree:
    """Builds values from the events of a parser."""

    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self._text = text
        self._events = events
        self._nodes = 0

    def whole(self) -> Mapped:
        """The mapping that the first document is; an empty one where there is nothing."""
        import yaml

        for event in self._events:
            if isinstance(event, yaml.MappingStartEvent):
                return self._outermost()
            if isinstance(event, yaml.StreamEndEvent):
                break
            if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
                raise BadYaml(self._line(event), "expected lines like “name: value”")
        return Mapped({}, {}, {})

    def _outermost(self) -> Mapped:
        import yaml

        found = Mapped({}, {}, {})
        for key, line in self._keys():
            event = next(self._events)
            found.lines[key] = line
            found.values[key] = self._value(event, 1)
            if (text := getattr(event, "value", None)) is not None:
                found.texts[key] = text
        for event in self._events:  # what follows may still be wrong
            if isinstance(event, yaml.DocumentStartEvent):
                raise BadYaml(self._line(event), "one block of YAML is read, not a second one")
        return found

    def _keys(self) -> Iterator[tuple[str, int]]:
        """Each key of the mapping that has begun; whoever asks reads the value in between."""
        import yaml

        seen: set[str] = set()
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            if not isinstance(event, yaml.ScalarEvent):
                raise BadYaml(self._line(event), "a key is a word")
            if event.value in seen:
                raise BadYaml(self._line(event), f"“{event.value}” is there twice")
            seen.add(event.value)
            yield event.value, self._line(event)

    def _line(self, event: Any) -> int:
        return _line(self._text, event.start_mark)

    def _value(self, event: Any, depth: int) -> Any:
        import yaml

        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise BadYaml(self._line(event), "more than is read of such a file", beyond=True)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            for item in self._events:
                if isinstance(item, yaml.SequenceEndEvent):
                    break
                items.append(self._value(item, depth + 1))
            return items
        if isinstance(event, yaml.MappingStartEvent):
            return {key: self._value(next(self._events), depth + 1) for key, _ in self._keys()}
        raise BadYaml(self._line(event), "an alias (“*name”), which is not followed here")


def _scalar(text: str) -> Any:
    """What a word without quotes is: the rules of YAML 1.2, where ``no`` and ``on`` are words."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text


def _line(text: str, mark: Any) -> int:
    """The line of a mark as an editor counts: YAML takes more characters for the end of one."""
    return text.count("\n", 0, mark.index) + 1
