"""Answers that ended without being one, as errors that say what helps. Pure; for every protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.models.model import ModelError
from qwen_dual.models.service_errors import ServiceError, error_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.protocol.failures import ErrorKind, Remedy

_REMEDY: dict[ErrorKind, Remedy] = {
    "auth": "connect",
    "content_filter": "rephrase",
    "context_length": "compress",
    "unknown_model": "change_model",
}
"""What to do where asking again does not help."""

_ADVICE: dict[ErrorKind, str] = {
    "auth": "Set a valid key.",
    "unknown_model": "Check the model's name.",
}


def broken() -> ModelError:
    """The stream ended before the service had said that the answer is whole."""
    return ModelError("The answer broke off before it was complete.", kind="broken", remedy="retry")


def empty(reason: str = "") -> ModelError:
    """A whole answer without text and without a call; ``reason`` is the service's word for why."""
    why = f" ({reason})" if reason else ""
    return ModelError(
        f"The model gave an empty answer{why}.", kind="empty", remedy="retry_or_change_model"
    )


def withheld(reason: str = "") -> ModelError:
    """The service did not let the answer, or the prompt, pass; ``reason`` is what it said."""
    why = f" ({reason})" if reason else ""
    return ModelError(
        f"The service withheld the answer{why}.", kind="content_filter", remedy="rephrase"
    )


def malformed(what: str) -> ModelError:
    """What came cannot be read; ``what`` completes "The service sent …"."""
    return ModelError(f"The service sent {what}.", kind="malformed", remedy="retry")


def unfinished(reason: str) -> ModelError:
    """The service gave up in the middle of its answer; ``reason`` is its word for why."""
    return ModelError(
        f"The service could not finish the answer ({reason}).", kind="server", remedy="retry"
    )


def refused(reason: str) -> ModelError:
    """The service does not take the conversation as it is; ``reason`` is what it said."""
    return ModelError(
        f"The service refused the conversation ({reason}).",
        kind="invalid_request",
        remedy="new_session",
    )


def window_full() -> ModelError:
    """The prompt left no room for an answer."""
    return ModelError(
        "The conversation fills the model's context window.",
        kind="context_length",
        remedy="compress",
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
    return ModelError(
        f"The service failed{name}: {said.words.rstrip('. ')}.",
        kind=kind,
        remedy=_REMEDY.get(kind, "retry_or_change_model"),
        advice=_ADVICE.get(kind, ""),
    )
