"""An HTTP/1.1 client for what is streamed: httpcore's connections, and little above them.

httpx stands on the same connections, and to import the rest of it (cookies, e-mail headers, redirects) takes
twice as long as they do. No variable of the environment is read here: the caller says which proxy and which
certificates. What fails is raised as httpcore has it, see ``ERRORS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote, urlsplit

from qwen_dual.net.imports import (
    DataclassesLater,
    Later,
    PatternsLater,
    Without,
    import_bare,
    tls_later,
)

# Its synchronous half is not needed, and TLS and the certificates that it would bring not before a server
# speaks it. httpcore itself imports socksio again where a proxy speaks SOCKS.
import_bare("httpcore", "_async.connection_pool", "_models", "_exceptions", "_backends.anyio")
import_bare("httpcore._async", "connection", "connection_pool", "http_proxy", "socks_proxy")
_later = Later("base64", "certifi", "inspect", known=tls_later())
with Without("trio", "socksio"), _later, DataclassesLater(), PatternsLater("h11", "httpcore"):
    import httpcore
    from httpcore import AnyIOBackend, AsyncConnectionPool

if TYPE_CHECKING:
    import ssl
    import zlib
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable
    from urllib.parse import SplitResult

_PORTS = {"http": 80, "https": 443}
_SAFE = "/:@!$&'()*+,;=~%"
"""Characters of a path that stay as they are: what is escaped already is not escaped again."""


class UnusableUrl(ValueError):
    """A URL that no request can go to."""


class Undecodable(Exception):
    """A body that is not packed as its head says."""


ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    Undecodable,
)
"""What a request and the body of its answer may fail with."""


class HttpResponse:
    """The head of an answer, and its body as it comes; ``aclose`` it.

    Attributes:
        status_code: of three digits.
        reason: what the server says of it; may be empty.
        headers: by their names in lower case.
    """

    def __init__(self, response: httpcore.Response, timeout: dict[str, float | None]) -> None:
        self.status_code = response.status
        self.reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
        self.headers: dict[str, str] = {}
        for name, value in response.headers:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
        self._response = response
        self._timeout = timeout

    @property
    def is_success(self) -> bool:
        """Whether what was asked for was done."""
        return 200 <= self.status_code < 300

    def limit(self, seconds: float) -> None:
        """Has the body fail with ``ReadTimeout`` where nothing comes for that long; before it is read."""
        # The connection looks here when it begins to read. A scope with a deadline around each chunk
        # instead takes 6 µs, as much as the chunk itself.
        self._timeout["read"] = seconds

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """The body as it was sent, in the pieces in which it comes."""
        return self._response.aiter_stream()

    async def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
        """The body, unpacked, in the pieces in which it comes.

        Raises:
            Undecodable: it is not packed as its head says, or ends before what is packed does.
        """
        packing = self.headers.get("content-encoding", "identity").lower()
        unpackers = [
            _Unpacker(name)
            for each in reversed(packing.split(","))
            if (name := each.strip()) in ("gzip", "deflate")
        ]
        async for piece in self.aiter_raw():
            for unpacker in unpackers:
                piece = unpacker.feed(piece)  # each takes what the one before gave
            if piece:
                yield piece
        if unpackers and (rest := unpackers[-1].flush()):
            yield rest
        if any(unpacker.cut for unpacker in unpackers):
            raise Undecodable("it ends in the middle")

    async def aclose(self) -> None:
        """Gives the connection back where the body was read whole, and closes it where not."""
        await self._response.aclose()


_NOT_ENCRYPTED = "this client makes no encrypted connections"


class _NoTls:
    """Stands for what encrypts where nothing is to be encrypted: no connection is made with it."""

    def set_alpn_protocols(self, protocols: list[str]) -> None:
        raise UnusableUrl(_NOT_ENCRYPTED)


class HttpClient:
    """Connections to one service, kept for the next request.

    Args:
        tls: what encrypted ones are made with, to a proxy too; None for a client that makes none.
        proxy: its URL, with a name and a password where it wants them.
        keepalive: seconds that an idle one is kept.

    Raises:
        ValueError: the proxy's URL is none.
    """

    def __init__(self, tls: ssl.SSLContext | None, proxy: str | None, keepalive: float = 0) -> None:
        # httpcore would make a context of its own in place of None.
        context = cast("ssl.SSLContext", _NoTls()) if tls is None else tls
        self._encrypts = tls is not None
        self._to_encrypted = proxy is not None and _split(proxy).scheme == "https"
        self._pool = AsyncConnectionPool(
            ssl_context=context,
            proxy=None if proxy is None else _proxy(proxy, context),
            max_connections=None,
            keepalive_expiry=keepalive,
            network_backend=AnyIOBackend(),
        )

    async def send(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        content: bytes = b"",
        *,
        connect: float,
        read: float | None = None,
        at: str | None = None,
    ) -> HttpResponse:
        """Sends a request; returns with the head of the answer.

        Args:
            method: ``GET`` or ``POST``.
            url: whole; a name and a password in it are sent as such.
            headers: besides those that every request has, or in their place; of two of one name the later counts.
            content: the body.
            connect: seconds for the connection.
            read: seconds for each piece of the answer; None for no limit.
            at: the address to connect to; what the host's name leads to unless given.

        Raises:
            UnusableUrl: there is no host in ``url``, say.
            ValueError: a header holds what none can.
        """
        parts = _split(url)
        if not self._encrypts and (self._to_encrypted or parts.scheme == "https"):
            raise UnusableUrl(_NOT_ENCRYPTED)  # the pool would leave a connection open over it
        named = {
            "host": ("Host", _authority(parts)),
            "accept": ("Accept", "*/*"),
            "accept-encoding": ("Accept-Encoding", "gzip, deflate"),
            "connection": ("Connection", "keep-alive"),
            **{name.lower(): (name, value) for name, value in headers},
        }
        if parts.username or parts.password:
            named["authorization"] = ("Authorization", _basic(parts))
        if content:
            named["content-length"] = ("Content-Length", str(len(content)))
        timeout: dict[str, float | None] = {"connect": connect, "read": read}
        extensions: dict[str, Any] = {"timeout": timeout}
        if at is not None:  # the certificate is the host's all the same
            extensions["sni_hostname"] = _host(parts).decode()
        request = httpcore.Request(
            method,
            _address(parts, at),
            headers=[(name.encode("ascii"), text.encode("ascii")) for name, text in named.values()],
            content=content if len(content) <= _LONG else _Parts(content),
            extensions=extensions,
        )
        return HttpResponse(await self._pool.handle_async_request(request), timeout)

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._pool.aclose()


_LONG = 1 << 20  # bytes of a body from which on it is handed over in parts
_PART = 1 << 18  # bytes of each; what the system does not take of one is copied


class _Parts:
    """A body of megabytes, one part after the other as there is room for them."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._content), _PART):
            yield self._content[at : at + _PART]


class _Unpacker:
    def __init__(self, name: str) -> None:
        import zlib

        self._zlib = zlib
        self._object: zlib._Decompress = zlib.decompressobj(
            zlib.MAX_WBITS | 16 if name == "gzip" else zlib.MAX_WBITS
        )
        self._fed = False
        self._may_be_bare = name == "deflate"  # which some send without its head

    @property
    def cut(self) -> bool:
        """Whether something came, and not its end."""
        return self._fed and not self._object.eof

    def feed(self, data: bytes) -> bytes:
        self._fed = self._fed or bool(data)
        may_be_bare, self._may_be_bare = self._may_be_bare, False
        try:
            return self._object.decompress(data)
        except self._zlib.error as error:
            if not may_be_bare:
                raise Undecodable(str(error)) from error
            self._object = self._zlib.decompressobj(-self._zlib.MAX_WBITS)
            return self.feed(data)

    def flush(self) -> bytes:
        try:
            return self._object.flush()
        except self._zlib.error as error:
            raise Undecodable(str(error)) from error


def _split(url: str) -> SplitResult:
    if not url.isprintable():
        raise UnusableUrl("it holds a character that cannot be printed")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UnusableUrl(str(error)) from error
    if not parts.hostname:
        raise UnusableUrl("there is no host in it")
    return parts


def _host(parts: SplitResult) -> bytes:
    """The host as it goes over the wire."""
    host = parts.hostname or ""
    if host.isascii():
        return host.encode()
    import idna

    try:
        return idna.encode(host, uts46=True)
    except idna.IDNAError as error:
        raise UnusableUrl(f"its host {host!r} is no name: {error}") from error


def _address(parts: SplitResult, at: str | None) -> httpcore.URL:
    target = quote(parts.path or "/", safe=_SAFE)
    if parts.query:
        target += "?" + quote(parts.query, safe=_SAFE + "?")
    return httpcore.URL(
        scheme=parts.scheme,
        host=_host(parts) if at is None else at,
        port=parts.port,
        target=target.encode(),
    )


def _authority(parts: SplitResult) -> str:
    host = _host(parts).decode()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    return host if port in (None, _PORTS.get(parts.scheme)) else f"{host}:{port}"


def _basic(parts: SplitResult) -> str:
    from base64 import b64encode  # few proxies ask for a password

    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _proxy(url: str, tls: ssl.SSLContext) -> httpcore.Proxy:
    parts = _split(url)
    auth = None
    if parts.username or parts.password:
        auth = unquote(parts.username or "").encode(), unquote(parts.password or "").encode()
    return httpcore.Proxy(
        httpcore.URL(scheme=parts.scheme, host=_host(parts), port=parts.port, target=b"/"),
        auth,
        ssl_context=tls if parts.scheme == "https" else None,
    )
