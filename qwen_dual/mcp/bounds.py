"""How much of anything a server may send: what goes beyond is left out, and said to be.

A server is foreign. None of these is near to what a good one sends.
"""

from __future__ import annotations

from qwen_dual.protocol.sanitise import sanitise
from qwen_dual.protocol.visible import visible_line

MAX_MESSAGE = 16 << 20
"""Bytes of one message: an answer of that size is 200 ms of work."""

MAX_TOOLS = 256
"""Tools of one server: each of them goes into every request."""

MAX_LISTED = 5000
"""Tools of one server that are looked at, to find those that are wanted."""

MAX_OFFERED = 1000
"""Prompts or resources of one server that are listed."""

MAX_PAGES = 100
"""Pages of one list."""

MAX_SCHEMA_BYTES = 32_000
"""JSON of one tool's parameters."""

MAX_SCHEMA_DEPTH = 40

MAX_DESCRIPTION = 4_000
"""Characters that one tool, prompt or resource is described in."""

MAX_INSTRUCTIONS = 8_000
"""Characters that a server says of its use."""

MAX_NAME = 200
"""Characters of a name that a server gives."""

MAX_REMARKS = 20
"""Things that are said to be wrong with one server."""

MAX_PER_SECOND = 100
"""Notices and requests of one server that are looked at; more are dropped."""

WORK_SECONDS = 0.005
"""How long messages of one server are read before others have their turn."""

REST = 3
"""As many times as long it waits then, while it goes on sending."""

MAX_RECORDS = 50
"""Records of the SDK about what servers send that the log takes in a minute."""


def bounded(text: object, limit: int) -> str:
    """Foreign text as it may be shown and told: sanitised, ``limit`` characters at the most."""
    if not isinstance(text, str):
        return ""
    clean = sanitise(text[: 2 * limit]).strip()
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def line(text: object, limit: int = MAX_NAME) -> str:
    """As ``bounded``, in one line."""
    return " ".join(bounded(text, limit).split())


def exact_line(text: str, limit: int = MAX_NAME) -> str:
    """The name of something that is called: in one line, with escapes for all that looks like something else."""
    shown = visible_line(text[:limit])
    return shown if len(text) <= limit else f"{shown}…"
