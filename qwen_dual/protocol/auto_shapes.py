"""The shape of a verdict of ``auto`` mode."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Usage  # noqa: TC001 -- read at run time


class AutoVerdictData(TypedDict):
    """What became of a call that neither a rule nor a guard had decided.

    ``verdict`` is ``ask`` for all that is no plain yes or no; ``cause`` says why it is what it is.
    """

    tool_use_id: str
    tool_name: str
    verdict: Literal["allow", "deny", "ask"]
    reason: str
    cause: Literal[
        "judged",
        "cached",
        "unsure",
        "timeout",
        "failed",
        "invalid",
        "too_large",
        "denials",
        "failures",
    ]
    model: str | None
    duration_ms: int
    usage: Usage
    resolved_by: Literal["auto"]
