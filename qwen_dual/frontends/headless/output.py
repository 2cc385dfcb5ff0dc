"""The formats of standard output: the last text, one JSON array, or a line a message.

Each takes the messages of a run in their order and writes them as its format has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from qwen_dual.frontends.headless.lines import lines_of
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from qwen_dual.frontends.headless.messages import Message
    from qwen_dual.frontends.headless.stdout import Stdout

FORMATS = ("text", "json", "stream-json")


class Output(Protocol):
    """Where the messages of a run go."""

    @property
    def partials(self) -> bool:
        """Whether it wants what streams in."""
        ...

    @property
    def hook_events(self) -> bool:
        """Whether it wants to be told of hooks."""
        ...

    @property
    def mid_line(self) -> bool:
        """Whether it has begun a line that it will go on with."""
        ...

    def message(self, message: Message) -> None:
        """Takes one message."""
        ...

    def close(self) -> None:
        """The run is over: writes what is left to write."""
        ...


class StreamJson:
    """A line a message, as it comes.

    Args:
        stdout: where to.
        partials: whether ``stream_event`` messages are among them.
        hook_events: whether ``hook_started`` and ``hook_response`` are.
    """

    mid_line = False

    def __init__(
        self, stdout: Stdout, *, partials: bool = False, hook_events: bool = False
    ) -> None:
        self.partials = partials
        self.hook_events = hook_events
        self._stdout = stdout

    def message(self, message: Message) -> None:
        """Writes one line."""
        self._stdout.write(lines_of(message))

    def close(self) -> None:
        """Nothing is left."""


class JsonArray:
    """All messages as one array, once there is no more to come."""

    partials = False
    hook_events = False
    mid_line = False

    def __init__(self, stdout: Stdout) -> None:
        self._stdout = stdout
        self._messages: list[bytes] = []  # encoded, as that is a third of their size

    def message(self, message: Message) -> None:
        """Keeps it."""
        self._messages.append(encode(message).rstrip(b"\n"))

    def close(self) -> None:
        """Writes the array."""
        if self._messages:
            self._stdout.write(b"[" + b",".join(self._messages) + b"]\n")
            self._messages.clear()


class Text:
    """The last text of the answer, and nothing else; what failed is for stderr."""

    partials = False
    hook_events = False
    mid_line = False

    def __init__(self, stdout: Stdout) -> None:
        self._stdout = stdout

    def message(self, message: Message) -> None:
        """Writes the text of a ``result``."""
        if message["type"] == "result" and not message["is_error"]:
            text: str = message["result"]
            end = "" if text.endswith("\n") else "\n"
            self._stdout.write(f"{text}{end}".encode("utf-8", "replace"))

    def close(self) -> None:
        """Nothing is left."""
