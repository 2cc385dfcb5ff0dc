"""The terminal from the first moment on, until the UI takes over, and at the end.

What a person or a host types while the program starts must reach the editor as it was typed: in the
terminal's usual mode it would be echoed into the first screen, and Enter would arrive as Ctrl+J.
"""

from __future__ import annotations

import termios
from typing import TYPE_CHECKING, Self

from qwen_dual.cli.early import EarlySignals
from qwen_dual.runtime.process import TerminalFromBackground
from qwen_dual.runtime.typed_ahead import OWN

if TYPE_CHECKING:
    from types import TracebackType

_LFLAG, _IFLAG = 3, 0


class EarlyTerminal(EarlySignals):
    """Holds keys back unechoed besides.

    Args:
        fd: the terminal.
    """

    def __init__(self, fd: int = 0) -> None:
        super().__init__()
        self._fd = fd
        self._modes: list[int | list[bytes | int]] | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        self._modes = termios.tcgetattr(self._fd)
        modes = termios.tcgetattr(self._fd)
        modes[_LFLAG] &= ~(termios.ECHO | termios.ICANON)
        modes[_IFLAG] &= ~termios.ICRNL
        termios.tcsetattr(self._fd, termios.TCSANOW, modes)
        OWN.note(self._fd, self._modes)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        with TerminalFromBackground():
            try:
                if self._modes is not None:
                    termios.tcsetattr(self._fd, termios.TCSANOW, self._modes)
            except termios.error:
                pass  # the terminal is gone
