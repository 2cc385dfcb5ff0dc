"""Where a hyperlink of the terminal (OSC 8) may lead that somebody else has made. Pure."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

MAX_TARGET = 2000
"""Terminals cut off or refuse what is much longer."""

SCHEMES = ("http", "https", "file", "mailto")

KEPT = "%/:?#[]@!$&'()*+,;=~-._"
"""What stays as it is in a target, beside letters and digits."""


def safe_target(href: str) -> str | None:
    """``href`` fit for a hyperlink, in printable ASCII; None when it must not be one."""
    if any(ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F for char in href):
        return None
    try:
        scheme = urlsplit(href).scheme.lower()
        target = quote(href, safe=KEPT)
    except ValueError:  # a malformed host, or a lone surrogate
        return None
    return target if scheme in SCHEMES and len(target) <= MAX_TARGET else None
