"""The beginning of a text in one line, for a list."""

from __future__ import annotations


def summary(text: str, chars: int = 200) -> str:
    """``text`` in one line of at most ``chars`` characters, without what nothing prints."""
    # Of a text of a megabyte no more is looked at than may be shown.
    words = " ".join(text[: 4 * chars].split())
    line = "".join(char for char in words if char.isprintable())
    return line if len(line) <= chars else f"{line[: chars - 1]}…"
