"""Which addresses are whose: the open internet's, or this machine's and its network's.

Pure, but for ``resolve``.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Of all there is in IPv6, only this part was ever given out to be reached from everywhere.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Given out for other purposes; not every Python knows all of them.
_SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# A machine in Azure reaches its host, and secrets, under this address, which looks public.
_AZURE_HOST = ipaddress.ip_address("168.63.129.16")


def literal(host: str) -> Address | None:
    """The address that ``host`` is, in any notation that the system's resolver takes."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether ``address``, and what it may stand for, belongs to the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = embedded(address)
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL_UNICAST:
            return False
    special = any(address in network for network in _SPECIAL if network.version == address.version)
    return (
        address.is_global
        and not special
        and not address.is_multicast
        and not address.is_reserved
        and address != _AZURE_HOST
    )


def embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to through a gateway or the kernel, if any.

    Mapped, 6to4, Teredo, and NAT64 by its well-known prefix. Others that hold one, such as
    ``::127.0.0.1``, ``64:ff9b:1::/48`` or ISATAP, are no public addresses at all, or are by
    themselves what they seem.
    """
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def is_private_name(host: str) -> bool:
    """Whether ``host`` is private for sure without asking anybody: a literal, or ``localhost``."""
    address = literal(host)
    if address is not None:
        return not is_public(address)
    return host == "localhost" or host.endswith(".localhost")


def describe(address: Address) -> str:
    """What kind of address it is, for the person who is asked."""
    if isinstance(address, ipaddress.IPv6Address):
        address = embedded(address) or address
    if address.is_loopback or address.is_unspecified:
        return "this machine"
    if address.is_link_local or address == _AZURE_HOST:
        return "link-local, where clouds keep their metadata"
    if address.is_private:
        return "your private network"
    return "not part of the open internet"


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of ``host``, each once, in the system's order.

    Raises:
        OSError: there are none.
    """
    import socket

    import anyio

    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [literal(str(item[4][0])) for item in found]
    return list(dict.fromkeys(address for address in addresses if address is not None))
