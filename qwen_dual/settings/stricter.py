"""When a value of a folder allows no more than the one that the person has set; see ``Key.stricter``.

Each takes the folder's value and the person's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = "none-that-is-understood"
"""In a list of all there is to be: the name of nothing."""


def no_laxer(mode: str, than: str) -> bool:
    """Whether an approval mode runs no more unasked; the modes are listed from strict to lax."""
    return APPROVAL_MODES.index(mode) <= APPROVAL_MODES.index(than)


def no_longer(names: Sequence[str], than: Sequence[str]) -> bool:
    """Whether a list of all there is to be names nothing more; an empty one limits nothing."""
    return not than or (bool(names) and {*names} <= {*than, NOTHING})


def no_higher(limit: int, than: int) -> bool:
    """Whether a limit is no higher; one that is not positive limits nothing."""
    return than <= 0 or 0 < limit <= than


def still_on(switch: bool, before: bool) -> bool:
    """Whether what was switched on is on."""
    return switch or not before


def still_off(switch: bool, before: bool) -> bool:
    """Whether what was switched off is off."""
    return before or not switch


def unchanged(value: object, before: object) -> bool:
    """Whether it is what it was."""
    return value == before
