"""Whom encrypted connections trust: the usual authorities, or those of ``SSL_CERT_FILE``.

``NODE_EXTRA_CA_CERTS`` adds to either, as it does for the reference: who works behind a proxy that signs
for others has it set.

What goes wrong on the way is raised with the variable and the file that are at fault.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
MORE_CERTIFICATES = "NODE_EXTRA_CA_CERTS"
KEY_LOG = "SSLKEYLOGFILE"


class TlsFailure(Exception):
    """The variables that encryption looks at name something that cannot be used.

    Attributes:
        variable: its name; empty where none is at fault.
        path: its value.
        why: what is wrong with it.
    """

    def __init__(self, variable: str, path: str, why: str) -> None:
        what = f"{variable}={path}" if variable else "the certificates of this machine"
        super().__init__(f"{what} cannot be used for encryption: {why}. Correct it, or unset it.")
        self.variable = variable
        self.path = path
        self.why = why


def context_for(*urls: str | None, env: Mapping[str, str]) -> ssl.SSLContext:
    """What a client that connects to ``urls`` (a server, its proxy) encrypts with.

    Where none of them is encrypted it trusts nobody and reads no file: 30 to 150 ms less. Blocks.

    Args:
        urls: of the server and of the proxy.
        env: the environment of the session that asks; the process's own counts for nothing.

    Raises:
        TlsFailure: a file that a variable names cannot be used.
    """
    import ssl

    if not _encrypted(urls):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    key_log = env.get(KEY_LOG)
    _check_key_log(key_log)
    variable = next((name for name in CERTIFICATES if env.get(name)), "")
    try:
        context = _verifying(env)
        if more := env.get(MORE_CERTIFICATES):
            variable = MORE_CERTIFICATES
            context.load_verify_locations(cafile=more)
        context.keylog_filename = cast("str", key_log or None)  # not the process's
        return context
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        why = getattr(error, "strerror", None) or str(error)
        if isinstance(error, ssl.SSLError):
            why = "it holds no certificates"
        raise TlsFailure(variable, env.get(variable, ""), why) from error


def context_if_encrypted(*urls: str | None, env: Mapping[str, str]) -> ssl.SSLContext | None:
    """What ``context_for`` gives, or None where nothing is encrypted: ``ssl`` takes 15 ms to import."""
    return context_for(*urls, env=env) if _encrypted(urls) else None


def _encrypted(urls: Iterable[str | None]) -> bool:
    return any(url and url.lower().startswith("https:") for url in urls)


def _verifying(env: Mapping[str, str]) -> ssl.SSLContext:
    """By the variables, else by the authorities that browsers trust."""
    import ssl

    file, folder = (env.get(name) for name in CERTIFICATES)
    if file:
        return ssl.create_default_context(cafile=file)
    if folder:
        _check_folders(folder)
        return ssl.create_default_context(capath=folder)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _check_folders(paths: str) -> None:
    """OpenSSL looks into them with each certificate, and takes what is missing for nobody to trust."""
    import errno
    import re

    failure = OSError(errno.ENOENT, "it holds no certificates under their hashes (see c_rehash)")
    for path in paths.split(os.pathsep):
        try:
            if any(re.fullmatch(r"[0-9a-f]{8}\.\d+", name) for name in os.listdir(path)):
                return
        except OSError as error:
            failure = error
    raise failure


def _check_key_log(path: str | None) -> None:
    """OpenSSL opens this file for every connection, and its complaint would name nothing."""
    if not path:
        return
    try:
        with open(path, "ab"):
            pass
    except (OSError, ValueError) as error:
        raise TlsFailure(KEY_LOG, path, getattr(error, "strerror", None) or str(error)) from error
