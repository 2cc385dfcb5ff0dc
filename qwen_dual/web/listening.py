"""Where the server listens, and the certificate that it shows: what can be wrong with them is said in a line."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING

from qwen_dual.fs.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PORT = 8421
PORTS_TRIED = 20
"""Where no port was asked for: the first free one of these."""


class CannotListen(Exception):
    """There can be no server; says why, and what to do."""


def listen(host: str, port: int | None) -> list[socket.socket]:
    """Sockets that listen at every address of a host, all on one port.

    Args:
        host: a name or an address.
        port: it; 0 for any, None for the first free one of the usual.

    Raises:
        CannotListen: nobody can there.
    """
    addresses = resolve(host)
    tried = range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED) if port is None else (port,)
    for each in tried:
        try:
            return _listen(addresses, each)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and each != tried[-1]:
                continue
            raise CannotListen(_why(error, host, each)) from None
    raise AssertionError


def resolve(host: str) -> list[str]:
    """The addresses of a host.

    Raises:
        CannotListen: it has none.
    """
    try:
        found = socket.getaddrinfo(
            host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CannotListen(
            f"--host {host}: {why}; name an address or a name of this machine"
        ) from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _listen(addresses: Sequence[str], port: int) -> list[socket.socket]:
    made: list[socket.socket] = []
    try:
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            one = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            made.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address, port))
            one.listen(512)
            one.setblocking(False)
            port = one.getsockname()[1]
    except BaseException:
        for one in made:
            one.close()
        raise
    return made


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: another program listens there; --port N takes another"
    if error.errno == errno.EACCES:
        return f"port {port} is for the system's own services: --port N takes one from 1024 on"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is no address of this machine"
    return f"cannot listen at {host}, port {port}: {reason(error)}"


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """What the server proves with who it is.

    Raises:
        CannotListen: the files are not what they have to be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for flag, path in (("--certfile", certificate), ("--keyfile", key)):
        if not os.path.isfile(path):
            raise CannotListen(f"{flag} {path}: there is no such file")
        if not os.access(path, os.R_OK):
            raise CannotListen(f"{flag} {path}: it cannot be read by this user")
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        why = "they do not belong together" if "MISMATCH" in (error.reason or "") else None
        raise CannotListen(
            f"--certfile {certificate}, --keyfile {key}: "
            f"{why or 'they are no certificate and key in PEM'} ({error.reason or error})"
        ) from None
    except _Locked:
        raise CannotListen(
            f"--keyfile {key}: it is encrypted; name one without a password"
        ) from None
    return context


class _Locked(Exception):
    pass


def _no_password() -> str:
    raise _Locked
