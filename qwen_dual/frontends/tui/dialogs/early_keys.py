"""Keys in the first moments of a dialog: whom they are meant for.

The only one counts for the dialog once the moments are over, which is how a host types an answer.
With another one after it somebody is typing, and both are the draft's; what decides something is
dropped then. What comes while a dialog follows another one is nobody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.tui.dialogs.dialog import Dialog


class EarlyKeys:
    """Keeps a key until its time has come.

    Args:
        dialog: whose first moments they are.
        later: called with the seconds after which something must be drawn.
        give: takes text that turned out to be meant for the draft; empty for a key that types none.
    """

    def __init__(
        self, dialog: Dialog, later: Callable[[float], object], give: Callable[[str], object]
    ) -> None:
        self._dialog = dialog
        self._later = later
        self._give = give
        self._held: tuple[Callable[[], None], str] | None = None
        self._key = ""

    def take(self, key: str, act: Callable[[], None], text: str, now: float) -> None:
        """A key that came too early.

        Args:
            key: its name.
            act: what it does, should it count.
            text: what it types.
        """
        if self._held is not None and key == "enter" == self._key:
            return  # again, as a host sends it until it is taken
        self._key = key
        self._dialog.key_elsewhere(now)
        if not self._dialog.holds:
            return
        if self._held is None:
            self._held = (act, text)
            self._later(self._dialog.seconds_until_armed(now))
            return
        self.give_back()
        self._give(text)
        self._dialog.holds = False

    def give_back(self) -> None:
        """The dialog has gone: what was kept for it is the draft's."""
        if self._held is not None:
            _, text = self._held
            self._held = None
            self._give(text)

    def let_through(self, now: float) -> bool:
        """Does what was kept, once its time has come; whether there was something."""
        if self._held is None or not self._dialog.takes_keys(now):
            return False
        act, _ = self._held
        self._held = None
        act()
        return True
