"""What the HTTP client raised, and all that led to it, in a few words for a person. Pure."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_HTTP = "illegal "
"""How h11 begins what it says of bytes that are no HTTP: an illegal status, request or header line."""


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """``error`` and all that led to it; a connection may have failed on several addresses."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or each in seen:
            continue
        seen.append(each)
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += [each.__cause__ or each.__context__]


_REASONS = {
    errno.ECONNREFUSED: "nothing listens there",
    errno.ECONNRESET: "it was reset by the other side",
    errno.ENETUNREACH: "the network is unreachable",
    errno.EHOSTUNREACH: "there is no way to the host",
    errno.ENETDOWN: "the network is down",
    errno.ETIMEDOUT: "it does not react",
    errno.EPIPE: "it was closed by the other side",
}


def in_words(causes: list[BaseException]) -> str:
    """The most telling of the causes in a few words."""
    import ssl

    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLError):
            reason: str | None = getattr(cause, "reason", None)  # only those that openssl raised
            return (reason or str(cause)).replace("_", " ").lower()
        if isinstance(cause, OSError) and cause.errno is not None:
            return _REASONS.get(cause.errno) or cause.strerror or str(cause)
    return next((str(cause) for cause in causes if str(cause)), type(causes[0]).__name__)


def is_no_http(error: Exception) -> bool:
    """Whether what came in place of an answer was no HTTP: another protocol, say, or TLS."""
    return str(error).startswith(_NO_HTTP)
