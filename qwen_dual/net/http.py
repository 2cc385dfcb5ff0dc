"""The HTTP client library, without what it would bring along and nobody here uses.

httpx looks for its command line (click, rich, pygments), and httpcore for trio. Where these are installed
for others, each takes longer to import than the client itself.
"""

from __future__ import annotations

import sys

UNUSED = ("httpx._main", "trio")


def import_client() -> None:
    """Imports httpx, unless somebody has already; a later `import httpx` finds it. Takes 60 ms."""
    if "httpx" in sys.modules:
        return
    held = [name for name in UNUSED if name not in sys.modules]
    for name in held:
        sys.modules[name] = None  # type: ignore[assignment]  # makes importing it fail
    try:
        import httpcore  # httpx does so later by itself  # noqa: F401
        import httpx  # noqa: F401
    finally:
        for name in held:
            del sys.modules[name]
