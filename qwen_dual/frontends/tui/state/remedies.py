"""What a person at the keyboard can do about a failure: the words for ``result.error.remedy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.protocol.events import Event

RETRY_HINT = "ctrl+y retries"

SENTENCES: Mapping[str, str] = {
    "retry": "Ask again with Ctrl+Y.",
    "retry_or_change_model": "Ask again with Ctrl+Y, or choose another model with /model.",
    "rephrase": "Rephrase the request, or begin a new session with /clear.",
    "compress": "Shorten the conversation with /compress, or begin a new session with /clear.",
    "new_session": "Begin a new session with /clear, or choose another model with /model.",
}
"""What stands by itself after the message."""

ALTERNATIVES: Mapping[str, str] = {
    "change_model": "or choose another model with /model.",
    "connect": "or connect again with /auth.",
}
"""What goes on with the advice that the message ends with."""


def failure_text(error: Event) -> str:
    """What is shown of ``result.error``: what failed, and what helps here."""
    status, message, remedy = error["status"], error["message"], error.get("remedy") or ""
    told = message if status is None else f"{status} {message}"
    if remedy in SENTENCES:
        return f"{told} {SENTENCES[remedy]}"
    if remedy not in ALTERNATIVES:
        return told
    words = ALTERNATIVES[remedy]
    if error.get("kind") == "no_key":
        words = words.replace(" again", "")
    return f"{told.removesuffix('.')}, {words}"


def failure_notice(error: Event) -> str:
    """The same with the key that tries again, for the transcript."""
    return f"{sanitise(failure_text(error)).rstrip()}\n{RETRY_HINT}"
