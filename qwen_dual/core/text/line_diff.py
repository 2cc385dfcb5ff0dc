"""Which lines of two texts differ: bounded in time, whatever the two are. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher

CONTEXT = 3
MAX_COMPARED = 1000
"""Changed lines on one side beyond which a region counts as replaced whole: ``difflib`` takes
quadratic time."""

Opcode = tuple[str, int, int, int, int]


_PART = 1 << 18  # characters


def lines_of(text: str) -> list[str]:
    """Lines with their ends, so that a change of the end is seen."""
    lines: list[str] = []
    at = 0
    while at < len(text):  # a part after the other: each holds up all other threads
        end = text.find("\n", at + _PART) + 1 or len(text)
        parts = text[at:end].split("\n")
        last = parts.pop()
        lines += [part + "\n" for part in parts]
        at = end
        if last:
            lines.append(last)
    return lines


def opcodes(before: list[str], after: list[str], most: int = MAX_COMPARED) -> list[Opcode]:
    """The differences; what both begin and end with is never compared line against line.

    Args:
        before: lines.
        after: lines.
        most: lines between that on one side which are compared; with more, all of them differ.
    """
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old_end, new_end = len(before) - end, len(after) - end
    middle: list[Opcode]
    if max(old_end, new_end) - start > most:
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


def groups(found: list[Opcode]) -> list[list[Opcode]]:
    """The changes among ``opcodes`` with a little context, far ones apart."""
    apart: list[list[Opcode]] = []
    current: list[Opcode] = []
    changes = [index for index, opcode in enumerate(found) if opcode[0] != "equal"]
    for index, (tag, i1, i2, j1, j2) in enumerate(found):
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
            apart.append([*current, (tag, i1, i1 + kept, j1, j1 + kept)])
        current = []
        if follows:
            kept = min(CONTEXT, i2 - i1)
            current.append((tag, i2 - kept, i2, j2 - kept, j2))
    return apart
