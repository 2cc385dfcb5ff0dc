"""What a session needs of the program behind it: one that was started here, or one that is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qwen_dual.host.errors import SessionExited
    from qwen_dual.host.records import Exit
    from qwen_dual.host.terminal import TerminalStream


class Hosted(Protocol):
    """A program, its terminal and the way to it.

    Attributes:
        terminal: what it paints, as far as that is seen here.
        exit: how it ended; None while it runs, or where nobody here knows.
        finished: nothing more comes from it, and nothing can be sent.
        pid: its process id; 0 where it is not known.
    """

    terminal: TerminalStream
    exit: Exit | None
    finished: bool
    pid: int

    async def stop(self) -> None:
        """Ends it, or the connection to it; returns when that is over."""

    async def wait(self) -> Exit:
        """Waits for its end, or for that of the connection."""

    def send(self, line: bytes) -> None:
        """Hands over a command.

        Raises:
            OSError: it cannot be written.
        """

    async def ready_for_commands(self) -> None:
        """Waits until the program is sure to read them."""

    async def write(self, data: bytes) -> None:
        """Types into its terminal."""

    def resize(self, columns: int, rows: int) -> None:
        """Changes the window of its terminal."""

    def gone(self) -> SessionExited:
        """Says how it ended, as far as that is known."""
