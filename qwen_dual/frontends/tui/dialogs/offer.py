"""A question that nobody waits for: it stands by until the person has time for it. Pure.

It gives way to whatever else is asked, and to typing: it takes keys only while the draft is empty and
no key came for a moment, and a letter that is no answer begins a draft instead of being lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.dialogs.dialog import GUARD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.frontends.tui.dialogs.form import Sheet


class Offer:
    """One question that stands by.

    Args:
        sheet: the form, open at its first question.
        done: takes the answers, or None when the person closed it without one.
        now: when it appeared.
    """

    def __init__(
        self, sheet: Sheet, done: Callable[[Sequence[str] | None], object], now: float
    ) -> None:
        self.sheet = sheet
        self.done = done
        self._quiet_until = now + GUARD

    def postpone(self, now: float) -> None:
        """The person is typing, or something else is asked."""
        self._quiet_until = now + GUARD

    def takes_keys(self, now: float) -> bool:
        """Whether a key is meant for it."""
        return now >= self._quiet_until

    def seconds_until_armed(self, now: float) -> float:
        """How long until it takes keys."""
        return max(0.0, self._quiet_until - now)

    def understands(self, text: str) -> bool:
        """Whether typed text is an answer, and not the beginning of a prompt."""
        choices = len(self.sheet.page.question.choices)
        return len(text) == 1 and text.isdecimal() and 1 <= int(text) <= choices
