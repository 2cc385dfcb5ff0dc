"""Signs the requests of a connection; imported with the SDK, whose client library (httpx2) it is for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2

from qwen_dual.mcp.challenge import challenge_of
from qwen_dual.mcp.errors import NeedsSignIn, ServerFailure

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from qwen_dual.mcp.authorization import Authorization
    from qwen_dual.mcp.challenge import Challenge

WANTS_MORE = "the sign-in does not allow this; sign in again to allow it"


class Bearer(httpx2.Auth):
    """Sends the token of a sign-in along, and gets another when the server refuses it.

    What only a person can mend ends the connection with ``NeedsSignIn``. A server that wants more leave
    for one call refuses that call alone.

    Args:
        authorization: has the token.
    """

    def __init__(self, authorization: Authorization) -> None:
        self._authorization = authorization

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """The request, and once more where there is another token for it."""
        challenge: Challenge | None = None
        for _ in range(2):
            token = await self._authorization.token()
            if token:
                request.headers["Authorization"] = f"Bearer {token}"
            response = yield request
            challenge = challenge_of(response)
            if challenge is None:
                return
            if not await self._authorization.refused(challenge, token):
                break
        assert challenge is not None
        self._authorization.needs_sign_in(challenge)
        if challenge.status == 401:
            raise NeedsSignIn("it asks for signing in")
        _replace_body(response, WANTS_MORE)


class Unsigned(httpx2.Auth):
    """Sends requests as they are; a server that wants somebody to sign in fails.

    Args:
        why: nobody does.
    """

    def __init__(self, why: str) -> None:
        self._why = why

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """The request."""
        response = yield request
        if response.status_code == 401:
            raise ServerFailure(self._why)


class _Instead(httpx2.AsyncByteStream):
    """A body in place of another, which is let go of unread."""

    def __init__(self, body: bytes, inner: httpx2.AsyncByteStream) -> None:
        self._body = body
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        await self._inner.aclose()


def _replace_body(response: httpx2.Response, text: str) -> None:
    """Has the SDK tell whoever made the call ``text``, which else hears of an error response only."""
    error = {"code": -32603, "message": text}
    body = json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Instead(body, response.stream)
    for name in ("content-encoding", "content-length"):
        response.headers.pop(name, None)
    response.headers["content-type"] = "application/json"
