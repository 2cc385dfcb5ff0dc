"""What an SDK sends on stdin: user messages and the control protocol, beside the commands. Pure.

``parse_incoming`` tells what a line is. The commands of ``commands`` are taken here too, so that a host
has one input for all. Strict in what decides something, tolerant in the rest: a newer SDK may send more
than this version knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, ValidationError, convert, field

from qwen_dual.protocol import COMMAND_TYPES
from qwen_dual.protocol.blocks import (
    MAX_PROMPT_IMAGE_CHARS,
    image_block,
    is_image,
    media_type_of,
    text_block,
    text_in,
    why_unusable,
)
from qwen_dual.protocol.commands import CommandError, command_of, echo, object_of
from qwen_dual.protocol.nesting import MAX_DEPTH, is_too_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.protocol.command_shapes import Command
    from qwen_dual.protocol.shapes import ImageBlock, TextBlock

INCOMING_TYPES = ("user", "control_request", "control_response", "control_cancel_request")
"""The types of line that an SDK sends; ``COMMAND_TYPES`` are taken beside them."""


class UserContent(Struct, frozen=True, kw_only=True):
    """The message of a user line, as the services' own APIs spell one."""

    role: Literal["user"] = "user"
    content: str | list[dict[str, Any]]


class UserLine(Struct, frozen=True, kw_only=True):
    """A prompt: text, or blocks of ``text`` and ``image`` (base64)."""

    type: Literal["user"]
    message: UserContent
    uuid: str | None = None
    session_id: str | None = None
    parent_tool_use_id: str | None = None


class ControlRequestLine(Struct, frozen=True, kw_only=True):
    """Something that the SDK asks; ``request.subtype`` says what."""

    type: Literal["control_request"]
    request_id: str
    request: dict[str, Any]


class ControlAnswer(Struct, frozen=True, kw_only=True):
    """The ``response`` of an answer: of ``can_use_tool``, a ``PermissionAnswer``."""

    subtype: Literal["success", "error"]
    request_id: str
    response: dict[str, Any] | None = None
    error: str | dict[str, Any] | None = None


class ControlResponseLine(Struct, frozen=True, kw_only=True):
    """The answer to a ``control_request`` of ours."""

    type: Literal["control_response"]
    response: ControlAnswer


class ControlCancelLine(Struct, frozen=True, kw_only=True):
    """The SDK waits no more for what it asked; without an id, for none of it."""

    type: Literal["control_cancel_request"]
    request_id: str | None = None


class PermissionAnswer(Struct, frozen=True, kw_only=True):
    """What ``can_use_tool`` is answered with.

    Attributes:
        updatedInput: what is to run in place of the input that was asked about.
        interrupt: with a denial: the turn ends as well.
    """

    behavior: Literal["allow", "deny"]
    updatedInput: dict[str, Any] | None = None
    message: str | None = None
    interrupt: bool = False


Line = UserLine | ControlRequestLine | ControlResponseLine | ControlCancelLine

LINES: dict[str, type[Line]] = {
    "user": UserLine,
    "control_request": ControlRequestLine,
    "control_response": ControlResponseLine,
    "control_cancel_request": ControlCancelLine,
}
"""What each ``type`` looks like."""


class UserMessage(Struct, frozen=True):
    """A prompt.

    Attributes:
        content: its blocks, in order; neighbours of text stay apart.
        uuid: its sender's name for it.
        remarks: what of it cannot be sent to a model, each with why.
    """

    content: tuple[TextBlock | ImageBlock, ...]
    uuid: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What it says; a line stands for each image."""
        return text_in(list(self.content))


class ControlRequest(Struct, frozen=True):
    """Something that the SDK asks.

    Attributes:
        subtype: what.
        fields: the whole request.
    """

    request_id: str
    subtype: str
    fields: dict[str, Any] = field(default_factory=dict)


class ControlResponse(Struct, frozen=True):
    """An answer of the SDK: ``error`` is empty where it is one."""

    request_id: str
    response: dict[str, Any] = field(default_factory=dict)
    error: str = ""


class ControlCancel(Struct, frozen=True):
    """The SDK waits no more; None for all that it asked."""

    request_id: str | None = None


class Unusable(CommandError):
    """A line that cannot be used.

    Attributes:
        request_id: of a ``control_request``, whose sender waits for an answer.
        prompt: it was to be a prompt, whose sender waits for a ``result``.
    """

    def __init__(
        self,
        code: str,
        message: str,
        command_id: str | None = None,
        *,
        request_id: str | None = None,
        prompt: bool = False,
    ) -> None:
        super().__init__(code, message, command_id)
        self.request_id = request_id
        self.prompt = prompt


def parse_incoming(
    line: bytes,
) -> UserMessage | ControlRequest | ControlResponse | ControlCancel | Command:
    """What one line (without its newline) says.

    Raises:
        CommandError: it cannot be used; ``Unusable`` where somebody waits for an answer to it.
    """
    value = object_of(line, bounded=False)
    kind = value.get("type")
    if not isinstance(kind, str):
        kind = echo(repr(kind))
    if is_too_deep(value):
        return _too_deep(kind, value)
    if kind in COMMAND_TYPES:
        return command_of(value)
    if kind not in LINES:
        known = ", ".join((*INCOMING_TYPES, *COMMAND_TYPES))
        raise CommandError("unknown_type", f"unknown type {echo(kind)!r}; known: {known}")
    return _READERS[kind](value)


def permission_answer(response: Mapping[str, Any]) -> PermissionAnswer:
    """The answer to ``can_use_tool`` that ``response`` is.

    Raises:
        ValueError: it is none; nothing may run because of it.
    """
    try:
        return convert(response, PermissionAnswer)
    except ValidationError as error:
        raise ValueError(str(error).replace("`", "")) from None


def _too_deep(kind: str, value: dict[str, Any]) -> ControlResponse:
    """An answer that says no, where the line is one: what waits for it would wait for ever.

    Raises:
        Unusable: it is none.
    """
    problem = f"nested deeper than {MAX_DEPTH}"
    answer, asked = value.get("response"), value.get("request_id")
    if kind == "control_response" and isinstance(answer, dict):
        name = answer.get("request_id")
        if isinstance(name, str):
            return ControlResponse(name, error=f"its answer is {problem}")
    waits = asked if kind == "control_request" and isinstance(asked, str) else None
    problem = f"{echo(kind)}: {problem}"
    raise Unusable("invalid", problem, request_id=waits, prompt=kind == "user")


def _user(value: dict[str, Any]) -> UserMessage:
    uuid = value.get("uuid")
    name = uuid if isinstance(uuid, str) and 0 < len(uuid) <= 200 else None
    try:
        line = convert({**value, "uuid": name}, UserLine)
    except ValidationError as error:
        raise Unusable("invalid", f"user: {_plain(error)}", name, prompt=True) from None
    given = line.message.content
    blocks = [{"type": "text", "text": given}] if isinstance(given, str) else given
    content: list[TextBlock | ImageBlock] = []
    remarks = []
    for number, block in enumerate(blocks, 1):
        taken, remark = _block(block)
        content.append(taken)
        if remark:
            remarks.append(f"block {number} of the message: {remark}")
    message = UserMessage(tuple(content), name, tuple(remarks))
    if not message.text.strip():
        raise Unusable("empty", "the message says nothing", name, prompt=True)
    return message


def _block(block: dict[str, Any]) -> tuple[TextBlock | ImageBlock, str]:
    """A block as the conversation has it, and what was wrong: the model is told of that, too."""
    kind = block.get("type")
    if kind == "text" and isinstance(block.get("text"), str):
        return text_block(block["text"]), ""
    if kind != "image":
        problem = f"a block of the type {echo(str(kind))!r} cannot be used; known: text, image"
    elif not is_image(block):
        problem = "an image needs a source with type base64, media_type and data"
    else:
        data = block["source"]["data"]
        why = why_unusable(image_block("", data), MAX_PROMPT_IMAGE_CHARS)
        if not why:
            return image_block(media_type_of(data) or "", data), ""
        problem = f"the image cannot be used: {why}"
    return text_block(f"[left out: {problem}]"), problem


def _request(value: dict[str, Any]) -> ControlRequest:
    request_id = value.get("request_id")
    if not isinstance(request_id, str):
        raise CommandError("invalid", "control_request: request_id: expected a string")
    request = value.get("request")
    if not isinstance(request, dict) or not isinstance(request.get("subtype"), str):
        problem = "control_request: request: expected an object with a subtype"
        raise Unusable("invalid", problem, request_id=request_id)
    return ControlRequest(request_id, request["subtype"], request)


def _response(value: dict[str, Any]) -> ControlResponse:
    try:
        given = convert(value, ControlResponseLine).response
    except ValidationError as error:
        raise CommandError("invalid", f"control_response: {_plain(error)}") from None
    if given.subtype == "success":
        return ControlResponse(given.request_id, given.response or {})
    said = given.error.get("message") if isinstance(given.error, dict) else given.error
    return ControlResponse(given.request_id, error=str(said or "it gave no reason"))


def _cancel(value: dict[str, Any]) -> ControlCancel:
    try:
        return ControlCancel(convert(value, ControlCancelLine).request_id)
    except ValidationError as error:
        raise CommandError("invalid", f"control_cancel_request: {_plain(error)}") from None


def _plain(error: ValidationError) -> str:
    return str(error).replace("`", "")


_READERS: dict[
    str,
    Callable[[dict[str, Any]], UserMessage | ControlRequest | ControlResponse | ControlCancel],
] = {
    "user": _user,
    "control_request": _request,
    "control_response": _response,
    "control_cancel_request": _cancel,
}
