"""How a headless run ends: the words of its ``result``, and the exit status. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol.api_error import api_error

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event

FAILED = 1
"""The exit status of a model call that failed, a loop, and of flags that cannot be used."""

MAX_TURNS = 53
"""The exit status at the bound of model calls."""

BUDGET = 55
"""The exit status at the bounds of tool calls, time and money."""

_STATUS = {"max_turns": MAX_TURNS, "budget": BUDGET, "interrupted": 130}

_OURS = ("command", "budget", "hook")
"""Kinds of errors that are none of a model call."""

_MESSAGES = {
    "interrupted": "Interrupted.",
    "loop": "The model went round in circles with the same calls, and was stopped.",
}


class Ending(Struct, frozen=True):
    """How a turn ended.

    Attributes:
        stop_reason: as the session's ``result`` says it.
        status: the exit status of a run that ends with it.
        message: what is said of an error; empty where there is none.
    """

    stop_reason: str
    status: int = 0
    message: str = ""

    @property
    def is_error(self) -> bool:
        """Whether there is no answer that can be counted on."""
        return self.status != 0

    @property
    def subtype(self) -> str:
        """Of the ``result``; the SDKs know no others."""
        if not self.is_error:
            return "success"
        return "error_max_turns" if self.stop_reason == "max_turns" else "error_during_execution"


def ending_of(result: Event, *, max_turns: int | None = None) -> Ending:
    """How the turn ended that ``result`` is of.

    Args:
        result: the session's.
        max_turns: the bound of model calls in force.
    """
    reason = result["stop_reason"]
    if reason == "denied" and result.get("error") is not None:  # the prompt itself was
        return Ending(reason, FAILED, _message(result, max_turns))
    if reason == "error" or reason in _STATUS or reason in _MESSAGES:
        return Ending(reason, _STATUS.get(reason, FAILED), _message(result, max_turns))
    return Ending(reason)


def signalled(number: int, name: str) -> Ending:
    """The ending by a signal."""
    return Ending("interrupted", 128 + number, f"Ended by {name}.")


def _message(result: Event, max_turns: int | None) -> str:
    reason = result["stop_reason"]
    error = result.get("error")
    if error is not None:
        told, status = str(error["message"]), error.get("status")
        if error.get("kind") in _OURS:
            return told
        return api_error(told if status is None else f"{status} {told}")
    if reason == "max_turns":
        return (
            f"Stopped after {max_turns} model calls, the bound of --max-session-turns "
            "(model.maxSessionTurns in the settings)."
        )
    return str(_MESSAGES.get(reason, reason))
