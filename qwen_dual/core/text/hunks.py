"""Hunks, as in a unified diff, from what ``line_diff`` found: the one way they are made. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.text.line_diff import groups
from qwen_dual.protocol.previews import NO_NEWLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qwen_dual.core.text.line_diff import Opcode
    from qwen_dual.protocol.change_shapes import Hunk


def hunks(before: Sequence[str], after: Sequence[str], found: list[Opcode]) -> Iterator[Hunk]:
    """The lines that differ, with some around them.

    Args:
        before: lines with their ends (``line_diff.lines_of``).
        after: likewise.
        found: how they differ (``line_diff.opcodes``).
    """
    for group in groups(found):
        lines: list[str] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += _signed(" ", before[i1:i2])
                continue
            lines += _signed("-", before[i1:i2])
            lines += _signed("+", after[j1:j2])
        first, last = group[0], group[-1]
        old_lines, new_lines = last[2] - first[1], last[4] - first[3]
        yield {
            "old_start": first[1] + bool(old_lines),
            "old_lines": old_lines,
            "new_start": first[3] + bool(new_lines),
            "new_lines": new_lines,
            "lines": lines,
        }


def changed_lines(found: list[Opcode]) -> tuple[int, int]:
    """How many lines are added, and how many removed."""
    changed = [opcode for opcode in found if opcode[0] != "equal"]
    return sum(j2 - j1 for *_, j1, j2 in changed), sum(i2 - i1 for _, i1, i2, _, _ in changed)


def bounded(
    whole: Iterable[Hunk],
    most_lines: int,
    most_size: int,
    size: Callable[[str], int] = len,
    head: int = 0,
) -> tuple[list[Hunk], bool]:
    """The first of ``whole``, and whether there is more; the last one may end early.

    Args:
        whole: hunks; no more of them are made than fit.
        most_lines: of all of them.
        most_size: likewise.
        size: of one line.
        head: of a hunk without its lines.
    """
    kept: list[Hunk] = []
    for hunk in whole:
        most_size -= head
        for index, line in enumerate(hunk["lines"]):
            most_lines, most_size = most_lines - 1, most_size - size(line)
            if min(most_lines, most_size) < 0:
                part = _first(hunk, index)
                return ([*kept, part] if part is not None else kept), True
        kept.append(hunk)
    return kept, False


def _first(hunk: Hunk, count: int) -> Hunk | None:
    """A hunk of the first ``count`` lines of one; None where those change nothing."""
    lines = hunk["lines"]
    if lines[count : count + 1] == [NO_NEWLINE]:
        count -= 1  # what ends a line is shown with the line
    lines = lines[:count]
    if all(line[0] not in "+-" for line in lines):
        return None
    old = sum(line[0] in " -" for line in lines)
    new = sum(line[0] in " +" for line in lines)
    return {
        "old_start": hunk["old_start"] - bool(hunk["old_lines"]) + bool(old),
        "old_lines": old,
        "new_start": hunk["new_start"] - bool(hunk["new_lines"]) + bool(new),
        "new_lines": new,
        "lines": lines,
    }


def _signed(sign: str, lines: Sequence[str]) -> list[str]:
    signed = [sign + line.removesuffix("\n") for line in lines]
    if lines and not lines[-1].endswith("\n"):
        signed.append(NO_NEWLINE)
    return signed
