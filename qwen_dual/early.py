"""The terminal and the signals from the first moment on, until the UI takes over, and at the end.

What a person or a host types while the program starts must reach the editor as it was typed: in the
terminal's usual mode it would be echoed into the first screen, and Enter would arrive as Ctrl+J.
A SIGTERM before the UI is there must not leave the terminal changed, nor the channel without an end.
"""

from __future__ import annotations

import signal
import termios
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

_LFLAG, _IFLAG = 3, 0
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Terminated(SystemExit):
    """A signal asked the program to end before its UI was there; ``code`` is the exit status."""


class EarlyTerminal:
    """Holds keys back unechoed and turns SIGTERM and SIGHUP into ``Terminated``.

    Attributes:
        handed_over: set when the UI handles signals; from then on they are ignored here, so that
            one that comes while the session ends does not cut that short.
    """

    def __init__(self, fd: int = 0) -> None:
        self.handed_over = False
        self._fd = fd
        self._modes: list[int | list[bytes | int]] | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP, and means it
                self._before[number] = signal.signal(number, self._signalled)
        self._modes = termios.tcgetattr(self._fd)
        modes = termios.tcgetattr(self._fd)
        modes[_LFLAG] &= ~(termios.ECHO | termios.ICANON)
        modes[_IFLAG] &= ~termios.ICRNL
        termios.tcsetattr(self._fd, termios.TCSANOW, modes)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)  # nothing may cut the last step short
        hidden = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            if self._modes is not None:
                termios.tcsetattr(self._fd, termios.TCSANOW, self._modes)
        except termios.error:
            pass  # the terminal is gone
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, hidden)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if not self.handed_over:
            raise Terminated(128 + number)
