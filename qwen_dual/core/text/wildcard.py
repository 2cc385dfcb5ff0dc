"""Wildcards in one name: ``*``, ``?`` and ``[a-z]``, matched in linear time.

Patterns come from a model or a repository. A regular expression with several ``.*`` tries every way
to share a text among them: ``*a*a*a…b`` would take years over a name of 200 letters. Here each piece
between two stars has a fixed length, so that its first place is as good as any, and an atomic group
gives up all others. What a path is, and which notation a pattern is in, is the caller's affair.
"""

from __future__ import annotations

import re

from qwen_dual.protocol.regex import regex

_POSIX = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t-\\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}

ANY = regex(".*", re.DOTALL)
"""Matches every name."""

NEVER = regex(r"(?!)")
"""Matches none."""


def stars(pattern: str) -> re.Pattern[str]:
    """``pattern`` in which only ``*`` means something, for ``fullmatch``."""
    return _joined([re.escape(piece) for piece in pattern.split("*")])


def name_pattern(pattern: str, *, escapes: bool = True, sets: bool = True) -> re.Pattern[str]:
    """The pattern of one name in the notation of ``.gitignore``, for ``fullmatch``.

    Args:
        pattern: ``*`` any text, ``?`` one character, ``[a-z]``, ``[!a-z]``, ``[[:alpha:]]``.
        escapes: whether a backslash takes the meaning from what follows it.
        sets: whether brackets mean a set; else they stand for themselves.

    Raises:
        ValueError: a bracket is not closed, a range runs backwards, or nothing follows a backslash.
    """
    pieces = [""]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            pieces.append("")
        elif char == "?":
            pieces[-1] += "."
        elif char == "[" and sets:
            chosen, at = _set(pattern, at, escapes=escapes)
            pieces[-1] += chosen
        elif char == "\\" and escapes:
            if at == len(pattern):
                raise ValueError("nothing follows the backslash")
            pieces[-1] += re.escape(pattern[at])
            at += 1
        else:
            pieces[-1] += re.escape(char)
    return _joined(pieces)


def _joined(pieces: list[str]) -> re.Pattern[str]:
    """The pattern of ``pieces`` with any text between them."""
    first, *others = pieces
    if others:
        inner = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece)
        first += f"{inner}.*{others[-1]}"
    return re.compile(first, re.DOTALL)


def _set(pattern: str, at: int, *, escapes: bool) -> tuple[str, int]:
    """The set whose bracket was opened before ``at``, and where it ends."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    members: list[str] = []
    start = at
    while True:
        if at >= len(pattern):
            raise ValueError("a bracket is not closed")
        if pattern[at] == "]" and at > start:
            break
        if pattern.startswith("[:", at):
            end = pattern.find(":]", at)
            name = pattern[at + 2 : end] if end > 0 else ""
            if name not in _POSIX:
                raise ValueError("a class of characters is not known")
            members.append(_POSIX[name])
            at = end + 2
            continue
        low, at = _character(pattern, at, escapes=escapes)
        if pattern.startswith("-", at) and pattern[at + 1 : at + 2] not in ("", "]"):
            high, at = _character(pattern, at + 1, escapes=escapes)
            if low > high:
                raise ValueError(f"the range {low}-{high} runs backwards")
            members.append(f"{_plain(low)}-{_plain(high)}")
        else:
            members.append(_plain(low))
    return f"[{'^' if negated else ''}{''.join(members)}]", at + 1


def _character(pattern: str, at: int, *, escapes: bool) -> tuple[str, int]:
    if pattern[at] == "\\" and escapes:
        at += 1
        if at == len(pattern):
            raise ValueError("nothing follows the backslash")
    return pattern[at], at + 1


def _plain(char: str) -> str:
    return "\\" + char if char in "\\[]^-&~|" else char
