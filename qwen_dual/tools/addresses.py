"""Which addresses are whose: the open internet's, or this machine's and its network's.

Pure, but for ``resolve``.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
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
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and address != _AZURE_HOST


def is_private_name(host: str) -> bool:
    """Whether ``host`` is private for sure without asking anybody: a literal, or ``localhost``."""
    address = literal(host)
    if address is not None:
        return not is_public(address)
    return host == "localhost" or host.endswith(".localhost")


def describe(address: Address) -> str:
    """What kind of address it is, for the person who is asked."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
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
