"""Has a program paint its screen anew, for a page that has only a part of what it painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.web.notifier import Notifier
from qwen_dual.web.terminal_log import Size

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.web.terminal_log import TerminalLog

SETTLE_SECONDS = 0.1
"""For which the window has another size: of two changes at once a program may notice the last alone."""
PAUSE_SECONDS = 2.0
"""Between two times that a program is asked to, at the least."""


class Repainter:
    """Gives the window of a program another size, for a moment.

    Args:
        resize: changes the size of its window.
    """

    def __init__(self, resize: Callable[[Size], None]) -> None:
        self._resize = resize
        self._asked = Notifier()
        self._wanted = False

    def ask(self) -> None:
        """Has the program paint anew, soon; asked for several times at once it does so once."""
        self._wanted = True
        self._asked.notify_all()

    async def run(self, terminal: TerminalLog) -> None:
        """Does what is asked, until this is cancelled."""
        while True:
            while not self._wanted:
                await self._asked.wait()
            self._wanted = False
            size = terminal.size
            other = Size(size.columns, size.rows - 1)
            self._resize(other)
            await anyio.sleep(SETTLE_SECONDS)
            if terminal.size == other:  # else a page has given it one meanwhile
                self._resize(size)
            await anyio.sleep(PAUSE_SECONDS)
