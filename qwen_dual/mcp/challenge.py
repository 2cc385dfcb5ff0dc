"""How a server refuses a request for want of a sign-in, and how a refusal is made up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import httpx2

_PARAMETER = re.compile(r'[\w-]+=(?:"[^"]*"|[^\s,]+)')


class Challenge(Struct, frozen=True):
    """How a server refused a request: its status, and what its ``WWW-Authenticate`` said."""

    status: int = 401
    header: str = ""

    def with_scope(self, scope: str) -> Challenge:
        """The same, asking for this scope, and leading where it led before."""
        parts = [part for part in _PARAMETER.findall(self.header) if part.startswith(_METADATA)]
        return Challenge(self.status, "Bearer " + ", ".join([*parts, f'scope="{scope}"']))


_METADATA = "resource_metadata="


def challenge_of(response: httpx2.Response) -> Challenge | None:
    """How a server refuses a request for want of a token, or of one that allows more; None otherwise."""
    header = response.headers.get("www-authenticate", "")[:8000]
    if response.status_code == 401:
        return Challenge(401, header)
    if response.status_code == 403 and "insufficient_scope" in header:
        return Challenge(403, header)
    return None
