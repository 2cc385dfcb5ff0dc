"""Gets one page over HTTP, without being led where nobody allowed it to go.

A name is resolved once, its addresses are checked, and the connection goes to a checked address:
between check and connection the name cannot come to mean another machine. That holds for every
redirect anew. Through a proxy the proxy resolves, so that only addresses in the URL itself are
checked. Imports the HTTP client when first used.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit, urlunsplit

import anyio
from anyio import to_thread
from msgspec import Struct

from qwen_dual.fs.reasons import reason
from qwen_dual.net.causes import causes_of, in_words
from qwen_dual.net.proxies import proxy_for
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from qwen_dual.net.addresses import Address
    from qwen_dual.net.client import HttpClient, HttpResponse
    from qwen_dual.net.proxies import Proxy

MAX_BYTES = 10 << 20
MAX_SECONDS = 60.0
MAX_REDIRECTS = 5
MAX_ADDRESSES = 3

Leave = frozenset[tuple[str, int]]
"""Hosts and addresses, each with the port: what listens on another port is another program."""

_REDIRECTS = (301, 302, 303, 307, 308)


class Target(Struct, frozen=True):
    """An address on the web, checked and in one spelling.

    Attributes:
        url: whole, without a fragment.
        scheme: ``http`` or ``https``.
        host: in lower case and ASCII.
        port: always a number.
    """

    url: str
    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as a Host header says them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS = {"http": 80, "https": 443}


class Page(Struct, frozen=True):
    """What came: its address after redirects, its bytes, and what the server said they are."""

    url: str
    content: bytes
    media_type: str
    charset: str


class Elsewhere(Exception):
    """The page redirects to another host; nothing was asked of that."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class PrivateAddress(Exception):
    """The host turned out to be at an address that nobody allowed; no connection was made."""

    def __init__(self, target: Target, addresses: list[Address]) -> None:
        super().__init__(target.host)
        self.target = target
        self.addresses = addresses


class Resolver(Protocol):
    """Finds the addresses of a host."""

    def __call__(self, host: str, port: int, /) -> Awaitable[list[Address]]:
        """The addresses; raises OSError where there are none."""
        ...


def parse_target(url: str) -> Target:
    """Checks ``url``.

    Raises:
        ValueError: says what is wrong with it.
    """
    if any(character <= " " or character in '\\<>"\x7f' for character in url):
        raise ValueError("it holds a character that no URL may hold")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError("only http:// and https:// can be fetched")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL with a user name or a password is not fetched")
    host = (parts.hostname or "").rstrip(".")
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
        port = parts.port or _PORTS[parts.scheme]
    except (UnicodeError, ValueError) as error:
        raise ValueError(f"its host or port is wrong ({error})") from None
    if not host or "%" in host:
        raise ValueError("it names no host")
    target = Target("", parts.scheme, host, port)
    whole = urlunsplit((parts.scheme, target.authority, parts.path or "/", parts.query, ""))
    return Target(whole, parts.scheme, host, port)


class Downloader:
    """Gets pages.

    Args:
        find: resolves names; the system unless given.
        is_open: whether an address may be connected to without leave; the internet's unless given.
        proxy_for: the proxy for a URL; None for none.
        env: the session's environment, now, which may name certificates.
        seconds: for one page, redirects included.

    Attributes:
        env: as given.
    """

    def __init__(
        self,
        find: Resolver | None = None,
        is_open: Callable[[Address], bool] | None = None,
        proxy_for: Callable[[str], Proxy | None] = lambda _: None,
        env: Callable[[], Mapping[str, str]] = dict,
        seconds: float = MAX_SECONDS,
    ) -> None:
        self._find = find
        self._is_open = is_open
        self._proxy_for = proxy_for
        self.env = env
        self._seconds = seconds
        self._tls: ssl.SSLContext | None = None

    async def get(self, target: Target, leave: Leave) -> Page:
        """The page at ``target``.

        Args:
            target: what to get.
            leave: where it may connect to although that is private.

        Raises:
            Elsewhere: it redirects to another host.
            PrivateAddress: leave is needed for an address.
            ToolFailure: it cannot be had.
        """
        try:
            with anyio.fail_after(self._seconds):
                for _ in range(MAX_REDIRECTS + 1):
                    answer = await self._ask(target, leave)
                    if isinstance(answer, Page):
                        return answer
                    target = answer
        except TimeoutError:
            said = f"{target.url} was not there whole after {self._seconds:g} s."
            raise ToolFailure(said) from None
        raise ToolFailure(f"{target.url} redirects more than {MAX_REDIRECTS} times.")

    def _trust(self, *urls: str | None) -> ssl.SSLContext:
        """Imports the client and reads the certificates: 80 ms, so in a thread."""
        from qwen_dual.net import client  # noqa: F401
        from qwen_dual.net.tls import TlsFailure, context_for

        if not any(url and url.startswith("https:") for url in urls):
            return context_for(*urls, env=self.env())
        if self._tls is None:
            try:
                self._tls = context_for(*urls, env=self.env())
            except TlsFailure as error:
                raise ToolFailure(str(error)) from error
        return self._tls

    async def _ask(self, target: Target, leave: Leave) -> Page | Target:
        """One request: the page, or where it redirects to on the same host."""
        proxy = self._proxy_for(target.url)
        through = proxy.url if proxy is not None else None
        tls = await to_thread.run_sync(self._trust, target.url, through)
        from httpcore import ConnectError, ConnectTimeout

        from qwen_dual.net.client import ERRORS, HttpClient

        hosts = [target.host]
        if proxy is None:
            hosts = [str(address) for address in await self._checked(target, leave)]
        problem: Exception = ToolFailure("it has no address")
        try:
            async with aclosing(HttpClient(tls, through)) as client:
                for host in hosts[:MAX_ADDRESSES]:
                    try:
                        response = await self._send(client, target, host)
                    except (ConnectError, ConnectTimeout) as error:
                        problem = error
                        continue
                    try:
                        return await _read_response(response, target)
                    finally:
                        await response.aclose()
        except (*ERRORS, ImportError, ValueError) as error:
            problem = error
        why = in_words(list(causes_of(problem)))
        way = f" through the proxy {proxy.shown} (set by {proxy.source})" if proxy else ""
        raise ToolFailure(f"Could not fetch {target.url}{way}: {why.rstrip('.')}.")

    async def _send(self, client: HttpClient, target: Target, host: str) -> HttpResponse:
        """Asks ``host``, the target's own name or one of its addresses, for it."""
        headers = (
            ("Accept", "text/html, text/*;q=0.9, application/json;q=0.9, */*;q=0.1"),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", "qwen-dual"),
        )
        return await client.send(
            "GET",
            target.url,
            headers,
            connect=self._seconds,
            read=self._seconds,
            at=None if host == target.host else host,
        )

    async def _checked(self, target: Target, leave: Leave) -> list[Address]:
        from qwen_dual.net.addresses import is_public, resolve

        find, is_open = self._find or resolve, self._is_open or is_public
        try:
            addresses = await find(target.host, target.port)
        except OSError as error:
            raise ToolFailure(f"Could not find the host {target.host}: {reason(error)}.") from error
        if not addresses:
            raise ToolFailure(f"The host {target.host} has no address.")
        port = target.port
        if (target.host, port) not in leave:
            closed = [a for a in addresses if not is_open(a) and (str(a), port) not in leave]
            if closed:
                raise PrivateAddress(target, closed)
        return addresses


def proxy_of(url: str, configured: str | None, env: Mapping[str, str]) -> Proxy | None:
    """The proxy for ``url``, as ``net.proxies`` finds it; none leads into this machine's network."""
    from qwen_dual.net.addresses import is_private_name

    if is_private_name(urlsplit(url).hostname or ""):
        return None
    return proxy_for(url, configured, env)


async def _read_response(response: HttpResponse, target: Target) -> Page | Target:
    location = response.headers.get("location")
    if response.status_code in _REDIRECTS and location:
        return _follow(target, location)
    if not response.is_success:
        said = f"{response.status_code} {response.reason}".strip()
        raise ToolFailure(f"{target.url} answered {said}.")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise ToolFailure(f"{target.url} came as {encoding}, which was not asked for.")
    content = await _read(response.aiter_raw(), target.url, packed=encoding == "gzip")
    return Page(target.url, content, media_type, _charset(response.headers.get("content-type", "")))


def _charset(content_type: str) -> str:
    """The encoding that a content type names, if any."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower()
    return ""


def _follow(target: Target, location: str) -> Target:
    """Where a redirect leads, if that is the same host and no less safe."""
    whole = urljoin(target.url, location)
    try:
        after = parse_target(whole)
    except ValueError as error:
        raise ToolFailure(f"{target.url} redirects to {whole[:500]!r}: {error}.") from None
    same = after.host.removeprefix("www.") == target.host.removeprefix("www.")
    usual = after.port in (target.port, _PORTS[after.scheme])
    if not same or not usual or (target.scheme, after.scheme) == ("https", "http"):
        raise Elsewhere(after.url)
    return after


async def _read(pieces: AsyncIterator[bytes], url: str, *, packed: bool) -> bytes:
    """All of a body, which is bounded as it is unpacked, so that a small one cannot grow huge."""
    import zlib

    unpack = zlib.decompressobj(wbits=31) if packed else None
    content = bytearray()
    async for piece in pieces:
        try:
            room = MAX_BYTES + 1 - len(content)
            content += piece if unpack is None else unpack.decompress(piece, room)
        except zlib.error as error:
            raise ToolFailure(f"{url} came damaged: {error}.") from error
        if len(content) > MAX_BYTES:
            raise ToolFailure(f"{url} is larger than {MAX_BYTES >> 20} MiB.")
    return bytes(content)
