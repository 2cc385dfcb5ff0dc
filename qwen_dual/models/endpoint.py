"""Where a model is and which way leads there: local or not, through which proxy. No connections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from qwen_dual.models.config import ModelConfig

_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]*@")


def host_of(config: ModelConfig) -> str:
    """The host and, where it is given, the port; for a person."""
    try:
        netloc = urlsplit(config.base_url).netloc
    except ValueError:
        netloc = ""
    return netloc.rpartition("@")[2] or without_credentials(config.base_url)


def hostname(config: ModelConfig) -> str:
    """The host alone, in lower case; empty where the base URL has none."""
    try:
        return urlsplit(config.base_url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    from ipaddress import ip_address

    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(host: str) -> bool:
    """Whether ``host`` is this machine or in its own network, where services need no key."""
    from ipaddress import ip_address

    if is_loopback(host) or ("." not in host.strip(".") and ":" not in host):
        return True
    if host.endswith((".local", ".internal", ".lan", ".home.arpa")):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_link_local


def without_credentials(url: str) -> str:
    """``url`` as it may be shown."""
    return _CREDENTIALS.sub("", url)


def proxy_for(config: ModelConfig) -> str | None:
    """The proxy that calls go through, or None: the configured one, else the environment's.

    This machine is reached directly, and so is what ``NO_PROXY`` names.
    """
    from urllib.request import getproxies, proxy_bypass

    host = hostname(config)
    if is_loopback(host) or proxy_bypass(host):
        return None
    found = getproxies()
    scheme = config.base_url.partition(":")[0].lower()
    return config.proxy or found.get(scheme) or found.get("all")
