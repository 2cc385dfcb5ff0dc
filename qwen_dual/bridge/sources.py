"""What a source of commands is, and the one that was inherited as a descriptor.

A source is driven by ``step``, which never waits: it reads what is there, at most one chunk, and
says what it found. Waiting and parsing belong to ``reader``; paths have ``path_source``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from qwen_dual.bridge.checks import check_input_fd
from qwen_dual.bridge.lines import LineSplitter
from qwen_dual.bridge.opened import CHUNK
from qwen_dual.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    from qwen_dual.bridge.lines import Item


class Step(Struct, frozen=True):
    """What one look at a source brought.

    Attributes:
        items: the lines that were completed, in order.
        more: there may be more at once; look again before waiting.
        warning: something a person has to know, told once.
    """

    items: list[Item] = field(default_factory=list)
    more: bool = False
    warning: str | None = None


class Source(Protocol):
    """An input of commands, as ``reader`` drives it."""

    @property
    def target(self) -> str:
        """What it was asked to read: a path, or ``fd 7``."""
        ...

    @property
    def kind(self) -> str:
        """``file``, ``fifo``, ``pipe``, ``socket``, or ``missing`` where there is nothing yet."""
        ...

    @property
    def state(self) -> str:
        """``open``, ``waiting`` (no file yet), ``closed``, or why it cannot be read now."""
        ...

    @property
    def offset(self) -> int:
        """Bytes of the input that were read."""
        ...

    @property
    def pollable_fd(self) -> int | None:
        """The descriptor that turns readable when there is more, where there is one."""
        ...

    @property
    def unsettled(self) -> bool:
        """It has to be tried again after a while, since nothing will tell when it works."""
        ...

    def step(self) -> Step:
        """Reads at most one chunk, without waiting. Never raises an OSError."""
        ...

    def close(self) -> None:
        """Lets go of what the source opened itself."""
        ...


class FdSource:
    """An inherited pipe or socket; its end closes the channel quietly.

    The descriptor stays its owner's: it is not closed here, since events may go out on it.

    Raises:
        ChannelError: the descriptor cannot be read from.
    """

    def __init__(self, fd: int, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self.kind = check_input_fd(fd)
        self.target = f"fd {fd}"
        self.state = "open"
        self.offset = 0
        self.unsettled = False
        self._fd = fd
        self._splitter = LineSplitter(max_line_bytes)
        os.set_blocking(fd, False)
        os.set_inheritable(fd, False)

    @property
    def pollable_fd(self) -> int | None:
        """The descriptor itself, until it is closed."""
        return None if self.state == "closed" else self._fd

    def step(self) -> Step:
        """Reads at most one chunk; at the end of the stream its last line counts as whole."""
        if self.state == "closed":
            return Step()
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return Step()
        except OSError as error:
            self.state = "closed"
            items = self._splitter.discard("reading failed")
            warning = f"{self.target}: reading failed: {error.strerror}; it takes no more commands"
            return Step(items, warning=warning)
        if not data:
            self.state = "closed"
            return Step(self._splitter.finish())
        self.offset += len(data)
        return Step(self._splitter.feed(data), more=True)

    def close(self) -> None:
        """Stops reading."""
        self.state = "closed"
