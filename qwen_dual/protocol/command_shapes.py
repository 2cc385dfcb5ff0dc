"""The shapes of the commands that may come in, and the right that each takes.

Strict: a number is not taken for a string, nor a string for a truth value. Unknown keys are
ignored, as a newer host may send more than this version knows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

# Not pydantic, which takes 70 ms to import: the first command of a session would wait for that.
from msgspec import Meta, Struct

from qwen_dual.protocol import COMMAND_TYPES

Right = Literal["observe", "approve", "submit", "control"]
"""What a host may do: see, answer requests, have prompts run, and steer the session itself."""

Id = Annotated[str, Meta(min_length=1, max_length=200)]

NUMBERED = ("id", "target")
"""Keys that hold an id, which may be a whole number: its digits are the id."""


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
    holds them. While something runs it waits its turn, or is refused (``reject``), or joins the turn
    before the next model call (``steer``): a slash command, and what comes too late for that, waits.
    With ``review`` a person looks at it first, and may edit or refuse it.
    """

    type: Literal["submit"]
    text: str = ""
    content: Annotated[list[TextPart | ImagePart], Meta(max_length=100)] | None = None
    include: list[Literal["images"]] = []
    when_busy: Literal["queue", "reject", "steer"] = "queue"
    review: bool = False


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
    """Take the prompt with the id ``target`` out of the queue; whoever submitted it gets a receipt."""

    type: Literal["cancel"]
    target: str


class EditQueued(_Command, frozen=True, kw_only=True):
    """Change the words of a prompt that waits; it keeps its place, its id and its images."""

    type: Literal["edit_queued"]
    target: str
    text: str


class MoveQueued(_Command, frozen=True, kw_only=True):
    """Move a prompt that waits to a position, 1 for the next to run; the end where there are fewer."""

    type: Literal["move_queued"]
    target: str
    position: Annotated[int, Meta(ge=1)]


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


class ListSessions(_Command, frozen=True, kw_only=True):
    """Ask for a ``sessions`` event: the saved sessions of the folder, the newest first.

    ``before`` is an ``updated_at``: only those that were written to last before then are listed. With
    ``all_folders`` it is those of all folders, which takes the right to control.
    """

    type: Literal["list_sessions"]
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    before: float | None = None
    all_folders: bool = False


class Resume(_Command, frozen=True, kw_only=True):
    """Go on with a saved session, as ``/resume`` does; refused while something runs."""

    type: Literal["resume"]
    session_id: Annotated[str, Meta(min_length=1, max_length=200)]


class Clear(_Command, frozen=True, kw_only=True):
    """Begin a new conversation, as ``/clear`` does; refused while something runs."""

    type: Literal["clear"]


class GetDraft(_Command, frozen=True, kw_only=True):
    """Ask for a ``draft`` event: what the person is typing. Only this host is told."""

    type: Literal["get_draft"]


class SetDraft(_Command, frozen=True, kw_only=True):
    """Put ``text`` in the place of what the person is typing, if that is still as it was.

    ``if_version`` is the ``version`` of the ``draft`` event that ``text`` was made from: when the person
    has typed since, nothing changes and the receipt says ``version_conflict``. ``cursor`` counts code
    points from 0, as ``draft`` does; without it the cursor goes to the end.
    """

    type: Literal["set_draft"]
    text: str
    if_version: Annotated[int, Meta(ge=0)]
    cursor: Annotated[int, Meta(ge=0)] | None = None


class SubmitDraft(_Command, frozen=True, kw_only=True):
    """Send what the person is typing as they would, with the pastes and images that stand in it.

    ``if_version`` is the ``version`` of the ``draft`` event that shows it: when the person has typed since,
    nothing is sent and the receipt says ``version_conflict``. ``when_busy`` is that of ``submit``.
    """

    type: Literal["submit_draft"]
    if_version: Annotated[int, Meta(ge=0)]
    when_busy: Literal["queue", "reject", "steer"] = "queue"


class Watch(_Command, frozen=True, kw_only=True):
    """Be told each change of what the person types, ten times a second at the most, or no longer.

    Only this host is told: a ``draft`` event at once, and one after each change.
    """

    type: Literal["watch"]
    draft: bool


class Complete(_Command, frozen=True, kw_only=True):
    """Ask for a ``completions`` event: what may follow at ``cursor`` in ``text``. Only this host is told.

    ``cursor`` counts code points from 0; without it, it is at the end. What begins with a slash takes the
    right to control, as running it does.
    """

    type: Literal["complete"]
    text: Annotated[str, Meta(max_length=100_000)]
    cursor: Annotated[int, Meta(ge=0)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ListModels(_Command, frozen=True, kw_only=True):
    """Ask for a ``models`` event: those that ``set_model`` takes. Only this host is told."""

    type: Literal["list_models"]


class ListModes(_Command, frozen=True, kw_only=True):
    """Ask for a ``modes`` event: those that ``set_approval_mode`` takes. Only this host is told."""

    type: Literal["list_modes"]


class Export(_Command, frozen=True, kw_only=True):
    """Ask for an ``export`` event: a part of the session as a document. Only this host is told.

    ``part`` 0 makes the document, and says how many parts there are; the others are of the same one.
    """

    type: Literal["export"]
    format: Literal["md", "markdown", "json", "jsonl", "html"] = "md"
    part: Annotated[int, Meta(ge=0)] = 0


class Hello(_Command, frozen=True, kw_only=True):
    """The first line of a connection to a session's socket: who it is, and what it wants to do.

    ``rights`` are ``observe``, ``approve``, ``submit`` and ``control``; without it all that the person
    lets a host of this name do. ``from_seq`` is the number of the first event that it has not seen yet.
    """

    type: Literal["hello"]
    name: str
    rights: list[str] | None = None
    from_seq: Annotated[int, Meta(ge=1)] | None = None


Command = (
    Submit
    | ConfirmationResponse
    | Interrupt
    | Cancel
    | EditQueued
    | MoveQueued
    | GetState
    | SetApprovalMode
    | SetModel
    | McpAdd
    | McpRemove
    | McpStatus
    | Rewind
    | RewindPoints
    | ListSessions
    | Resume
    | Clear
    | GetDraft
    | SetDraft
    | SubmitDraft
    | Watch
    | Complete
    | ListModels
    | ListModes
    | Export
    | Hello
)

SHAPES: dict[str, type[Command]] = dict(zip(COMMAND_TYPES, get_args(Command), strict=True))
"""What each ``type`` looks like."""

RIGHTS: dict[str, Right] = {
    "submit": "submit",
    "confirmation_response": "approve",
    "interrupt": "submit",
    "cancel": "submit",
    "edit_queued": "submit",
    "move_queued": "submit",
    "get_state": "observe",
    "set_approval_mode": "control",
    "set_model": "control",
    "mcp_add": "control",
    "mcp_remove": "control",
    "mcp_status": "observe",
    "rewind": "control",
    "rewind_points": "observe",
    "list_sessions": "observe",
    "resume": "control",
    "clear": "control",
    "get_draft": "control",  # what a person has not sent is more theirs than the conversation
    "set_draft": "control",
    "submit_draft": "control",
    "watch": "control",
    "complete": "submit",  # it names files, for who may say them in a prompt
    "list_models": "observe",
    "list_modes": "observe",
    "export": "control",  # it holds what was said before the host came, in earlier runs too
    "hello": "observe",
}
"""The right that a command takes at the least; what its fields ask for may take more."""

ON_PROMPTS = frozenset(("cancel", "edit_queued", "move_queued"))
"""Commands on a prompt that waits: ``submit`` for one's own, ``control`` for another's."""

_ALONE = ("complete", "list_models", "list_modes", "export")
QUERIES = frozenset(("get_state", "mcp_status", "rewind_points", "list_sessions", *_ALONE))
"""Commands that change nothing: answered each time, whatever their id. Of the last four, and of those of
hosts on the socket, the receipt and the answer are for who asked alone."""

LASTING = frozenset(("submit", "interrupt", "rewind", "clear", "resume"))
"""Commands that are not carried out again when their id comes again after the program died.

What the others do ends with the program, so that it is done again: a model, a mode, a server is what it
was last set to, and what waits in the queue is changed as it was. Or it is the same done twice, or nothing.
"""
