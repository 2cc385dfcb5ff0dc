"""The body of one HTTP response as a model's deltas: events, their end, and what is no stream.

A server that does not stream sends its answer as one JSON object (Gemini's as a list of them), which
is read as one event.

Decides neither about another try nor about the protocol. Needs the HTTP client only once there is a
response, so importing this is cheap.
"""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.lowlevel

from qwen_dual.core.models.model import ModelError
from qwen_dual.core.threads import in_thread
from qwen_dual.models import endings
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.long_json import decode_long

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Iterable,
        Sequence,
    )

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.models.failures import Failures
    from qwen_dual.models.repair import RepairedReader
    from qwen_dual.models.sse import ServerSentEvent
    from qwen_dual.net.client import HttpResponse

DRAIN_TIMEOUT = 0.1
"""Seconds for the end of a body whose answer is whole: then the connection can be used again,
which saves the next call a handshake."""

BODY_LIMIT = 65_536
BODY_TIMEOUT = 5.0
"""Bytes that are read of an answer that says what failed, and seconds for them."""

_ANSWERS = ("choices", "candidates", "content", "promptFeedback")
"""What an object holds that is an answer, in one protocol or another."""

LONG_EVENT = 500_000
"""Bytes of an event from which on it is read in a thread: megabytes take tenths of a second."""

END_MARK = "[DONE]"
"""Ends the streams of chat completions and is no JSON; readers get it as an event's name."""


class AnswerStream:
    """One answer as it comes in.

    Args:
        reader: translates it.
        failures: name what goes wrong.
        idle_timeout: seconds that may pass without a byte.
    """

    def __init__(self, reader: RepairedReader, failures: Failures, idle_timeout: float) -> None:
        self._reader = reader
        self._failures = failures
        self._idle_timeout = idle_timeout
        self._body: bytearray | None = bytearray()  # of what came before the first event

    async def deltas(self, response: HttpResponse) -> AsyncGenerator[ModelDelta, None]:
        """What the reader makes of it.

        Raises:
            CallFailed: the answer is none, or broke off.
        """
        from qwen_dual.net.client import ERRORS

        response.limit(self._idle_timeout)
        async with aclosing(response.aiter_bytes()) as chunks:
            try:
                async with aclosing(self._read(chunks)) as deltas:
                    async for delta in deltas:
                        yield delta
                if self._body is not None:
                    kind = response.headers.get("content-type", "")
                    body = bytes(self._body)
                    long = len(body) >= LONG_EVENT
                    value = await in_thread(lambda: _value_of(body, long=long), only_if=long)
                    for delta in self._read_body(kind, body, value):
                        yield delta
                for delta in self._reader.finish():
                    yield delta
            except ERRORS as error:
                for delta in self._whole(error):
                    yield delta
            except ModelError as error:
                for delta in self._reader.rest():
                    yield delta
                raise self._failures.of_error(error) from error
            else:
                await _drain(chunks)

    async def _read(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[ModelDelta, None]:
        """All but what the reader keeps to the end."""
        from qwen_dual.models.sse import EventReader

        events = EventReader()
        async for chunk in chunks:
            if self._body is not None and (
                len(self._body) < BODY_LIMIT or self._body[:64].lstrip().startswith((b"{", b"["))
            ):
                self._body += chunk
            for event in events.feed(chunk):
                if event is None:
                    await anyio.lowlevel.checkpoint()
                elif len(event.data) < LONG_EVENT:
                    for delta in self._feed(event):
                        yield delta
                else:
                    for delta in await in_thread(partial(self._feed_long, event)):
                        yield delta
            if self._reader.complete:
                return
        for event in events.end():
            for delta in self._feed(event, last=True):
                yield delta

    def _feed_long(self, event: ServerSentEvent) -> Sequence[ModelDelta]:
        return tuple(self._feed(event, decode_long))

    def _feed(
        self,
        event: ServerSentEvent,
        decode: Callable[[bytes | bytearray], Any] = decode,
        *,
        last: bool = False,
    ) -> Iterable[ModelDelta]:
        self._body = None
        halves = False
        try:
            data: Any = decode(event.data)
        except NotJson as error:
            text = event.data.decode("utf-8", "replace")
            if text == END_MARK:
                return self._reader.feed(END_MARK, {})
            data, halves = _tolerant(text), True
            if data is None:
                if last:
                    return ()  # cut off in the middle, as the reader will say
                what = f"a piece that is no JSON: {text[:80]!r}"
                raise endings.malformed(what) from error
        if isinstance(data, dict):
            return self._reader.feed(event.event, data, halves=halves)
        if data is None:
            return ()
        what = f"a piece that is no object: {event.data[:80].decode('utf-8', 'replace')!r}"
        raise endings.malformed(what)

    def _read_body(self, kind: str, body: bytes, value: Any) -> Iterable[ModelDelta]:
        """An answer that came whole, as ``value``.

        Raises:
            CallFailed: it is none.
        """
        values = value if isinstance(value, list) else [value]
        if not all(
            isinstance(each, dict) and any(each.get(key) for key in _ANSWERS) for each in values
        ):
            raise self._failures.of_body(kind, body[:BODY_LIMIT])
        for each in values:
            yield from self._reader.feed("message", each, halves=True)
        yield from self._reader.feed(END_MARK, {})

    def _whole(self, error: Exception) -> Iterable[ModelDelta]:
        """The rest of an answer that was whole before the connection failed.

        Raises:
            CallFailed: it was not.
        """
        from httpcore import ReadTimeout

        try:
            yield from self._reader.finish()
        except ModelError:
            if isinstance(error, ReadTimeout):
                raise self._failures.stalled(self._idle_timeout) from error
            raise self._failures.of_exception(error, answering=True) from error


def _value_of(body: bytes, *, long: bool) -> Any:
    try:
        return decode_long(body) if long else decode(body)
    except NotJson:
        return _tolerant(body.decode("utf-8", "replace"))


def _tolerant(text: str) -> Any:
    """The JSON value of ``text`` where all that is wrong are characters, or halves of them; else None."""
    if "\\u" not in text and "\ufffd" not in text:
        return None
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


async def beginning_of(response: HttpResponse) -> bytes:
    """What can be had of a body that says what failed."""
    from qwen_dual.net.client import ERRORS

    body = b""
    with anyio.move_on_after(BODY_TIMEOUT):
        try:
            async with aclosing(response.aiter_bytes()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) >= BODY_LIMIT:
                        break
        except ERRORS:
            pass  # what came says enough, or the status does
    return body


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Reads to the end of a body whose answer is whole, so that its connection can be kept."""
    from qwen_dual.net.client import ERRORS

    with anyio.move_on_after(DRAIN_TIMEOUT):
        try:
            async for _ in chunks:
                pass
        except ERRORS:
            pass
