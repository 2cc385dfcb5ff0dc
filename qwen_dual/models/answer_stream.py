"""The body of one HTTP response as a model's deltas: events, their end, and what is no stream.

Decides neither about another try nor about the protocol. Needs the HTTP client only once there is a
response, so importing this is cheap.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import anyio

from qwen_dual.core.model import ModelError
from qwen_dual.models import endings
from qwen_dual.protocol.codec import NotJson, decode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable

    import httpx
    from httpx_sse import ServerSentEvent

    from qwen_dual.core.model import ModelDelta
    from qwen_dual.models.failures import Failures
    from qwen_dual.models.translate import Reader

DRAIN_TIMEOUT = 0.1
"""Seconds for the end of a body whose answer is whole: then the connection can be used again,
which saves the next call a handshake."""

BODY_LIMIT = 65_536
BODY_TIMEOUT = 5.0
"""Bytes that are read of an answer that is no stream, and seconds for them."""

END_MARK = "[DONE]"
"""Ends the streams of chat completions and is no JSON; readers get it as an event's name."""


class AnswerStream:
    """One answer as it comes in.

    Args:
        reader: translates it.
        failures: name what goes wrong.
        idle_timeout: seconds that may pass without a byte.
    """

    def __init__(self, reader: Reader, failures: Failures, idle_timeout: float) -> None:
        self._reader = reader
        self._failures = failures
        self._idle_timeout = idle_timeout
        self._head: bytes | None = b""  # of what came before the first event

    async def deltas(self, response: httpx.Response) -> AsyncGenerator[ModelDelta, None]:
        """What the reader makes of it.

        Raises:
            CallFailed: the answer is none, or broke off.
        """
        import httpx

        # The connection reads the limit anew each time, from this very mapping. A scope with a
        # deadline around each chunk instead takes 6 µs, as much as the chunk itself.
        response.request.extensions["timeout"]["read"] = self._idle_timeout
        async with aclosing(_bytes(response)) as chunks:
            try:
                async with aclosing(self._read(chunks)) as deltas:
                    async for delta in deltas:
                        yield delta
                if self._head is not None:
                    kind = response.headers.get("content-type", "")
                    raise self._failures.of_body(kind, self._head)
                for delta in self._reader.finish():
                    yield delta
            except httpx.HTTPError as error:
                for delta in self._whole(error):
                    yield delta
            except ModelError as error:
                raise self._failures.of_error(error) from error
            else:
                await _drain(chunks)

    async def _read(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[ModelDelta, None]:
        """All but what the reader keeps to the end."""
        from qwen_dual.models.sse import EventReader

        events = EventReader()
        async for chunk in chunks:
            if self._head is not None:
                self._head = (self._head + chunk)[:BODY_LIMIT]
            for event in events.feed(chunk):
                for delta in self._feed(event):
                    yield delta
            if self._reader.complete:
                return
        for event in events.end():
            for delta in self._feed(event, last=True):
                yield delta

    def _feed(self, event: ServerSentEvent, *, last: bool = False) -> Iterable[ModelDelta]:
        self._head = None
        if event.data == END_MARK:
            return self._reader.feed(END_MARK, {})
        try:
            data: Any = decode(event.data)
        except NotJson as error:
            if last:
                return ()  # cut off in the middle, as the reader will say
            what = f"a piece that is no JSON: {event.data[:80]!r}"
            raise endings.malformed(what) from error
        if isinstance(data, dict):
            return self._reader.feed(event.event, data)
        if data is None:
            return ()
        raise endings.malformed(f"a piece that is no object: {event.data[:80]!r}")

    def _whole(self, error: httpx.HTTPError) -> list[ModelDelta]:
        """The rest of an answer that was whole before the connection failed.

        Raises:
            CallFailed: it was not.
        """
        import httpx

        try:
            return list(self._reader.finish())
        except ModelError:
            if isinstance(error, httpx.ReadTimeout):
                raise self._failures.stalled(self._idle_timeout) from error
            raise self._failures.of_exception(error, answering=True) from error


def _bytes(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    return cast("AsyncGenerator[bytes, None]", response.aiter_bytes())


async def beginning_of(response: httpx.Response) -> bytes:
    """What can be had of a body that says what failed."""
    import httpx

    body = b""
    with anyio.move_on_after(BODY_TIMEOUT):
        try:
            async with aclosing(_bytes(response)) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) >= BODY_LIMIT:
                        break
        except httpx.HTTPError:
            pass  # what came says enough, or the status does
    return body


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Reads to the end of a body whose answer is whole, so that its connection can be kept."""
    import httpx

    with anyio.move_on_after(DRAIN_TIMEOUT):
        try:
            async for _ in chunks:
                pass
        except httpx.HTTPError:
            pass
