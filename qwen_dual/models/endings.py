"""Answers that ended without being one, as errors that say what to do. Pure; for every protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.model import ModelError
from qwen_dual.models.service_errors import ServiceError, error_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.model import ErrorKind

_AGAIN = "Ask again with Ctrl+Y"
_REPHRASE = "Rephrase the request, or begin a new session with /clear"
_SHORTEN = "Shorten the conversation with /compress, or begin a new session with /clear"

_ADVICE: dict[ErrorKind, str] = {
    "auth": "Set a valid key, or connect again with /auth",
    "content_filter": _REPHRASE,
    "context_length": _SHORTEN,
    "unknown_model": "Choose another with /model",
}
"""What to do where asking again does not help."""


def broken() -> ModelError:
    """The stream ended before the service had said that the answer is whole."""
    return ModelError(
        f"The answer broke off before it was complete. {_AGAIN}.",
        kind="broken",
    )


def empty(reason: str = "") -> ModelError:
    """A whole answer without text and without a call; ``reason`` is the service's word for why."""
    why = f" ({reason})" if reason else ""
    return ModelError(
        f"The model gave an empty answer{why}. {_AGAIN}, or choose another model with /model.",
        kind="empty",
    )


def withheld(reason: str = "") -> ModelError:
    """The service did not let the answer, or the prompt, pass; ``reason`` is what it said."""
    why = f" ({reason})" if reason else ""
    return ModelError(
        f"The service withheld the answer{why}. {_REPHRASE}.",
        kind="content_filter",
    )


def malformed(what: str) -> ModelError:
    """What came cannot be read; ``what`` completes "The service sent …"."""
    return ModelError(f"The service sent {what}. {_AGAIN}.", kind="malformed")


def window_full() -> ModelError:
    """The prompt left no room for an answer."""
    return ModelError(
        f"The conversation fills the model's context window. {_SHORTEN}.",
        kind="context_length",
    )


def reported(data: Mapping[str, Any], status: int = 0) -> ModelError:
    """An error object in the stream.

    Args:
        data: the event that holds it.
        status: the HTTP status it stands for, where it does not say so itself.
    """
    said = error_of(data) or ServiceError("no details")
    name = f" ({said.codes})" if said.codes else ""
    kind = kind_of(said.status or status, said)
    advice = _ADVICE.get(kind, f"{_AGAIN}, or choose another model with /model")
    return ModelError(
        f"The service failed{name}: {said.words.rstrip('. ')}. {advice}.",
        kind=kind,
    )
