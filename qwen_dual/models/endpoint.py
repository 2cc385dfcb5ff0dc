"""Where a model is: its host, whether that is local, the address of a call. No connections."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qwen_dual.net.proxies import is_loopback, without_credentials

if TYPE_CHECKING:
    from qwen_dual.settings.model_config import ModelConfig


def host_of(config: ModelConfig) -> str:
    """The host and, where it is given, the port; for a person."""
    try:
        netloc = urlsplit(config.base_url).netloc
    except ValueError:
        netloc = ""
    return netloc.rpartition("@")[2] or without_credentials(config.base_url)


def address_of(config: ModelConfig) -> tuple[str, int]:
    """The host and the port that calls go to; no host where the base URL has none that can be used."""
    try:
        parts = urlsplit(config.base_url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return "", 0
    return parts.hostname or "", port


def hostname(config: ModelConfig) -> str:
    """The host alone, in lower case; empty where the base URL has none."""
    try:
        return urlsplit(config.base_url).hostname or ""
    except ValueError:
        return ""


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


def url_of(config: ModelConfig, path: str) -> str:
    """Where a call goes: ``path`` at the base URL, whose query (a version, say) stays at the end."""
    base, _, query = config.base_url.partition("#")[0].partition("?")
    path, _, own = path.partition("?")
    joined = "&".join(each for each in (own, query) if each)
    return base.rstrip("/") + path + (f"?{joined}" if joined else "")


def has_path(config: ModelConfig, *ends: str) -> bool:
    """Whether the path of the base URL ends with one of ``ends``."""
    return config.base_url.partition("#")[0].partition("?")[0].rstrip("/").endswith(ends)
