"""Gets tokens: drives the SDK's flows of OAuth by hand, one request after another.

The SDK makes one flow of them with the request that was refused, and holds every other request up
meanwhile. Here the refusal is given to it (as it was, or made up where the server never said it), and
what it asks for is sent under our own bounds; the refused request itself is left to its owner.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urljoin

import httpx2
from pydantic import ValidationError

from qwen_dual.mcp.auth_requests import AuthFailed
from qwen_dual.mcp.challenge import Challenge, challenge_of
from qwen_dual.mcp.providers import (
    Memory,
    browser_provider,
    client_of,
    machine_provider,
    metadata_of,
    origin_of,
    registration,
    tokens_of,
)
from qwen_dual.mcp.tokens import Credentials
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from mcp.client.auth.oauth2 import OAuthContext

    from qwen_dual.mcp.auth_requests import AuthRequests
    from qwen_dual.mcp.oauth_settings import OAuthSettings
    from qwen_dual.mcp.providers import Browser

PROTOCOL = "2025-11-25"
"""What a request says it speaks, so that the flows name the server that a token is for (RFC 8707)."""

_PING = {"jsonrpc": "2.0", "id": "sign-in", "method": "ping"}
_FORM = "application/x-www-form-urlencoded"


class Grants:
    """Gets tokens for one server.

    Args:
        server: its name.
        url: its address.
        sse: whether it is asked with GET.
        settings: how to sign in.
        requests: sends what is asked for.
    """

    def __init__(
        self, server: str, url: str, sse: bool, settings: OAuthSettings, requests: AuthRequests
    ) -> None:
        self._server = server
        self._url = url
        self._sse = sse
        self._settings = settings
        self._requests = requests

    async def refresh(self, credentials: Credentials) -> Credentials | None:
        """New credentials for old ones; None where the authorization server refuses.

        Raises:
            AuthFailed: it could not be asked, and may be later.
        """
        memory = Memory(tokens_of(credentials), client_of(credentials.client))
        provider = browser_provider(self._url, self._settings, memory, self._requests, None)
        context = provider.context
        context.token_expiry_time = 1.0  # long ago
        if credentials.token_url:
            issuer = credentials.issuer or origin_of(self._url)
            context.oauth_metadata = metadata_of(issuer, credentials.token_url)
        probe = self._probe()
        flow = provider.async_auth_flow(probe)
        try:
            request = await flow.__anext__()
            if request is not probe:
                response = await self._answer(request)
                if response.status_code == 429 or response.status_code >= 500:
                    where = origin_of(str(request.url))
                    raise AuthFailed(f"{where} answers HTTP {response.status_code}")
                await flow.asend(response)
        finally:
            await flow.aclose()
        return self._credentials(memory, context, credentials) if memory.gained else None

    async def obtain(
        self,
        challenge: Challenge | None,
        before: Credentials | None = None,
        browser: Browser | None = None,
    ) -> Credentials:
        """Signs in.

        Args:
            challenge: how the server refused a request; None where it is to be asked first.
            before: what there was until now: its registration is used again, and its scope extended.
            browser: the person's part; None for a grant that needs none.

        Raises:
            AuthFailed: it came to nothing.
        """
        refusal = await self._refusal(challenge)
        more = before is not None and refusal.status == 403
        memory = Memory(
            tokens_of(before) if before is not None and more else None,
            registration(self._settings, before, browser),
        )
        if browser is None:
            provider = machine_provider(self._url, self._settings, memory, self._requests)
        else:
            provider = browser_provider(self._url, self._settings, memory, self._requests, browser)
        probe = self._probe()
        headers = {"WWW-Authenticate": refusal.header} if refusal.header else {}
        refused = httpx2.Response(refusal.status, headers=headers, content=b"", request=probe)
        context: OAuthContext | None = getattr(provider, "context", None)
        flow = provider.async_auth_flow(probe)
        try:
            request = await flow.__anext__()
            while request is not probe or not memory.gained:
                answer = refused if request is probe else await self._answer(request)
                if context is not None and context.protected_resource_metadata is None:
                    answer = self._as_before_2025_06(answer)
                request = await flow.asend(answer)
        except AuthFailed:
            raise
        except StopAsyncIteration:
            raise AuthFailed("the authorization server gave no token") from None
        except Exception as error:
            raise AuthFailed(_describe(error)) from error
        finally:
            await flow.aclose()
        return self._credentials(memory, context, before)

    # -- requests ----------------------------------------------------------------------------

    def _probe(self) -> httpx2.Request:
        """A request that does nothing, as the transport would make it."""
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": PROTOCOL,
        }
        if self._sse:
            return httpx2.Request("GET", self._url, headers=headers)
        return httpx2.Request("POST", self._url, json=_PING, headers=headers)

    async def _refusal(self, challenge: Challenge | None) -> Challenge:
        """The refusal that begins a flow."""
        if challenge is None and not self._sse:  # a stream would not end
            challenge = challenge_of(await self._requests.send(self._probe()))
        challenge = challenge or Challenge()
        if self._settings.scopes and challenge.status == 401:
            return challenge.with_scope(" ".join(self._settings.scopes))
        return challenge

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        """What comes back for a request of a flow."""
        known = self._known(request)
        if known is not None:
            return known
        return await self._requests.send(self._with_audiences(request))

    def _known(self, request: httpx2.Request) -> httpx2.Response | None:
        """What the settings say in place of the server, where they do."""
        settings = self._settings
        if not settings.authorization_url or request.method != "GET":
            return None
        if "/.well-known/oauth-authorization-server" not in request.url.path:
            return httpx2.Response(404, request=request)
        said = {
            "issuer": origin_of(self._url),
            "authorization_endpoint": settings.authorization_url,
            "token_endpoint": settings.token_url,
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }
        if settings.registration_url:
            said["registration_endpoint"] = settings.registration_url
        return httpx2.Response(200, json=said, request=request)

    def _as_before_2025_06(self, response: httpx2.Response) -> httpx2.Response:
        """Metadata of a server that is its own authorization server, with the issuer the SDK expects.

        Until 2025-03-26 it was looked for at the server's root whatever the issuer was called. One on
        the same origin is no other's, so that its name cannot lead to somebody else.
        """
        root = f"{origin_of(self._url)}/.well-known/oauth-authorization-server"
        if str(response.request.url) != root or response.status_code != 200:
            return response
        try:
            said = response.json()
            issuer = said["issuer"]
            same = isinstance(issuer, str) and origin_of(issuer) == origin_of(self._url)
        except (ValueError, KeyError, TypeError):
            return response
        if not same:
            return response
        said["issuer"] = origin_of(self._url)
        return httpx2.Response(200, json=said, request=response.request)

    def _with_audiences(self, request: httpx2.Request) -> httpx2.Request:
        """The request with the audiences in its form, where it asks for a token and there are any."""
        audiences, kind = self._settings.audiences, request.headers.get("content-type", "")
        if not audiences or not kind.startswith(_FORM):
            return request
        fields = [*parse_qsl(request.content.decode()), ("audience", " ".join(audiences))]
        headers = {
            name: value for name, value in request.headers.items() if name != "content-length"
        }
        data = urlencode(fields).encode()
        return httpx2.Request("POST", request.url, content=data, headers=headers)

    def _credentials(
        self, memory: Memory, context: OAuthContext | None, before: Credentials | None
    ) -> Credentials:
        tokens, client = memory.tokens, memory.client
        assert tokens is not None
        metadata = context.oauth_metadata if context is not None else None
        token_url = str(metadata.token_endpoint) if metadata else before and before.token_url
        now = time.time()
        return Credentials(
            server=self._server,
            url=self._url,
            access_token=tokens.access_token,
            token_type=tokens.token_type,
            refresh_token=tokens.refresh_token or "",
            scope=tokens.scope or "",
            expires_at=None if tokens.expires_in is None else now + tokens.expires_in,
            client=client.model_dump(mode="json", exclude_none=True) if client else {},
            token_url=token_url or urljoin(origin_of(self._url), "/token"),
            issuer=(client.issuer if client else None) or (before.issuer if before else ""),
            updated_at=now,
        )


def _describe(error: Exception) -> str:
    """What went wrong in a flow, without what is secret in it and without what a terminal obeys."""
    if isinstance(error, ValidationError):
        return "an answer is not what OAuth says"
    text = str(error) or type(error).__name__
    if text.startswith("State parameter mismatch"):
        return "what the browser came back with belongs to another sign-in"
    return sanitise(text.partition("\n")[0])[:500]
