"""The signals from the first moment on, until the UI takes over, and at the end.

A signal before the UI is there must not get lost, nor leave the terminal changed or the channel
without an end. It is noted and acted on between two steps of the start: an exception out of a signal
handler may come up inside the import of an extension module, which crashes some of them.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_IGNORED = (signal.SIGUSR1, signal.SIGUSR2)


class Terminated(SystemExit):
    """A signal asked the program to end before its UI was there; ``code`` is the exit status."""


class EarlySignals:
    """Notes signals that end a program until somebody handles them.

    What is noted after that, while the session ends, cuts nothing short any more.

    Attributes:
        noted: the first of them; None for none.
    """

    def __init__(self) -> None:
        self.noted: int | None = None
        self._before: dict[int, object] = {}

    def check(self) -> None:
        """Ends the start if a signal asked for it.

        Raises:
            Terminated: one did.
        """
        if self.noted is not None:
            raise Terminated(128 + self.noted)

    @contextmanager
    def telling(self, loop: AbstractEventLoop, act: Callable[[], object]) -> Iterator[None]:
        """Calls ``act`` on ``loop`` when a signal is noted, or was, until the UI handles them.

        It handles them by taking the place of these handlers in the loop.
        """

        def tell(number: int) -> None:
            if self.noted is None:  # it came before the handler behind the loop's
                self._note(number, None)
            act()

        numbers = [number for number in _SIGNALS if number in self._before]
        for number in numbers:
            loop.add_signal_handler(number, tell, number)
            # Noted at once, by the handler behind the loop's: a loop that stands still, as before a
            # reader that takes nothing, would hear of it when that is over.
            signal.signal(number, self._note)
            signal.siginterrupt(number, False)
        if self.noted is not None:
            act()
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)
                signal.signal(number, self._note)

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP, and means it
                self._before[number] = signal.signal(number, self._note)
        for number in _IGNORED:
            # Not SIG_IGN, which the programs that tools run would inherit.
            self._before[number] = signal.signal(number, lambda number, frame: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)  # nothing may cut the last step short

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.noted is None:
            self.noted = number
