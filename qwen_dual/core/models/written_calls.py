"""Calls that a model wrote as text: what becomes of an answer that ends with some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.models import text_calls
from qwen_dual.core.models.model import ModelError, ToolCallArguments, ToolCallStart
from qwen_dual.core.models.remarks import WRITTEN, WRITTEN_TOLD
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.models.answer import Answer
    from qwen_dual.core.models.model import ToolSpec

MOST_WRITTEN = 3
"""Answers in a row that end with a call as text; then the model cannot do otherwise."""

LONG_ANSWER = 500_000
"""Characters of an answer from which on a thread looks for calls in it."""


class Written(Struct, frozen=True):
    """What follows from an answer that ends with calls as text.

    Attributes:
        told: what the model is told.
        warning: what the person is told, the first time.
        error: why it is not asked again.
    """

    told: str
    warning: str = ""
    error: ModelError | None = None


async def look_for_calls(text: str, tools: Sequence[ToolSpec], before: int) -> Written | None:
    """What follows from calls at the end of ``text``; None where there are none.

    Args:
        text: of the answer.
        tools: what can be called.
        before: how many answers in a row have ended so.
    """
    names = [tool.name for tool in tools]
    calls = await in_thread(lambda: text_calls.find(text, names), only_if=len(text) > LONG_ANSWER)
    if not calls:
        return None
    found = text_calls.names(calls)
    problem, told = WRITTEN.format(tools=found), WRITTEN_TOLD.format(tools=found)
    if before + 1 == MOST_WRITTEN:
        return Written(told, "", ModelError(problem, kind="malformed", remedy="change_model"))
    return Written(told, "" if before else problem)


def call_what_is_written(answer: Answer, tools: Sequence[ToolSpec]) -> None:
    """Makes calls of those that an answer ended with as text."""
    if answer.cut_off:
        return
    for call in text_calls.find(answer.text, [tool.name for tool in tools]):
        answer.feed(ToolCallStart(f"call_{events.new_uuid()}", call.name))
        answer.feed(ToolCallArguments(call.arguments))
