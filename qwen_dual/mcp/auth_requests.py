"""The requests that a sign-in makes: where they may go, and how much may come back.

An MCP server names the places that they go to (the standard has it so), and so it must not lead us to
where only this machine can get: not from the open internet into the private network, and never from an
encrypted address to a plain one.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import httpx2
from anyio import to_thread

from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.net.addresses import describe, is_private_name, is_public, literal, resolve
from qwen_dual.net.proxies import proxy_for
from qwen_dual.net.tls import TlsFailure, context_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from urllib.parse import SplitResult

    from qwen_dual.net.addresses import Address

LIMIT = 1 << 20
"""Bytes that an answer may have; the largest real ones have some ten thousand."""

SECONDS = 30.0


class Connect:
    """Makes the client for one address, as the session's settings have it.

    Args:
        proxy: the proxy of the settings.
        env: the environment of the session.
    """

    def __init__(self, proxy: str | None, env: Callable[[], Mapping[str, str]]) -> None:
        self._proxy = proxy
        self._env = env

    async def __call__(self, url: str) -> httpx2.AsyncClient:
        """A client for ``url``, to be closed.

        Raises:
            AuthFailed: the certificates that are configured cannot be used.
        """
        env = self._env()
        proxy = proxy_for(url, self._proxy, env)
        way = proxy.url if proxy else None
        try:
            tls = await to_thread.run_sync(lambda: context_for(url, way, env=env))
        except TlsFailure as error:
            raise AuthFailed(str(error).rstrip(".")) from None
        transport = httpx2.AsyncHTTPTransport(verify=tls, proxy=way, trust_env=False)
        return httpx2.AsyncClient(transport=transport, trust_env=False, timeout=SECONDS)


class AuthFailed(ServerFailure):
    """Signing in came to nothing."""


class AuthRequests:
    """Sends requests for a sign-in at one server.

    Args:
        server_url: of the MCP server, which the person chose; what others name is judged by it.
        connect: makes what sends them.
        chosen: addresses that the person's settings name themselves, which may lead anywhere.
    """

    def __init__(
        self,
        server_url: str,
        connect: Callable[[str], Awaitable[httpx2.AsyncClient]],
        chosen: Collection[str] = (),
    ) -> None:
        self._server = urlsplit(server_url)
        self._connect = connect
        self._chosen = [urlsplit(url)[:3] for url in chosen if url]

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to ``request``, all of it read.

        Raises:
            AuthFailed: it must not be sent, is not answered, or not in time, or with too much.
        """
        where = await self.check(str(request.url))
        request.extensions["timeout"] = httpx2.Timeout(SECONDS).as_dict()
        try:
            async with await self._connect(str(request.url)) as client:
                with anyio.fail_after(2 * SECONDS):
                    response = await client.send(
                        request, stream=True, auth=None, follow_redirects=False
                    )
                    try:
                        body = await _read(response, where)
                    finally:
                        await response.aclose()
        except (httpx2.HTTPError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise AuthFailed(f"{where} cannot be reached: {why}") from None
        dropped = ("content-encoding", "content-length", "transfer-encoding")
        headers = [item for item in response.headers.multi_items() if item[0] not in dropped]
        whole = httpx2.Response(
            response.status_code, headers=headers, content=body, request=request
        )
        whole.next_request = response.next_request
        return whole

    async def check(self, url: str) -> str:
        """Makes sure that ``url`` may be gone to; returns its origin.

        Raises:
            AuthFailed: it may not.
        """
        if urlsplit(url)[:3] in self._chosen:
            return url.partition("?")[0]
        origin, parts = checked(url, self._server)
        if parts.hostname == self._server.hostname:
            return origin
        found = await _addresses(parts)
        if private := [address for address in found if not is_public(address)]:
            # Where clouds keep what a machine may know of itself, no server has anything to do.
            metadata = any(address.is_link_local for address in private)
            if metadata or all(map(is_public, await _addresses(self._server))):
                what = describe(private[0])
                raise AuthFailed(f"the server leads to {origin}, which is {what}")
        return origin


async def _addresses(parts: SplitResult) -> list[Address]:
    """What a host is reached under; nothing where only a proxy knows its name."""
    host = parts.hostname or ""
    address = literal(host)
    if address is not None:
        return [address]
    if is_private_name(host):
        return [ip_address("127.0.0.1")]
    try:
        return await resolve(host, parts.port or 443)
    except OSError:
        return []


def checked(url: str, server: SplitResult) -> tuple[str, SplitResult]:
    """The origin and the parts of an address that a server names.

    Args:
        url: the address.
        server: the server's own; ``http`` is good enough for others only where it is for that.

    Raises:
        AuthFailed: it is no address that one goes to.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or not url.isprintable() or not url.isascii() or " " in url:
        raise AuthFailed(f"the server leads to {url[:200]!r}, which is no address")
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    if parts.scheme != "https" and (parts.scheme, server.scheme) != ("http", "http"):
        wanted = "https" if server.scheme == "https" else "http or https"
        raise AuthFailed(f"the server leads to {origin}, which is not {wanted}")
    if parts.username is not None:
        raise AuthFailed(f"the server leads to {origin} with a user's name in the address")
    return origin, parts


async def _read(response: httpx2.Response, where: str) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LIMIT:
            raise AuthFailed(f"{where} answers with more than {LIMIT:,} bytes")
    return bytes(body)
