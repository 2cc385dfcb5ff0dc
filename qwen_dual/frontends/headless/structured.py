"""An answer that fits a JSON Schema: the tool that takes it, and what is said to a model that uses none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.tools.tool import Display, Shown, Subject, ToolResult
from qwen_dual.frontends.headless.schema import BadSchema
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.nesting import is_too_deep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.frontends.headless.schema import Schema
    from qwen_dual.protocol.shapes import Preview, Suggestion

NAME = "structured_output"

TRIES = 3
"""How often a model that ended its turn without an answer that fits is asked for one."""

SYSTEM = (
    f"Your final answer is data for a program. Give it by calling {NAME}, once, when you are "
    "done: its arguments are the answer, and they have to fit its schema. Text is not read."
)

ASK_AGAIN = f"Now give the answer by calling {NAME}. {{why}}"
NO_CALL = "You ended without the call."


class StructuredOutput:
    """The tool whose arguments are the answer.

    Args:
        schema: what they have to fit.

    Attributes:
        answer: the first that did; None until then.
        problem: why none can, as the schema cannot be used.
    """

    name = NAME
    kind: Kind = "plan"  # changes nothing, and is never asked about
    aliases: Sequence[str] = ()
    rule_kind: RuleKind = "plain"
    display = Display("Answer", "Answering", about="takes the answer, as data")
    description = "Takes your final answer, as data. Call it once, when all else is done."

    def __init__(self, schema: Schema) -> None:
        self.answer: dict[str, Any] | None = None
        self.problem = ""
        self._schema = schema

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The schema."""
        return self._schema.document

    def prepare(self, arguments: Mapping[str, Any]) -> StructuredAnswer:
        """The call; whether the answer fits is looked at when it runs."""
        return StructuredAnswer(self, dict(arguments))

    async def take(self, answer: dict[str, Any]) -> str:
        """Keeps the first answer that fits; what is wrong with this one, empty where nothing is."""
        try:
            faults = await self._schema.faults(answer)
        except BadSchema as error:
            self.problem = str(error)
            faults = [self.problem]
        if not faults and self.answer is None:
            self.answer = answer
        return "\n".join(faults)

    async def take_text(self, text: str) -> str:
        """Takes an answer that a model wrote as text; what is wrong with it, empty where nothing is."""
        try:
            value = decode(_unfenced(text))
        except NotJson:
            return NO_CALL
        if not isinstance(value, dict):
            return NO_CALL
        if is_too_deep(value):
            return NO_CALL
        faults = await self.take(value)
        return f"What you wrote does not fit the schema:\n{faults}" if faults else ""


class StructuredAnswer:
    """One answer."""

    title = "the answer"
    outside: str | None = None
    subject = Subject()
    suggestions: Sequence[Suggestion] = ()

    def __init__(self, tool: StructuredOutput, answer: dict[str, Any]) -> None:
        self._tool = tool
        self._answer = answer

    async def preview(self) -> Preview | None:
        """Nothing: it never asks."""
        return None

    async def run(self, context: ToolContext) -> ToolResult:
        """Keeps the answer if it fits; ``context`` is not used."""
        if faults := await self._tool.take(self._answer):
            told = f"The answer does not fit the schema:\n{faults}\nCall it again."
            return ToolResult(told, is_error=True, shown=Shown("", note="does not fit the schema"))
        return ToolResult("The answer is taken. Say nothing more.")


def _unfenced(text: str) -> str:
    """``text`` without the code fence that a model may have put around it."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    return text
