"""What a protocol is to the transport: a translation of a request out and of a stream in. Pure.

``openai``, ``anthropic`` and ``gemini`` each provide a ``Translator``; ``remote`` owns the connection,
the retries and the time limits, and knows nothing of any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    from qwen_dual.core.models.model import ModelDelta, ModelRequest, TextDelta, ThinkingDelta
    from qwen_dual.settings.model_config import ModelConfig


class HttpRequest(Struct, frozen=True):
    """A POST to be made.

    Attributes:
        path: added to the base URL as it is, with its query.
        headers: authentication and versions; ``customHeaders`` are added by the transport.
        body: encoded as JSON by the transport, after ``extra_body`` was merged into it.
    """

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Whole(Struct, frozen=True):
    """All of the text or the reasoning, after it came in pieces."""

    delta: TextDelta | ThinkingDelta


Read: TypeAlias = "ModelDelta | Whole"
"""What a reader gives; ``repair`` makes deltas of it."""


class Reader(Protocol):
    """Reads one streamed answer."""

    def feed(self, name: str, data: Mapping[str, Any]) -> Iterable[Read]:
        """What follows from one server-sent event.

        Args:
            name: the event's name, ``message`` where it has none.
            data: its decoded object.

        Raises:
            ModelError: the service reports a failure in the stream.
        """
        ...

    def finish(self) -> Iterable[Read]:
        """What is left once the stream has ended.

        Raises:
            ModelError: it ended before it was complete (``broken``), without content (``empty``)
                or was withheld (``content_filter``).
        """
        ...

    @property
    def complete(self) -> bool:
        """Whether the service has said that the answer is whole; nothing more is waited for."""
        ...


class Translator(Protocol):
    """One protocol."""

    def request(self, config: ModelConfig, request: ModelRequest) -> HttpRequest:
        """The call that asks ``request`` of the model ``config``, streaming."""
        ...

    def reader(self, config: ModelConfig) -> Reader:
        """A reader for one answer."""
        ...
