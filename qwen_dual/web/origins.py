"""Which names and origins are the server's own: what keeps other web pages out.

A page of somebody else's in the same browser can send requests here, or have its own name lead here (DNS
rebinding). Neither gets past the names: a browser says in ``Host`` which one it asked for, and in ``Origin``
whose page asks, and no page can change what it says there.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Scheme = Literal["http", "https"]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""As they are written in URLs."""

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?)(?::([0-9]{1,5}))?")
_OWN_SITES = ("same-origin", "none")
_READING = ("GET", "HEAD")


class Refused(Exception):
    """A request that is none of our own page's.

    Attributes:
        status: of HTTP.
        code: a word for programs.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Origins(Struct, frozen=True):
    """What the server is called.

    Attributes:
        scheme: that it speaks itself.
        port: that it listens on.
        names: the hosts that it is reached by directly, as they are written in URLs.
        addresses: whether any address will do as well: it listens on all of the machine, and no page's name
            can be made to look like an address.
        proxy: the origin of the proxy before it; None without one, empty for one whose name is not known.
    """

    scheme: Scheme
    port: int
    names: frozenset[str]
    addresses: bool = False
    proxy: str | None = None

    def of(self, host: str) -> str | None:
        """The origin that a ``Host`` header stands for; None where it is none of ours."""
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return None
        name, port = found[1], int(found[2]) if found[2] else None
        if self.proxy and origin_of("https", name, port) == self.proxy:
            return self.proxy
        direct = (port or _PORTS[self.scheme]) == self.port
        if direct and (name in self.names or (self.addresses and _is_address(name))):
            return origin_of(self.scheme, name, port)
        if self.proxy == "" and not _is_address(name):
            # Only https: a page whose own name was made to lead here came by http, since there is no
            # certificate for it behind this port.
            return origin_of("https", name, port)
        return None

    def check(self, method: str, headers: Mapping[str, str], *, page: bool) -> str:
        """The origin that a request was sent to, once it is known to be from our own page.

        Args:
            method: of HTTP; empty for a WebSocket.
            headers: by lower-case names.
            page: whether it asks for the page itself, which a link anywhere may lead to.

        Raises:
            Refused: it is not.
        """
        host = headers.get("host", "")
        own = self.of(host)
        if own is None:
            raise Refused(
                421, "host", f"{host[:200]!r} is not what this server is called{self._hint()}"
            )
        if page:
            return own
        origin = headers.get("origin")
        if origin is None and method not in _READING:
            raise Refused(403, "origin", "there is no Origin header, which every browser sends")
        if origin is not None and origin.lower() != own:
            raise Refused(
                403, "origin", f"{origin[:200]!r} is another page's origin; this server's is {own}"
            )
        if headers.get("sec-fetch-site", "same-origin") not in _OWN_SITES:
            raise Refused(403, "origin", "another page sent this")
        return own

    def _hint(self) -> str:
        if self.proxy is None:
            return "; --behind-proxy ORIGIN says what a proxy before it is called"
        return f"; --behind-proxy says {self.proxy}, and the proxy has to pass on Host as it is"


def origin_of(scheme: str, name: str, port: int | None) -> str:
    """An origin as browsers write it: without the port where that is the scheme's own."""
    return f"{scheme}://{name}" + ("" if port in (None, _PORTS[scheme]) else f":{port}")


def read_origin(text: str) -> str:
    """The origin that a person wrote.

    Raises:
        ValueError: it is none; says what is wrong with it.
    """
    parts = urlsplit(text.strip().lower())
    if parts.scheme != "https":
        raise ValueError(f"{text!r} is no origin of https, such as https://qwen.example.org")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{text!r} is more than an origin: {parts.scheme}://{parts.netloc} is one")
    found = _HOST.fullmatch(parts.netloc)
    if found is None:
        raise ValueError(f"{text!r} names no host")
    return origin_of("https", found[1], int(found[2]) if found[2] else None)


def written(host: str) -> str:
    """A host as it is written in a URL: an address of IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host.lower()


def is_loopback(addresses: Iterable[str]) -> bool:
    """Whether all of these addresses are reached from this machine alone."""
    return all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in addresses)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
