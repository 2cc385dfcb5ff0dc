"""What a promise is, and how a check says that it does not hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable  # noqa: TC003 - of a record's field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.conformance.bench import Bench

Level = Literal["base", "plus", "full"]
LEVELS: tuple[Level, ...] = ("base", "plus", "full")
_SHOWN = 6
_WIDTH = 400


class Broken(Exception):
    """A promise does not hold.

    Attributes:
        why: what was seen in place of what was promised.
        lines: the events and the terminal's lines that show it.
    """

    def __init__(self, why: str, lines: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.lines = [
            line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…" for line in lines[-_SHOWN:]
        ]


class NotJudged(Exception):
    """A check cannot be made here: says why. No fault of the program's."""


Check: TypeAlias = "Callable[[Bench], Awaitable[None]]"


class Promise(Struct, frozen=True):
    """Something that a program of a level does.

    Attributes:
        name: short, in words that stay: ``fifo_without_reader``.
        level: the first at which it is promised.
        section: where the contract says it: ``2.4``.
        says: the promise.
        loses: what a host loses where it does not hold.
        check: raises ``Broken`` or ``NotJudged``.
    """

    name: str
    level: Level
    section: str
    says: str
    loses: str
    check: Check


PROMISES: list[Promise] = []
"""All of them, in the order of their modules."""


def promise(level: Level, section: str, *, loses: str) -> Callable[[Check], Check]:
    """Makes a check the promise of its function's name; what it promises is the first line of its docstring."""

    def keep(check: Check) -> Check:
        says = (check.__doc__ or "").partition("\n")[0].rstrip(".")
        PROMISES.append(Promise(check.__name__, level, section, says, loses, check))
        return check

    return keep


def hold(true: Any, why: str, lines: Sequence[str] = ()) -> None:
    """Says that something holds.

    Raises:
        Broken: it does not.
    """
    if not true:
        raise Broken(why, lines)
