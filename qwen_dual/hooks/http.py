"""Runs a hook at a URL: its input is POSTed, its answer is the body.

Addresses of the person's own network are not reached unless their settings say so, and those where a
cloud keeps its machines' secrets never; this machine is. No redirect is followed, and a request goes to
the very address that was checked.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import aclosing
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio
from anyio import to_thread
from msgspec import Struct

from qwen_dual.core.failures import describe
from qwen_dual.hooks.command import MAX_STDOUT, Ran
from qwen_dual.net.addresses import embedded, is_public, resolve
from qwen_dual.net.proxies import Proxy, proxy_for
from qwen_dual.net.tls import TlsFailure, context_for
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.hooks.config import Hook
    from qwen_dual.net.addresses import Address
    from qwen_dual.net.client import HttpResponse

NEVER: Final = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "100.100.100.200", "fd00:ec2::254"))
)
"""Where clouds tell a machine its secrets."""

NEVER_NAMED: Final = ("metadata.google.internal", "metadata.azure.internal", "metadata.goog")

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


class WebAccess(Struct, frozen=True):
    """What requests may do.

    Attributes:
        allowed: patterns of URLs that may be reached, with ``*``; all of them where empty.
        private: whether the person's own network may be reached.
        proxy: of the settings.
        env: the session's environment, keys and all.
        env_of_children: likewise, without keys.
    """

    allowed: Sequence[str]
    private: bool
    proxy: str | None
    env: Mapping[str, str]
    env_of_children: Mapping[str, str]


class NotReached(Exception):
    """A request that is not made; the text says why."""


class Requests:
    """Runs hooks at URLs.

    Args:
        access: what they may do, now.
    """

    def __init__(self, access: Callable[[], WebAccess]) -> None:
        self._access = access

    async def run(self, hook: Hook, told: bytes) -> Ran:
        """Sends what a hook is told; what is wrong is in what it returns."""
        access = self._access()
        try:
            with anyio.fail_after(hook.seconds):
                return await self._send(hook, told, access)
        except TimeoutError:
            return Ran(failure=f"did not answer within {hook.seconds:g} s", timed_out=True)
        except (NotReached, TlsFailure) as error:
            return Ran(failure=str(error))

    async def _send(self, hook: Hook, told: bytes, access: WebAccess) -> Ran:
        url = filled(hook.does, hook, access)
        headers = {name: filled(value, hook, access) for name, value in hook.headers.items()}
        host = checked(url, access)
        proxy = proxy_for(url, access.proxy, access.env)
        addresses = [] if proxy is not None else await _addresses(url, host, access)
        tls = await to_thread.run_sync(_ready, url, proxy, access.env)
        from qwen_dual.net.client import ERRORS, HttpClient

        given = {
            "Content-Type": "application/json",
            "User-Agent": "qwen-dual",
            **{name: value for name, value in headers.items() if name.lower() != "host"},
        }
        try:
            async with aclosing(HttpClient(tls, None if proxy is None else proxy.url)) as client:
                response = await client.send(
                    "POST",
                    url,
                    given.items(),
                    told,
                    connect=hook.seconds,
                    read=hook.seconds,
                    at=None if proxy is not None else str(addresses[0]),
                )
                async with aclosing(response):
                    return await _answer(response)
        except (*ERRORS, ValueError) as error:
            raise NotReached(f"could not be reached: {describe(error)}") from error


def filled(text: str, hook: Hook, access: WebAccess) -> str:
    """``text`` with the variables that the hook may have put in; others are left out.

    The hooks of a folder get none that holds a key.
    """
    env = access.env_of_children if hook.source == "Project" else access.env

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return env.get(name, "") if name in hook.allowed_env else ""

    text = _VARIABLE.sub(value, text)
    if any(char in text for char in "\r\n\0"):
        raise NotReached("has a line break in its URL or in a header")
    return text


def checked(url: str, access: WebAccess) -> str:
    """The host of a URL that may be asked.

    Raises:
        NotReached: it may not.
    """
    shown = one_line(url.partition("?")[0])[:200]
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        _ = parts.port
    except ValueError:
        raise NotReached(f"has no URL that can be read: {shown}") from None
    if parts.scheme.lower() not in ("http", "https") or not host or "@" in parts.netloc:
        raise NotReached(f"has no URL that can be used: {shown}")
    if access.allowed and not any(fnmatchcase(url, pattern) for pattern in access.allowed):
        raise NotReached(f"security.allowedHttpHookUrls does not allow {shown}")
    if host in NEVER_NAMED:
        raise NotReached(f"{host} is never reached: it tells a machine's secrets")
    return host


async def _addresses(url: str, host: str, access: WebAccess) -> list[Address]:
    port = urlsplit(url).port or (443 if url.lower().startswith("https:") else 80)
    try:
        found = await resolve(host, port)
    except OSError as error:
        raise NotReached(f"could not find the host {host}: {describe(error)}") from error
    for address in found:
        inner = embedded(address) if isinstance(address, ipaddress.IPv6Address) else None
        if address in NEVER or inner in NEVER:
            raise NotReached(f"{host} ({address}) is never reached: it tells a machine's secrets")
        if not (access.private or address.is_loopback or is_public(address)):
            raise NotReached(
                f"{host} ({address}) is of a private network; security.allowPrivateNetworkHooks in "
                "your own settings allows that"
            )
    if not found:
        raise NotReached(f"the host {host} has no address")
    return found


def _ready(url: str, proxy: Proxy | None, env: Mapping[str, str]) -> ssl.SSLContext:
    """Imports the client and reads the certificates; blocks."""
    from qwen_dual.net import client  # noqa: F401

    return context_for(url, None if proxy is None else proxy.url, env=env)


async def _answer(response: HttpResponse) -> Ran:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_STDOUT:
            return Ran(failure="its answer is longer than is read")
    if not response.is_success:
        return Ran(failure=f"answered {response.status_code} {response.reason}".strip())
    text = bytes(body).decode("utf-8", "replace")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or not text.strip():
        return Ran(0, text)
    return Ran(0, encode({"systemMessage": text}).decode())
