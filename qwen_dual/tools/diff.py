"""What a change of a file shows before: a unified diff and the same as data, both bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.text.hunks import bounded, changed_lines, hunks
from qwen_dual.core.text.line_diff import lines_of, opcodes
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.protocol.change_shapes import Hunk

MAX_LINES = 4_000
MAX_CHARS = 200_000

LINE_BYTES = 60_000
"""Hunks never make the line of an event longer than this, short of the 64 KiB where readers such as
asyncio's stop; what does not fit is in the text alone."""

_HUNK_BYTES = 90
"""About the most that one hunk takes without its lines."""


class Diff(Struct, frozen=True):
    """A unified diff, and what it is made of.

    Attributes:
        text: exact, each line with the carriage return that may end it.
        left_out: how many of its lines did not fit.
        hunks: all of them.
        added: how many lines of the new text are not in the old one.
        removed: how many of the old one are not in the new one.
    """

    text: str
    left_out: int = 0
    hunks: tuple[Hunk, ...] = ()
    added: int = 0
    removed: int = 0

    def within(self, taken: int) -> tuple[list[Hunk], bool]:
        """The hunks for which a line has room, and whether there are more.

        Args:
            taken: how many bytes of the line other things take, ``text`` apart.
        """
        room = LINE_BYTES - taken - len(encode(self.text))
        return bounded(self.hunks, MAX_LINES, room, _line_bytes, _HUNK_BYTES)


def diff_of(old: str | None, new: str, name: str) -> Diff:
    """What changes from ``old`` (None for a new file) to ``new``, for reading, not for ``patch``.

    A change of nothing but line ends or the last newline shows as a change of that line. A name
    with characters that are not what they look like has escapes in their place.
    """
    name = visible_line(name)
    before = [] if old is None else lines_of(old)
    after = lines_of(new)
    found = opcodes(before, after)
    made = tuple(hunks(before, after, found))
    out = ["--- /dev/null" if old is None else f"--- a/{name}", f"+++ b/{name}"]
    for hunk in made:
        old_span = f"{hunk['old_start']},{hunk['old_lines']}"
        out += [f"@@ -{old_span} +{hunk['new_start']},{hunk['new_lines']} @@", *hunk["lines"]]
    text, left_out = _bounded(out)
    return Diff(text, left_out, made, *changed_lines(found))


def _bounded(lines: Sequence[str]) -> tuple[str, int]:
    """``lines`` joined, as many as the limits allow, with a note of how many are left out."""
    size = 0
    for count, line in enumerate(lines):
        size += len(line) + 1
        if count == MAX_LINES or size > MAX_CHARS:
            left = len(lines) - count
            return "\n".join([*lines[:count], f"[… {left} more lines …]"]), left
    return "\n".join(lines), 0


def _line_bytes(line: str) -> int:
    return len(encode(line))  # with its end, where in the list the comma is
