"""What may come in: pydantic models of the commands, and ``parse_command``.

Strict: a number is not taken for a string, nor a string for a truth value. Unknown keys are
ignored, as a newer host may send more than this version knows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from qwen_dual.protocol import COMMAND_TYPES
from qwen_dual.protocol.codec import NotJson, decode

ECHO_LIMIT = 200
"""Characters of a bad line or value that an error message may repeat."""


def _id(value: Any) -> Any:
    """A number counts as its text: hosts number what they send."""
    return str(value) if type(value) is int else value


class _Command(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(_id)] | None = None


class Submit(_Command):
    """Run ``text`` as if it were typed and entered."""

    type: Literal["submit"]
    text: str
    when_busy: Literal["queue", "reject"] = "queue"


class ConfirmationResponse(_Command):
    """Answer a pending ``control_request``."""

    type: Literal["confirmation_response"]
    request_id: str
    allowed: bool
    message: str | None = None
    updated_input: dict[str, Any] | None = None
    remember: Literal["session", "project", "user"] | None = None


class Interrupt(_Command):
    """Stop the turn; what becomes of the prompts that wait, ``queue`` says.

    They are kept, or taken out (``clear``), or taken out and a person's own given back to the draft
    (``return``, what Esc does).
    """

    type: Literal["interrupt"]
    queue: Literal["keep", "clear", "return"] = "keep"


class Cancel(_Command):
    """Take the queued submit with the id ``target`` out of the queue."""

    type: Literal["cancel"]
    target: str


class GetState(_Command):
    """Ask for a ``state`` event."""

    type: Literal["get_state"]


class SetApprovalMode(_Command):
    """Change what runs without asking."""

    type: Literal["set_approval_mode"]
    mode: Literal["plan", "default", "auto-edit", "yolo"]


class SetModel(_Command):
    """Change the model."""

    type: Literal["set_model"]
    model: str


Command = Submit | ConfirmationResponse | Interrupt | Cancel | GetState | SetApprovalMode | SetModel
_ADAPTER: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="type")])


class CommandError(ValueError):
    """A line that cannot be used.

    Attributes:
        code: ``not_json``, ``not_utf8``, ``unknown_type``, ``invalid`` or ``empty``.
        command_id: the line's ``id`` where it had a usable one, for its receipt.
    """

    def __init__(self, code: str, message: str, command_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.command_id = command_id


def parse_command(line: bytes) -> Command:
    """The command on one line (without its newline).

    Raises:
        CommandError: with a code and a message that says what was expected.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise CommandError("not_utf8", f"the line is not UTF-8 at its byte {error.start}") from None
    try:
        value = decode(text)
    except NotJson as error:
        raise CommandError("not_json", f"not JSON ({error}): {_echo(text)}") from None
    if not isinstance(value, dict):
        raise CommandError("invalid", f"expected a JSON object: {_echo(text)}")
    command_id = _id(value.get("id"))
    if not isinstance(command_id, str) or not command_id:
        command_id = None
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in COMMAND_TYPES:
        known = ", ".join(COMMAND_TYPES)
        raise CommandError(
            "unknown_type", f"unknown command type {_echo(repr(kind))}; known: {known}", command_id
        )
    try:
        command = _ADAPTER.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "line"
        message = f"{kind}: {where}: {first['msg']}"
        if first["type"] != "missing":
            message += f", not {_echo(repr(first['input']))}"
        raise CommandError("invalid", message, command_id) from None
    if command.type == "submit" and not command.text.strip():
        raise CommandError("empty", "the text of a submit must not be empty", command_id)
    return command


def _echo(text: str) -> str:
    return text if len(text) <= ECHO_LIMIT else text[:ECHO_LIMIT] + "…"
