"""An answer that fits a JSON Schema: the tool that takes it, and what is said to a model that uses none.

The schema is the person's own. What it refers to is looked for in it alone, and nothing is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.tool import Display, InvalidArguments, Subject, ToolResult
from qwen_dual.protocol.codec import NotJson, decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tool import Kind, RuleKind
    from qwen_dual.core.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview, Suggestion

NAME = "structured_output"

TRIES = 3
"""How often a model that ended its turn without an answer that fits is asked for one."""

MOST_ERRORS = 8
"""Faults of one answer that the model is told of."""

SYSTEM = (
    f"Your final answer is data for a program. Give it by calling {NAME}, once, when you are "
    "done: its arguments are the answer, and they have to fit its schema. Text is not read."
)

ASK_AGAIN = f"Now give the answer by calling {NAME}. {{why}}"
NO_CALL = "You ended without the call."

MISSING = (
    "--json-schema needs the package jsonschema, which is not installed here: "
    "pip install 'qwen-dual[schema]'"
)


class BadSchema(ValueError):
    """A schema that cannot be used; the text says why."""


class Schema:
    """A schema of objects.

    Args:
        text: as it is given on the command line: JSON, or ``@`` and a file of it.

    Raises:
        BadSchema: it is none, or jsonschema is missing.
    """

    def __init__(self, text: str) -> None:
        try:
            from jsonschema.exceptions import SchemaError
            from jsonschema.validators import validator_for
            from referencing import Registry
        except ImportError:
            raise BadSchema(MISSING) from None
        self.document = _object_in(_text_of(text))
        kind = validator_for(self.document)
        try:
            kind.check_schema(self.document)
        except SchemaError as error:
            raise BadSchema(f"--json-schema: no valid JSON Schema: {error.message}") from None
        # A registry of its own, and empty: the default one fetches what a `$ref` names.
        self._validator = kind(self.document, registry=Registry())

    def faults(self, value: Any) -> list[str]:
        """What of ``value`` does not fit, for the model; empty where all does."""
        from referencing.exceptions import Unresolvable

        found: list[str] = []
        try:
            for error in self._validator.iter_errors(value):
                found.append(f"{error.json_path}: {error.message[:300]}")
                if len(found) == MOST_ERRORS:
                    break
        except Unresolvable as error:
            raise BadSchema(
                f"--json-schema: it refers to {error.ref!r}, which it has not"
            ) from None
        return found


class StructuredOutput:
    """The tool whose arguments are the answer.

    Args:
        schema: what they have to fit.

    Attributes:
        answer: the first that did; None until then.
    """

    name = NAME
    kind: Kind = "plan"  # changes nothing, and is never asked about
    aliases: Sequence[str] = ()
    rule_kind: RuleKind = "plain"
    display = Display("Answer", "Answering", about="takes the answer, as data")
    description = "Takes your final answer, as data. Call it once, when all else is done."

    def __init__(self, schema: Schema) -> None:
        self.answer: dict[str, Any] | None = None
        self._schema = schema

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The schema."""
        return self._schema.document

    def prepare(self, arguments: Mapping[str, Any]) -> StructuredAnswer:
        """Checks the answer.

        Raises:
            InvalidArguments: it does not fit; says where.
        """
        if faults := self._schema.faults(arguments):
            raise InvalidArguments(
                "The answer does not fit the schema:\n" + "\n".join(faults) + "\nCall it again."
            )
        return StructuredAnswer(self, dict(arguments))

    def take(self, answer: dict[str, Any]) -> None:
        """Keeps the first answer."""
        if self.answer is None:
            self.answer = answer

    def take_text(self, text: str) -> str:
        """Takes an answer that a model wrote as text; what is wrong with it, empty where nothing is."""
        try:
            value = decode(_unfenced(text))
        except NotJson:
            return NO_CALL
        if not isinstance(value, dict):
            return NO_CALL
        if faults := self._schema.faults(value):
            return "What you wrote does not fit the schema:\n" + "\n".join(faults)
        self.take(value)
        return ""


class StructuredAnswer:
    """One answer that fits."""

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
        """Keeps the answer; ``context`` is not used."""
        self._tool.take(self._answer)
        return ToolResult("The answer is taken. Say nothing more.")


def _text_of(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        with open(given[1:], encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadSchema(f"--json-schema: {given[1:]!r} cannot be read: {why}") from None


def _object_in(text: str) -> dict[str, Any]:
    try:
        document = decode(text)
    except NotJson as error:
        raise BadSchema(
            f"--json-schema takes a JSON Schema or @FILE; {text[:60]!r} is no JSON ({error})"
        ) from None
    if not isinstance(document, dict) or document.get("type", "object") != "object":
        raise BadSchema('--json-schema: the schema has to be one of objects: {"type": "object", …}')
    return {"type": "object", **document}


def _unfenced(text: str) -> str:
    """``text`` without the code fence that a model may have put around it."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    return text
