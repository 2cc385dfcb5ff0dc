"""The HTTP client of one connection: whom it trusts, by which proxy it goes, how much it takes.

Imported with the SDK, whose client library (httpx2) it is made of.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
import httpx2

from qwen_dual.mcp.bounds import MAX_MESSAGE, REST, WORK_SECONDS

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

SECONDS = 30.0
"""For connecting and for writing. How long an answer may take is the call's own."""


class TooLarge(httpx2.StreamError):
    """An answer has more bytes than are read."""


class Bounded(httpx2.AsyncByteStream):
    """The body of an answer, at a pace that leaves the rest of the program its time.

    Args:
        inner: the body.
        limit: bytes of it at the most; None for a stream of events, of which the SDK bounds each.
    """

    def __init__(self, inner: httpx2.AsyncByteStream, limit: int | None) -> None:
        self._inner = inner
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces.

        Raises:
            TooLarge: there are more.
        """
        size = 0
        async for piece in self._inner:
            size += len(piece)
            if self._limit is not None and size > self._limit:
                raise TooLarge(f"its answer has more than the {self._limit:,} bytes that are read")
            began = time.monotonic()
            yield piece
            if (worked := time.monotonic() - began) > WORK_SECONDS:
                await anyio.sleep(min(worked, 1) * REST)

    async def aclose(self) -> None:
        """Lets go of the connection."""
        await self._inner.aclose()


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """Bounds each answer."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, whose body raises ``TooLarge`` where it is."""
        response = await super().handle_async_request(request)
        kind = response.headers.get("content-type", "").lower()
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        limit = None if kind.startswith("text/event-stream") else MAX_MESSAGE
        response.stream = Bounded(response.stream, limit)
        return response


def make_client(
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    proxy: str | None,
    auth: httpx2.Auth | None,
    refused: Callable[[str], object],
) -> httpx2.AsyncClient:
    """A client for one server.

    Args:
        headers: sent with each request.
        tls: whom it trusts.
        proxy: the proxy's URL; None to go directly.
        auth: signs the requests.
        refused: told after each answer whether it wants somebody to sign in: how it said so, or nothing.
    """

    async def look(response: httpx2.Response) -> None:
        code = response.status_code
        told = code == 401 or (code == 403 and "www-authenticate" in response.headers)
        refused(f"HTTP {code}" if told else "")

    return httpx2.AsyncClient(
        headers=dict(headers),
        auth=auth,
        timeout=httpx2.Timeout(SECONDS, read=None),
        transport=BoundedTransport(verify=tls, proxy=proxy, trust_env=False),
        trust_env=False,
        event_hooks={"response": [look]},
    )
