"""httpx for pages of the web, without what it would bring along and nobody here uses.

httpx looks for its command line (click, rich, pygments), and httpcore for trio. Where these are installed
for others, each takes longer to import than the client itself.
"""

from __future__ import annotations

import sys

from qwen_dual.net.imports import Without


def import_client() -> None:
    """Imports httpx, unless somebody has already; a later ``import httpx`` finds it. Takes 60 ms."""
    if "httpx" in sys.modules:
        return
    with Without("httpx._main", "trio"):
        import httpcore  # httpx does so later by itself  # noqa: F401
        import httpx  # noqa: F401
