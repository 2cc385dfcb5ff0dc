"""The requests that a sign-in makes: where they may go, and how much may come back.

An MCP server names the places that they go to (the standard has it so), and so it must not lead us to
where only this machine can get: not from the open internet into the private network, and never from an
encrypted address to a plain one. A connection is made to the very address that was judged: a name may lead
elsewhere when it is asked for again.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import httpx2
from anyio import to_thread
from msgspec import Struct

from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.net.addresses import describe, is_private_name, is_public, literal, resolve
from qwen_dual.net.proxies import proxy_for
from qwen_dual.net.tls import TlsFailure, context_for

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from urllib.parse import SplitResult

    from qwen_dual.net.addresses import Address

LIMIT = 1 << 20
"""Bytes that an answer may have; the largest real ones have some ten thousand."""

SECONDS = 30.0

MAX_ADDRESSES = 4
"""Of one host that are tried."""


class Connect:
    """Makes the client for one address, as the session's settings have it.

    Args:
        proxy: the proxy of the settings.
        env: the environment of the session.
    """

    def __init__(self, proxy: str | None, env: Callable[[], Mapping[str, str]]) -> None:
        self._proxy = proxy
        self._env = env

    async def __call__(self, url: str, at: Sequence[str] | None) -> httpx2.AsyncClient:
        """A client for ``url``, to be closed.

        Args:
            url: what will be asked for.
            at: the addresses that its host was found at, which alone are connected to; None for whatever the
                host's name leads to. A proxy finds the host by itself.

        Raises:
            AuthFailed: the certificates that are configured cannot be used, or the host is not known.
        """
        env = self._env()
        proxy = proxy_for(url, self._proxy, env)
        way = proxy.url if proxy else None
        try:
            tls = await to_thread.run_sync(lambda: context_for(url, way, env=env))
        except TlsFailure as error:
            raise AuthFailed(str(error).rstrip(".")) from None
        if way is not None or at is None:
            transport = httpx2.AsyncHTTPTransport(verify=tls, proxy=way, trust_env=False)
        elif at:
            transport = PinnedTransport(tls, at)
        else:
            raise AuthFailed(f"the host {urlsplit(url).hostname} cannot be found")
        return httpx2.AsyncClient(transport=transport, trust_env=False, timeout=SECONDS)


class PinnedTransport(httpx2.AsyncHTTPTransport):
    """Connects to addresses that are known, one after the other, and asks nobody for the host's.

    Args:
        tls: whom it trusts; the certificate has to be that of the host in the URL.
        at: the addresses.
    """

    def __init__(self, tls: ssl.SSLContext, at: Sequence[str]) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._at = at

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer; the header ``Host`` stays as it is.

        Raises:
            ConnectError: none of them lets anybody in. Or ``ConnectTimeout``.
        """
        url = request.url
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        *others, last = self._at[:MAX_ADDRESSES]
        try:
            for address in others:
                request.url = url.copy_with(host=address)
                with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                    return await super().handle_async_request(request)
            request.url = url.copy_with(host=last)
            return await super().handle_async_request(request)
        finally:
            request.url = url


class AuthFailed(ServerFailure):
    """Signing in came to nothing."""


class Destination(Struct, frozen=True):
    """Where a request may go.

    Attributes:
        origin: for messages.
        at: the addresses that were judged; None where the host's name is good enough.
    """

    origin: str
    at: Sequence[str] | None = None


class AuthRequests:
    """Sends requests for a sign-in at one server.

    Args:
        server_url: of the MCP server, which the person chose; what others name is judged by it.
        connect: makes what sends them.
        chosen: addresses that the person's settings name themselves, which may lead anywhere.
        find: resolves names; the system unless given.
    """

    def __init__(
        self,
        server_url: str,
        connect: Callable[[str, Sequence[str] | None], Awaitable[httpx2.AsyncClient]],
        chosen: Collection[str] = (),
        find: Callable[[str, int], Awaitable[list[Address]]] = resolve,
    ) -> None:
        self._server = urlsplit(server_url)
        self._connect = connect
        self._find = find
        self._own: list[Address] | None = None
        self._chosen = [urlsplit(url)[:3] for url in chosen if url]

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to ``request``, all of it read.

        Raises:
            AuthFailed: it must not be sent, is not answered, or not in time, or with too much.
        """
        where = await self.check(str(request.url))
        request.extensions["timeout"] = httpx2.Timeout(SECONDS).as_dict()
        try:
            async with await self._connect(str(request.url), where.at) as client:
                with anyio.fail_after(2 * SECONDS):
                    response = await client.send(
                        request, stream=True, auth=None, follow_redirects=False
                    )
                    try:
                        body = await _read(response, where.origin)
                    finally:
                        await response.aclose()
        except (httpx2.HTTPError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise AuthFailed(f"{where.origin} cannot be reached: {why}") from None
        dropped = ("content-encoding", "content-length", "transfer-encoding")
        headers = [item for item in response.headers.multi_items() if item[0] not in dropped]
        whole = httpx2.Response(
            response.status_code, headers=headers, content=body, request=request
        )
        whole.next_request = response.next_request
        return whole

    async def check(self, url: str) -> Destination:
        """Makes sure that ``url`` may be gone to.

        Raises:
            AuthFailed: it may not.
        """
        if urlsplit(url)[:3] in self._chosen:
            return Destination(url.partition("?")[0])
        origin, parts = checked(url, self._server)
        if parts.hostname == self._server.hostname:
            return _at(origin, parts, await self._servers_own())
        found = await self._addresses(parts)
        if private := [address for address in found if not is_public(address)]:
            # Where clouds keep what a machine may know of itself, no server has anything to do.
            metadata = any(address.is_link_local for address in private)
            if metadata or all(map(is_public, await self._servers_own())):
                what = describe(private[0])
                raise AuthFailed(f"the server leads to {origin}, which is {what}")
        return _at(origin, parts, found)

    async def _servers_own(self) -> list[Address]:
        """The addresses of the server's own host, as they were found first: it may not move meanwhile."""
        if not self._own:
            self._own = await self._addresses(self._server)
        return self._own

    async def _addresses(self, parts: SplitResult) -> list[Address]:
        """What a host is reached under; nothing where only a proxy knows its name."""
        host = parts.hostname or ""
        address = literal(host)
        if address is not None:
            return [address]
        if is_private_name(host):
            return [ip_address("127.0.0.1")]
        try:
            return await self._find(host, parts.port or 443)
        except OSError:
            return []


def _at(origin: str, parts: SplitResult, found: Sequence[Address]) -> Destination:
    # ``localhost`` is this machine under whatever addresses it has.
    named = is_private_name(parts.hostname or "")
    return Destination(origin, None if named else [str(address) for address in found])


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
