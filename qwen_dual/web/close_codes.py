"""Why the server closes a WebSocket; the page's ``wire.ts`` says the same."""

from __future__ import annotations

from typing import Final

LEFT: Final = 4401
"""Nobody is let in by this cookie and proof, or not any more."""
UNKNOWN: Final = 4404
"""There is no such session, or not for this client."""
FLOOD: Final = 4408
"""Too much was sent."""
CROWDED: Final = 4429
"""This browser has too many of them open."""
FAILED: Final = 1011
"""A fault of the server's, as RFC 6455 has it."""
