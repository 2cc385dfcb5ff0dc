"""Unified diffs for previews: bounded in size and in time, whatever the two texts are."""

from __future__ import annotations

from msgspec import Struct

from qwen_dual.core.line_diff import groups, lines_of, opcodes
from qwen_dual.protocol.visible import visible_line

MAX_LINES = 4_000
MAX_CHARS = 200_000


class Diff(Struct, frozen=True):
    """A unified diff.

    Attributes:
        text: exact, each line with the carriage return that may end it.
        left_out: how many of its lines did not fit.
    """

    text: str
    left_out: int = 0


def diff_of(old: str | None, new: str, name: str) -> Diff:
    """What changes from ``old`` (None for a new file) to ``new``, for reading, not for ``patch``.

    A change of nothing but line ends or the last newline shows as a change of that line. A name
    with characters that are not what they look like has escapes in their place.
    """
    name = visible_line(name)
    before = [] if old is None else lines_of(old)
    after = lines_of(new)
    out = ["--- /dev/null" if old is None else f"--- a/{name}", f"+++ b/{name}"]
    for group in groups(opcodes(before, after)):
        first, last = group[0], group[-1]
        out.append(f"@@ -{_span(first[1], last[2])} +{_span(first[3], last[4])} @@")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                out += [_shown(" ", line) for line in before[i1:i2]]
                continue
            out += [_shown("-", line) for line in before[i1:i2]]
            out += [_shown("+", line) for line in after[j1:j2]]
    return bounded(out)


def bounded(lines: list[str]) -> Diff:
    """``lines`` joined, as many as the limits allow, and a note of how many are left out."""
    size = 0
    for count, line in enumerate(lines):
        size += len(line) + 1
        if count == MAX_LINES or size > MAX_CHARS:
            left = len(lines) - count
            return Diff("\n".join([*lines[:count], f"[… {left} more lines …]"]), left)
    return Diff("\n".join(lines))


def _span(start: int, stop: int) -> str:
    length = stop - start
    return f"{start + 1 if length else start},{length}"


def _shown(sign: str, line: str) -> str:
    missing = "" if line.endswith("\n") else "\n\\ No newline at end of file"
    return f"{sign}{line.removesuffix(chr(10))}{missing}"
