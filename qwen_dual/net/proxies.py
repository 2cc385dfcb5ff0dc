"""Which proxy leads to a URL: the configured one, else the environment's; none where it is local.

The variables are those of curl: ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``, in
lower case first. The HTTP client is told the outcome and reads none of them itself, so what a
message blames is what was used. Pure, but for macOS, where the system's own settings count last.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv6Address

SETTING = "proxy in the settings"

SCHEMES = ("http", "https", "socks5", "socks5h")
"""What a proxy's URL may begin with."""

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
_CREDENTIALS = r"(?<=//)[^/\s]*@"


class Proxy(Struct, frozen=True):
    """A proxy and where it was set.

    Attributes:
        url: with its scheme, and a name and a password where they were given.
        source: the variable's name, or what names the setting.
    """

    url: str
    source: str

    @property
    def shown(self) -> str:
        """The URL as it may be shown."""
        return without_credentials(self.url)

    @property
    def is_known(self) -> bool:
        """Whether it is of a kind that can be used."""
        return self.url.partition("://")[0].lower() in SCHEMES


def proxy_for(url: str, configured: str | None, env: Mapping[str, str]) -> Proxy | None:
    """The proxy for ``url``; None where it is reached directly.

    Args:
        url: what is to be reached. This machine is reached directly, and so is what ``NO_PROXY``
            names.
        configured: the proxy of the settings, which stands above the environment.
        env: the environment of the session that asks.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if is_loopback(host) or is_excepted(host, port, _variable(env, "no_proxy")[0]):
        return None
    if configured:
        return Proxy(_with_scheme(configured), SETTING)
    for name in (f"{parts.scheme.lower()}_proxy", "all_proxy"):
        value, variable = _variable(env, name)
        if value:
            return Proxy(_with_scheme(value), variable)
    return _of_system(parts.scheme.lower(), host)


def without_credentials(url: str) -> str:
    """``url`` as it may be shown."""
    return re.sub(_CREDENTIALS, "", url) if "@" in url else url


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    if host in ("localhost", "127.0.0.1") or host.endswith(".localhost"):
        return True
    address = _address(host)
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_excepted(host: str, port: int | None, no_proxy: str) -> bool:
    """Whether ``no_proxy`` names ``host``.

    Its entries stand between commas or white space: ``*``, a domain with all below it (with or
    without a dot or ``*.`` before it), an address, a network such as ``10.0.0.0/8``; each but the
    first and the last may have a port.
    """
    host = host.lower().rstrip(".")
    address = _address(host)
    return any(
        _names(entry, host, port, address) for entry in no_proxy.lower().replace(",", " ").split()
    )


def _names(
    entry: str, host: str, port: int | None, address: IPv4Address | IPv6Address | None
) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            from ipaddress import ip_network

            return address is not None and address in ip_network(
                entry.replace("[", "").replace("]", ""), strict=False
            )
        except ValueError:
            return False
    name, its_port = _split_port(entry)
    if its_port and its_port != str(port or ""):
        return False
    named = _address(name)
    if named is not None or address is not None:
        return named == address
    name = name.removeprefix("*").lstrip(".").rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _split_port(entry: str) -> tuple[str, str]:
    """Host and port; an IPv6 address without brackets has no port."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""


def _address(host: str) -> IPv4Address | IPv6Address | None:
    if ":" not in host and not host[-1:].isdigit():
        return None  # a name: most are, and it takes a while to import what knows addresses
    from ipaddress import ip_address

    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _variable(env: Mapping[str, str], name: str) -> tuple[str, str]:
    """The value of a variable and its name as it was spelled."""
    upper = name.upper()
    if value := env.get(name, "").strip():
        return value, name
    if upper == "HTTP_PROXY" and "REQUEST_METHOD" in env:
        return "", ""  # a CGI script: then it is a header of somebody's request
    return env.get(upper, "").strip(), upper


def _with_scheme(url: str) -> str:
    if not re.match(_SCHEME, url):
        return f"http://{url}"
    scheme, _, rest = url.partition("://")
    return f"socks5://{rest}" if scheme.lower() == "socks" else url


def _of_system(scheme: str, host: str) -> Proxy | None:
    if sys.platform == "darwin":
        # Not `getproxies`, which reads the process's own variables first.
        from urllib.request import getproxies_macosx_sysconf, proxy_bypass_macosx_sysconf

        found = getproxies_macosx_sysconf().get(scheme)
        if found and not proxy_bypass_macosx_sysconf(host):
            return Proxy(_with_scheme(found), "the system's network settings")
    return None
