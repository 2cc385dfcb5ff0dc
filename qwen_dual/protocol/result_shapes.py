"""Parts of what a turn came to, as events tell it."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.failures import ErrorKind, Remedy  # noqa: TC001 -- read at run time


class TurnError(TypedDict):
    """What ended a turn; ``status`` is the HTTP status where there was one.

    ``message`` is for people and holds everywhere; ``remedy`` is what can be offered beside it, null
    where that is nothing but another try.
    """

    kind: NotRequired[ErrorKind]
    message: str
    status: int | None
    remedy: NotRequired[Remedy | None]


class Denial(TypedDict):
    """A call that was not allowed; ``parent_tool_use_id`` is that of the sub-agent that made it."""

    tool_name: str
    tool_use_id: str
    tool_input: dict[str, Any] | None
    parent_tool_use_id: NotRequired[str]
