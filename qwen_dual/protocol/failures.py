"""What may fail and what helps, as closed sets. Cheap to import, unlike the shapes that name them."""

from __future__ import annotations

from typing import Literal

ErrorKind = Literal[
    "no_key",
    "auth",
    "unknown_model",
    "network",
    "dns",
    "tls",
    "proxy",
    "rate_limit",
    "overloaded",
    "server",
    "timeout",
    "stalled",
    "broken",
    "malformed",
    "empty",
    "context_length",
    "content_filter",
    "invalid_request",
    "budget",
    "command",
    "hook",
    "other",
]
"""What went wrong, for whoever branches on it.

``timeout``: no answer began in time. ``stalled``: the stream stopped sending. ``broken``: the
connection ended in the middle. ``malformed``: what came could not be understood. ``empty``: an
answer without content. ``budget``: a bound of the run was reached. ``command``: a slash command failed.
``hook``: a hook did not let the prompt through.
"""

Remedy = Literal[
    "retry",
    "retry_or_change_model",
    "change_model",
    "connect",
    "rephrase",
    "compress",
    "new_session",
]
"""What helps, for front ends: each says it in its own words, as a key, a button or a flag.

``retry``: the same call again. ``change_model``: another model. ``connect``: a valid key, or the
service connected anew. ``rephrase``: the request in other words, or a new session. ``compress``: a
shorter conversation, or a new session. ``new_session``: one, or another model.
"""
