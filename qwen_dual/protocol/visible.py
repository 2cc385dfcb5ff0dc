r"""Shows foreign text so that two different texts never look the same.

What has no look of its own, or another character's, becomes an escape: ``⟨ESC⟩``, ``⟨U+202E⟩``. The
bracket that begins one is escaped itself, as are the marks of ``tui.text.exact``, so that no text can
imitate an escape. Tabs and newlines stay: whoever lays a text out makes them visible.

Everyone who shows or sends such a text uses this, so that all of them show the same. It does not
wrap, colour or cut.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

Reading = Literal["command", "code", "prose"]
"""How strictly to look. ``command``: also for paths and hosts, where a letter of another script may
pass for a Latin one. ``code``: words of two scripts stand out. ``prose``: only what can deceive the
terminal or hide; joiners and no-break spaces have their uses there."""

Oddity = Literal["control", "bidi", "invisible", "blank", "unassigned", "look_alike"]
"""Why a character is not what it looks like."""

Mark: TypeAlias = Literal["mark"]
"""Harmless, but for looking like one of our own marks."""

BRACKET = "⟨"
TAB_MARK = "⇥"
BLANK_MARK = "␣"
EMPTY_MARK = "⏎"
WRAP_MARK = "↪"

ESCAPED = regex("⟨[^⟩]*⟩")
"""Finds the escapes in a text that ``visible`` gave."""

# Whatever could be taken for one of ours is escaped too.
_MARKS = frozenset("⟨⇥␣⏎↪\u2329\u3008\u276c\u2770\u29fc\u21b5\u21a6\u21e5")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_NO_LOOK = frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\U00016fe4\U0001d159")
_IN_PROSE = frozenset("\u00a0\u00ad\u200c\u200d\u202f\u3000\ufe0e\ufe0f")
# fmt: off
_NAMES = {
    0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x09: "HT", 0x0A: "LF", 0x0B: "VT", 0x0C: "FF",
    0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL",
}
# fmt: on

# What ``escape`` and ``visible_line`` give.
_OURS = regex(
    rf"⟨(?:[A-Z]{{2,3}}|U\+[0-9A-F]{{4,6}})⟩|\A{BLANK_MARK}+|(?<!{BLANK_MARK}){BLANK_MARK}+\Z"
)
_UNUSUAL = regex(r"[^\t\n -~]")
_WORD = regex(r"[^\W_]+")


def visible(text: str, reading: Reading = "command") -> str:
    """``text`` with an escape for each character that is not what it looks like.

    Args:
        text: Anything, lone surrogates too.
        reading: How strictly.
    """
    if _UNUSUAL.search(text) is None:
        return text
    parts: list[str] = []
    done = 0
    for index, _ in oddities(text, reading):
        parts += text[done:index], escape(text[index])
        done = index + 1
    parts.append(text[done:])
    return "".join(parts)


def visible_prompt(text: str) -> str:
    """What a person, or a host for them, says to the model; the line ends of Windows are line ends."""
    return visible(text.replace("\r\n", "\n"), "prose")


def still_visible(text: str, reading: Reading = "command") -> str:
    """``text``, which ``visible`` gave, with escapes for what it would not have left as it is.

    For what came from somebody who should have made it visible: its own escapes stay as they are.
    """
    parts: list[str] = []
    done = 0
    for match in _OURS.finditer(text):
        parts += visible(text[done : match.start()], reading), match[0]
        done = match.end()
    return "".join([*parts, visible(text[done:], reading)])


def visible_line(text: str, reading: Reading = "command") -> str:
    """``text`` in one line: tabs and newlines are escapes as well, blanks at its ends too."""
    text = visible(text, reading).replace("\n", "⟨LF⟩").replace("\t", "⟨HT⟩")
    inner = text.strip(" ")
    before = len(text) - len(text.lstrip(" "))
    return BLANK_MARK * before + inner + BLANK_MARK * (len(text) - before - len(inner))


def escape(char: str) -> str:
    """The escape of one character: its name where it has a short one, else its code point."""
    code = ord(char)
    return f"⟨{_NAMES.get(code) or f'U+{code:04X}'}⟩"


def escaped_in(text: str) -> Iterator[str]:
    """The characters that the escapes in what ``visible_line`` gave stand for, in order."""
    for match in _OURS.finditer(text):
        if match[0][0] == BRACKET:
            name = match[0][1:-1]
            code = next((code for code, own in _NAMES.items() if own == name), None)
            if code is not None or name.startswith("U+"):
                yield chr(min(int(name.removeprefix("U+"), 16), 0x10FFFF) if code is None else code)


def oddities(text: str, reading: Reading = "command") -> Iterator[tuple[int, Oddity | Mark]]:
    """Index and kind of each character that ``visible`` escapes, in order."""
    if _UNUSUAL.search(text) is None:
        return
    pretending = frozenset[int]() if reading == "prose" else _pretending(text, reading)
    cluster, expected = "", -1  # what a combining mark would join, and where it would stand
    for match in _UNUSUAL.finditer(text):
        index, char = match.start(), match[0]
        kind = _kind_of(char)
        if kind == "" and index in pretending:
            kind = "look_alike"
        if kind == "":
            before = cluster if index == expected else text[index - 1 : index]
            if _joins(before, char):
                kind = "look_alike"
            cluster = before + char if _is_mark(char) else char
            expected = index + 1
        if kind and (reading != "prose" or _deceives(char, kind)):
            yield index, kind


def _deceives(char: str, kind: Oddity | Mark) -> bool:
    if char == BRACKET or "\ud800" <= char <= "\udfff":  # which no terminal can be sent
        return True
    return kind not in ("mark", "look_alike", "unassigned") and char not in _IN_PROSE


@lru_cache(maxsize=4096)
def _kind_of(char: str) -> Oddity | Mark | Literal[""]:
    import unicodedata

    code = ord(char)
    if code < 0x20 or 0x7F <= code <= 0x9F:
        return "control"
    if char in _BIDI:
        return "bidi"
    if char in _MARKS:
        return "mark"
    category = unicodedata.category(char)
    if category[0] == "Z" or char in _BLANK_LETTERS:
        return "blank"
    selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    if category == "Cf" or selector or char in _NO_LOOK:
        return "invisible"
    if category[0] == "C":
        return "unassigned"
    # What normalises to another character looks like that one.
    return "" if unicodedata.is_normalized("NFC", char) else "look_alike"


@lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    import unicodedata

    return unicodedata.category(char) in ("Mn", "Me", "Mc")


@lru_cache(maxsize=16384)
def _joins(before: str, char: str) -> bool:
    """Whether ``char`` melts into what stands before it, so that it cannot be told from another."""
    import unicodedata

    if _is_mark(char) and (not before or before.isascii()):
        return True
    return not unicodedata.is_normalized("NFC", before + char)


# -- letters that pass for others ----------------------------------------------------------------


def _pretending(text: str, reading: Reading) -> frozenset[int]:
    from qwen_dual.protocol.look_alikes import DASHES, PUNCTUATION, WIDE_DASHES

    found: set[int] = set()
    for match in _WORD.finditer(text):
        if not match[0].isascii():
            found |= {match.start() + at for at in _twins_in(match[0], reading)}
    if reading == "command":
        for match in _UNUSUAL.finditer(text):
            index, char = match.start(), match[0]
            # A dash that begins a word is read as the sign of an option.
            after = text[index + 1 : index + 2]
            dash = char in DASHES or (char in WIDE_DASHES and after.isascii() and after.isalpha())
            dash = dash and (index == 0 or text[index - 1].isspace())
            if char in PUNCTUATION or _is_styled(char) or dash:
                found.add(index)
    return frozenset(found)


def _twins_in(word: str, reading: Reading) -> list[int]:
    """Where in ``word`` letters stand that may pass for those of another script."""
    from qwen_dual.protocol.look_alikes import TWINS

    scripts = [_script_of(char) for char in word]
    foreign = [index for index, script in enumerate(scripts) if script not in ("", "Latin")]
    kinds = {script for script in scripts if script}
    if len(kinds) > 1:
        return foreign
    # Of one script: a letter that looks like no other tells which.
    alike = all(word[index] in TWINS for index in foreign)
    return foreign if alike and reading == "command" else []


@lru_cache(maxsize=4096)
def _script_of(char: str) -> str:
    """The script of a letter, as far as letters are mistaken for each other; else nothing."""
    from qwen_dual.protocol.look_alikes import SCRIPTS

    code = ord(char)
    if not (char.isalpha() or (char.isdecimal() and not char.isascii())):
        return ""
    if code < 0x250 or 0x1E00 <= code <= 0x1EFF:
        return "Latin"
    for name, ranges in SCRIPTS:
        if any(first <= code <= last for first, last in ranges):
            return name
    return ""


@lru_cache(maxsize=4096)
def _is_styled(char: str) -> bool:
    from qwen_dual.protocol.look_alikes import STYLED

    return any(first <= ord(char) <= last for first, last in STYLED)
