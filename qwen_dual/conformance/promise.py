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


class NotOffered(Exception):
    """The program does not say that it has what is looked at: says how that is seen."""


Check: TypeAlias = "Callable[[Bench], Awaitable[None]]"


class Promise(Struct, frozen=True):
    """Something that a program of a level does.

    Attributes:
        name: short, in words that stay: ``fifo_without_reader``.
        level: the first at which it is promised.
        section: where the contract says it: ``2.4``.
        says: the promise.
        loses: what a host loses where it does not hold.
        check: raises ``Broken``, ``NotJudged`` or ``NotOffered``.
        commands: those of ``supported_commands`` without which the program does not offer it.
    """

    name: str
    level: Level
    section: str
    says: str
    loses: str
    check: Check
    commands: tuple[str, ...] = ()


PROMISES: list[Promise] = []
"""All of them, in the order of their modules."""


def promise(
    level: Level, section: str, *, loses: str, commands: Sequence[str] = ()
) -> Callable[[Check], Check]:
    """Makes a check the promise of its function's name; what it promises is the first line of its docstring."""

    def keep(check: Check) -> Check:
        says = (check.__doc__ or "").partition("\n")[0].rstrip(".")
        PROMISES.append(
            Promise(check.__name__, level, section, says, loses, check, tuple(commands))
        )
        return check

    return keep


def offered(promise: Promise, supported: object) -> None:
    """Says that a program has a part of the highest level: each of them may be left out by itself.

    Args:
        promise: what is looked at.
        supported: ``supported_commands`` of its ``session_start``.

    Raises:
        NotOffered: it has not.
    """
    if promise.level != "full":
        return
    if not isinstance(supported, list):
        raise NotOffered("its session_start has no supported_commands")
    if missing := [name for name in promise.commands if name not in supported]:
        raise NotOffered(f"its supported_commands lack {', '.join(missing)}")


def hold(true: Any, why: str, lines: Sequence[str] = ()) -> None:
    """Says that something holds.

    Raises:
        Broken: it does not.
    """
    if not true:
        raise Broken(why, lines)
