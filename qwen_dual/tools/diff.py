"""Unified diffs for previews: bounded in size and in time, whatever the two texts are."""

from __future__ import annotations

from difflib import SequenceMatcher

from msgspec import Struct

from qwen_dual.protocol.visible import visible_line

CONTEXT = 3
MAX_LINES = 4_000
MAX_CHARS = 200_000
MAX_COMPARED = 1000
"""Changed lines on one side beyond which a region is shown as replaced whole: ``difflib`` takes
quadratic time."""

Opcode = tuple[str, int, int, int, int]


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
    before = [] if old is None else _lines(old)
    after = _lines(new)
    out = ["--- /dev/null" if old is None else f"--- a/{name}", f"+++ b/{name}"]
    for group in _groups(_opcodes(before, after)):
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


def _lines(text: str) -> list[str]:
    """Lines with their ends, so that a change of the end is seen."""
    parts = text.split("\n")
    last = parts.pop()
    lines = [part + "\n" for part in parts]
    return [*lines, last] if last else lines


def _opcodes(before: list[str], after: list[str]) -> list[Opcode]:
    """The differences; what both begin and end with is never compared line against line."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old_end, new_end = len(before) - end, len(after) - end
    middle: list[Opcode]
    if max(old_end, new_end) - start > MAX_COMPARED:
        middle = [("replace", start, old_end, start, new_end)]
    else:
        matcher = SequenceMatcher(None, before[start:old_end], after[start:new_end])
        middle = [
            (tag, i1 + start, i2 + start, j1 + start, j2 + start)
            for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        ]
    return [
        ("equal", 0, start, 0, start),
        *middle,
        ("equal", old_end, len(before), new_end, len(after)),
    ]


def _groups(opcodes: list[Opcode]) -> list[list[Opcode]]:
    """The changes with a little context, far ones apart."""
    groups: list[list[Opcode]] = []
    current: list[Opcode] = []
    changes = [index for index, opcode in enumerate(opcodes) if opcode[0] != "equal"]
    for index, (tag, i1, i2, j1, j2) in enumerate(opcodes):
        if tag != "equal":
            current.append((tag, i1, i2, j1, j2))
            continue
        leads = bool(current)
        follows = bool(changes) and index < changes[-1]
        if leads and follows and i2 - i1 <= 2 * CONTEXT:
            current.append((tag, i1, i2, j1, j2))
            continue
        if leads:
            kept = min(CONTEXT, i2 - i1)
            groups.append([*current, (tag, i1, i1 + kept, j1, j1 + kept)])
        current = []
        if follows:
            kept = min(CONTEXT, i2 - i1)
            current.append((tag, i2 - kept, i2, j2 - kept, j2))
    return groups


def _span(start: int, stop: int) -> str:
    length = stop - start
    return f"{start + 1 if length else start},{length}"


def _shown(sign: str, line: str) -> str:
    missing = "" if line.endswith("\n") else "\n\\ No newline at end of file"
    return f"{sign}{line.removesuffix(chr(10))}{missing}"
