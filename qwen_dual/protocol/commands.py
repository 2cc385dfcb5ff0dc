"""What may come in: the shapes of the commands, and ``parse_command``.

Strict: a number is not taken for a string, nor a string for a truth value. Unknown keys are
ignored, as a newer host may send more than this version knows.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args, get_type_hints

# Not pydantic, which takes 70 ms to import: the first command of a session would wait for that.
from msgspec import Meta, Struct, ValidationError, convert

from qwen_dual.protocol import COMMAND_TYPES
from qwen_dual.protocol.blocks import media_type_of
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.nesting import MAX_DEPTH, is_too_deep
from qwen_dual.protocol.regex import regex

ECHO_LIMIT = 200
"""Characters of a bad line or value that an error message may repeat."""

Id = Annotated[str, Meta(min_length=1, max_length=200)]


class _Command(Struct, frozen=True, kw_only=True):
    id: Id | None = None


class ImageData(Struct, frozen=True, tag_field="type", tag="base64"):
    """The bytes of an image, in base64."""

    media_type: str
    data: str

    def __repr__(self) -> str:
        return f"ImageData({len(self.data)} characters)"


class ImageFile(Struct, frozen=True, tag_field="type", tag="path"):
    """An image that is read when the prompt runs, with the leave that any file takes."""

    path: Annotated[str, Meta(min_length=1, max_length=4096)]


class TextPart(Struct, frozen=True, tag_field="type", tag="text"):
    """A part of a prompt in words."""

    text: str


class ImagePart(Struct, frozen=True, tag_field="type", tag="image"):
    """An image of a prompt: PNG, JPEG, GIF or WebP. ``name`` is what people see it called."""

    source: ImageData | ImageFile
    name: Annotated[str, Meta(max_length=255)] | None = None


class Submit(_Command, frozen=True, kw_only=True):
    """Run ``text`` as if it were typed and entered, or a prompt of text and images.

    With ``content``, ``text`` may be left out; given, it comes before it. The ``user`` event tells of
    an image by its name, size, type and hash; ``include`` asks for its bytes, as far as a line
    holds them.
    """

    type: Literal["submit"]
    text: str = ""
    content: Annotated[list[TextPart | ImagePart], Meta(max_length=100)] | None = None
    include: list[Literal["images"]] = []
    when_busy: Literal["queue", "reject"] = "queue"


class ConfirmationResponse(_Command, frozen=True, kw_only=True):
    """Answer a pending ``control_request``.

    ``mode`` is how to go on with a plan that is allowed: in the mode before it (``previous``), asking
    for each change (``default``, unless given), or with edits accepted (``auto-edit``).
    """

    type: Literal["confirmation_response"]
    request_id: str
    allowed: bool
    message: str | None = None
    updated_input: dict[str, Any] | None = None
    remember: Literal["session", "project", "user"] | None = None
    mode: Literal["previous", "default", "auto-edit"] | None = None


class Interrupt(_Command, frozen=True, kw_only=True):
    """Stop the turn; what becomes of the prompts that wait, ``queue`` says.

    They are kept, or taken out (``clear``), or taken out and a person's own given back to the draft
    (``return``, what Esc does). With ``tool_use_id`` only the sub-agent that works for this call is
    stopped, and those that it set to work; the turn goes on with what it had come to.
    """

    type: Literal["interrupt"]
    queue: Literal["keep", "clear", "return"] = "keep"
    tool_use_id: str | None = None


class Cancel(_Command, frozen=True, kw_only=True):
    """Take the queued submit with the id ``target`` out of the queue."""

    type: Literal["cancel"]
    target: str


class GetState(_Command, frozen=True, kw_only=True):
    """Ask for a ``state`` event."""

    type: Literal["get_state"]


class SetApprovalMode(_Command, frozen=True, kw_only=True):
    """Change what runs without asking."""

    type: Literal["set_approval_mode"]
    mode: Literal["plan", "default", "auto-edit", "auto", "yolo"]


class SetModel(_Command, frozen=True, kw_only=True):
    """Change the model."""

    type: Literal["set_model"]
    model: str


class McpAdd(_Command, frozen=True, kw_only=True):
    """Add an MCP server for this session; ``server`` is an entry as in ``mcpServers``."""

    type: Literal["mcp_add"]
    name: str
    server: dict[str, Any]


class McpRemove(_Command, frozen=True, kw_only=True):
    """End an MCP server for this session."""

    type: Literal["mcp_remove"]
    name: str


class McpStatus(_Command, frozen=True, kw_only=True):
    """Ask for a ``mcp`` event with all servers."""

    type: Literal["mcp_status"]


class Rewind(_Command, frozen=True, kw_only=True):
    """Go back to before a prompt; ``to`` is the uuid of its ``user`` event.

    The uuid of the latest ``rewound`` event undoes that, as long as nothing was submitted since. With
    ``preview`` nothing is done: ``rewind_preview`` tells what would be. ``overwrite`` says what becomes
    of files that somebody else has changed since; without it they are a ``conflict``.
    """

    type: Literal["rewind"]
    to: str
    conversation: bool
    files: bool
    preview: bool = False
    overwrite: bool | None = None


class RewindPoints(_Command, frozen=True, kw_only=True):
    """Ask for a ``rewind_points`` event: the prompts that one can go back to."""

    type: Literal["rewind_points"]


Command = (
    Submit
    | ConfirmationResponse
    | Interrupt
    | Cancel
    | GetState
    | SetApprovalMode
    | SetModel
    | McpAdd
    | McpRemove
    | McpStatus
    | Rewind
    | RewindPoints
)

SHAPES: dict[str, type[Command]] = dict(zip(COMMAND_TYPES, get_args(Command), strict=True))
"""What each ``type`` looks like."""

_MISSING = regex(r"Object missing required field `(.+)`")
_WRONG = regex(r"(.+?)(?: - at `\$\.(.+)`)?", re.DOTALL)


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
    return command_of(object_of(line))


def object_of(line: bytes, *, bounded: bool = True) -> dict[str, Any]:
    """The JSON object on one line (without its newline).

    Args:
        line: the line.
        bounded: whether one that nests too deep is none; else the caller looks at that.

    Raises:
        CommandError: it holds none.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise CommandError("not_utf8", f"the line is not UTF-8 at its byte {error.start}") from None
    try:
        value = decode(text)
    except NotJson as error:
        raise CommandError("not_json", f"not JSON ({error}): {echo(text)}") from None
    if not isinstance(value, dict):
        raise CommandError("invalid", f"expected a JSON object: {echo(text)}")
    if bounded and is_too_deep(value):
        raise CommandError("invalid", f"nested deeper than {MAX_DEPTH}: {echo(text)}")
    return value


def command_of(value: dict[str, Any]) -> Command:
    """The command that an object is.

    Raises:
        CommandError: with a code and a message that says what was expected.
    """
    if type(value.get("id")) is int:  # hosts number what they send
        value["id"] = str(value["id"])
    command_id = value.get("id")
    if not isinstance(command_id, str) or not command_id:
        command_id = None
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in COMMAND_TYPES:
        known = ", ".join(COMMAND_TYPES)
        raise CommandError(
            "unknown_type", f"unknown command type {echo(repr(kind))}; known: {known}", command_id
        )
    try:
        command = convert(value, SHAPES[kind])
    except ValidationError as error:
        raise CommandError("invalid", f"{kind}: {_wrong(str(error), value)}", command_id) from None
    if command.type == "submit":
        if command.content is None and "text" not in value:
            raise CommandError("invalid", "submit: text: Field required", command_id)
        _check_submit(command)
    return command


def _check_submit(command: Submit) -> None:
    says = bool(command.text.strip())
    for number, part in enumerate(command.content or (), 1):
        if isinstance(part, TextPart):
            says = says or bool(part.text.strip())
            continue
        says = True
        source = part.source
        if isinstance(source, ImageData) and media_type_of(source.data) is None:
            told = f"submit: content: block {number} is no base64 of a PNG, JPEG, GIF or WebP"
            raise CommandError("invalid", told, command.id)
    if not says:
        raise CommandError("empty", "the text of a submit must not be empty", command.id)


def _wrong(said: str, value: dict[str, Any]) -> str:
    """What is wrong with which key: where msgspec says the place last, it goes first here."""
    if missing := _MISSING.fullmatch(said):
        return f"{missing[1]}: Field required"
    found = _WRONG.fullmatch(said)
    assert found is not None
    what, where = found[1].replace("`", ""), found[2] or "line"
    if what.startswith("Invalid enum value"):
        what = f"Expected {_choices(get_type_hints(SHAPES[value['type']]).get(where))}"
    given = f", not {echo(repr(value[where]))}" if where in value else ""
    return f"{where}: {what}{given}"


def _choices(hint: Any) -> str:
    """The values of a ``Literal``, on its own or in a union."""
    inner = get_args(hint)
    values = inner if isinstance(inner[0], str) else get_args(inner[0])
    return " or ".join([", ".join(map(repr, values[:-1])), repr(values[-1])])


def echo(text: str) -> str:
    """As much of ``text`` as a message may repeat."""
    return text if len(text) <= ECHO_LIMIT else text[:ECHO_LIMIT] + "…"
