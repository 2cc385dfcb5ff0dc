"""On which line a key of a settings file stands, by its place in the nesting.

Reads tokens, not values: it is asked after the file parsed, and only when there is something to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.protocol.codec import NotJson, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN = re.compile(
    r"""
      (?P<skip> \s+ | //[^\n]* | /\*.*?\*/ )
    | (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
    | (?P<mark> [{}\[\],:] )
    | (?P<word> [^\s{}\[\],:"'/]+ )
    """,
    re.VERBOSE | re.DOTALL,
)


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line where the value's key, or its element, begins.

    Args:
        text: the whole file; JSON with comments, trailing commas and bare keys.
        path: keys and indexes from the outside in. Of keys given twice the last one counts, as it
            does for the value; where the end of the path is missing, its nearest parent.
    """
    wanted = list(path)
    depth, offset = 0, -1
    here: list[str | int] = []  # keys and indexes of the containers that are open
    in_key = False
    for token in TOKEN.finditer(text):
        shown = token[0]
        if token.lastgroup == "skip":
            continue
        if shown in ("}", "]"):
            in_key = False
            if here:
                here.pop()
        elif shown == ":":
            in_key = False
        elif shown == ",":
            if here and isinstance(here[-1], int):
                here[-1] += 1
            else:
                in_key = True
        else:
            if in_key:
                here[-1:] = [key_name(shown)]
            begins = in_key or (bool(here) and isinstance(here[-1], int))
            if begins and len(here) >= depth and here == wanted[: len(here)]:
                depth, offset = len(here), token.start()
            if shown in ("{", "["):
                here.append("" if shown == "{" else 0)
                in_key = shown == "{"
    return text.count("\n", 0, offset) + 1 if offset >= 0 else None


def key_name(token: str) -> str:
    """A key as the parser read it."""
    if token[0] not in "\"'":
        return token
    if "\\" in token and token[0] == '"':
        try:
            return str(decode(token))
        except NotJson:
            pass  # an escape that only JSON5 knows
    return token[1:-1]
