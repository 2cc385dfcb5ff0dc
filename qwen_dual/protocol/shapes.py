"""The shape of what is on the wire, as TypedDicts: for type checkers and for the schema.

Conversation, stream, approvals and results; the ``system`` events are ``system_shapes``'s. Only type
checkers and ``schema`` import this module; ``events`` builds the same shapes as plain dicts.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from qwen_dual.protocol.change_shapes import FileDiff  # noqa: TC001 -- read at run time
from qwen_dual.protocol.content_shapes import (
    ImageBlock as ImageBlock,  # noqa: PLC0414 -- told to type checkers as ours, too
)
from qwen_dual.protocol.content_shapes import (
    SubmittedImage,
)
from qwen_dual.protocol.content_shapes import (
    TextBlock as TextBlock,  # noqa: PLC0414
)
from qwen_dual.protocol.result_shapes import Denial, TurnError  # noqa: TC001 -- read at run time

NamedActor = Annotated[str, Field(pattern="^(host|hook):.")]
"""A host on the socket, or a hook, by its name: ``host:zed``."""

Origin = Literal["keyboard", "input", "cli", "sdk", "agent"] | NamedActor
ResolvedBy = Literal["keyboard", "input", "sdk", "policy", "interrupt", "shutdown"] | NamedActor
State = Literal["idle", "thinking", "responding", "running_tool", "awaiting_approval", "compacting"]
StopReason = Literal[
    "end_turn", "interrupted", "error", "denied", "max_turns", "max_tokens", "loop", "budget"
]


class ThinkingBlock(TypedDict):
    """The model's reasoning; ``signature`` is the provider's, empty where it has none."""

    type: Literal["thinking"]
    thinking: str
    signature: str


class ToolUseBlock(TypedDict):
    """One tool call; ``input`` is the parsed arguments."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]


ResultContent = str | list[TextBlock | ImageBlock]
"""What a tool call came to: a string, or blocks where it holds an image."""


class ToolResultBlock(TypedDict):
    """What a tool call came to, for the model."""

    type: Literal["tool_result"]
    tool_use_id: str
    is_error: bool
    content: ResultContent


class ToolOutcome(TypedDict, total=False):
    """How a tool call ended, for whoever shows it; what is not known is left out.

    Attributes:
        output: what was printed, where ``content`` says more or less than that; the colours of a
            command (SGR sequences, and no others) are kept in it.
        exit_code: of a command that ended by itself.
        signal: the one that ended it, such as ``SIGTERM``.
        note: why it ended early, or what it came to, in a few words: ``timed out``, ``12 matches``.
        duration_ms: how long it ran.
        auto_verdict: what a model said that judged it; ``ask`` where it could not tell.
        auto_reason: why, in a sentence.
    """

    output: str
    exit_code: int
    signal: str
    note: str
    duration_ms: int
    auto_verdict: Literal["allow", "deny", "ask"]
    auto_reason: str


ContentBlock = TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | ImageBlock


class Usage(TypedDict):
    """Tokens of one message or one turn."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: NotRequired[int]
    total_tokens: NotRequired[int]


class Message(TypedDict):
    """One entry of the conversation, in the one neutral form that every model adapter reads."""

    role: Literal["user", "assistant"]
    content: list[ContentBlock]


class AssistantMessage(TypedDict):
    """The message of an ``assistant`` event."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[ContentBlock]
    stop_reason: Literal["tool_use"] | None
    usage: Usage


class Envelope(TypedDict):
    """What every event but the control ones carries."""

    uuid: str
    session_id: str
    parent_tool_use_id: str | None
    seq: int


class UserMessage(TypedDict):
    """The message of a ``user`` event."""

    role: Literal["user"]
    content: list[TextBlock | SubmittedImage | ToolResultBlock]


class UserEvent(Envelope):
    """What was submitted (with ``origin``) or one tool result (without).

    ``proposed`` is what a host had submitted, where a person made something else of it. What is
    ``steered`` joined the turn ``turn_id``, which goes on. ``submitted_by`` is who submitted it, where
    somebody else edited it while it waited.
    """

    type: Literal["user"]
    message: UserMessage
    origin: NotRequired[Origin]
    command_id: NotRequired[str]
    proposed: NotRequired[str]
    steered: NotRequired[bool]
    turn_id: NotRequired[str]
    submitted_by: NotRequired[Origin]
    tool_use_result: NotRequired[ToolOutcome]


class AssistantEvent(Envelope):
    """One run of blocks of one kind."""

    type: Literal["assistant"]
    message: AssistantMessage


class OpenedMessage(TypedDict):
    """The message that a ``message_start`` opens; its content follows."""

    id: str
    role: Literal["assistant"]
    model: str
    content: list[ContentBlock]


class MessageStart(TypedDict):
    """A model call begins to answer."""

    type: Literal["message_start"]
    message: OpenedMessage


class BlockStart(TypedDict):
    """A block begins; empty but for its kind and a tool's id and name."""

    type: Literal["content_block_start"]
    index: int
    content_block: ContentBlock


class TextDelta(TypedDict):
    """A piece of a text block."""

    type: Literal["text_delta"]
    text: str


class ThinkingDelta(TypedDict):
    """A piece of a thinking block."""

    type: Literal["thinking_delta"]
    thinking: str


class InputJsonDelta(TypedDict):
    """A piece of a tool call's arguments."""

    type: Literal["input_json_delta"]
    partial_json: str


class BlockDelta(TypedDict):
    """A piece of the block with this index."""

    type: Literal["content_block_delta"]
    index: int
    delta: TextDelta | ThinkingDelta | InputJsonDelta


class BlockStop(TypedDict):
    """The block is complete."""

    type: Literal["content_block_stop"]
    index: int


class MessageStop(TypedDict):
    """The model call is over."""

    type: Literal["message_stop"]


class StreamEvent(Envelope):
    """A piece of the model's answer while it comes."""

    type: Literal["stream_event"]
    event: MessageStart | BlockStart | BlockDelta | BlockStop | MessageStop


class TurnOutcome(TypedDict):
    """What a turn came to.

    Of one that may have asked a model it repeats what ``usage`` events tell: how much of the conversation
    there is, how much the model takes, and what the session cost by now, null where that is not known.
    ``host`` is who sent the command with the id ``command_id``. ``steered`` has the ids of the commands whose
    prompts joined it, ``steered_by`` who sent each.
    """

    subtype: Literal["success", "error_during_execution"]
    is_error: bool
    duration_ms: int
    duration_api_ms: int
    num_turns: int
    result: str
    usage: Usage
    permission_denials: list[Denial]
    turn_id: str
    command_id: str | None
    stop_reason: StopReason
    context_tokens: NotRequired[int]
    context_window: NotRequired[int]
    total_cost_usd: NotRequired[float | None]
    host: NotRequired[Origin]
    steered: NotRequired[list[str]]
    steered_by: NotRequired[list[Origin]]
    error: NotRequired[TurnError]


class ResultEvent(Envelope, TurnOutcome):
    """The end of a turn."""

    type: Literal["result"]


class Suggestion(TypedDict):
    """One way to answer a permission request.

    ``mode``, of a plan, is what a ``confirmation_response`` repeats to choose this one.
    """

    type: Literal["allow", "deny", "modify"]
    label: str
    description: str
    mode: NotRequired[Literal["previous", "default", "auto-edit"]]


class PreviewWarning(TypedDict):
    """Something in a preview that is not what it looks like, or that makes it hard to read.

    ``hook`` says that a hook changed the call, or wants it to be asked about, ``auto`` why no model
    decided about it, ``rule`` which rule may deny it. ``message`` is a sentence for a person. ``line`` is
    the first that has it, counted from 1, and ``count`` how often it is there, where that can be said.
    """

    kind: Literal[
        "control",
        "bidi",
        "invisible",
        "blank",
        "unassigned",
        "look_alike",
        "address",
        "long",
        "cut",
        "hook",
        "auto",
        "rule",
    ]
    message: str
    line: NotRequired[int]
    count: NotRequired[int]


class Preview(TypedDict):
    """What a call will do, made for reading: ours, beside the reference's fields.

    ``text`` is exact: what will run, or what will be written, character by character; a ``plan`` is
    Markdown. ``question`` is
    what is asked about it, in a line, where the tool does not say. ``files`` is a ``diff`` as data.
    """

    kind: Literal["command", "diff", "text", "questions", "plan"]
    title: str
    text: str
    question: NotRequired[str]
    warnings: NotRequired[list[PreviewWarning]]
    files: NotRequired[list[FileDiff]]


class PermissionRequest(TypedDict):
    """The ``request`` of a ``control_request``.

    ``previous_mode``, of a plan, is the approval mode before plan mode.
    """

    subtype: Literal["can_use_tool"]
    tool_name: str
    tool_use_id: str
    input: dict[str, Any]
    permission_suggestions: list[Suggestion] | None
    blocked_path: str | None
    preview: NotRequired[Preview | None]
    rule: NotRequired[str | None]
    rules: NotRequired[list[str] | None]
    previous_mode: NotRequired[str]


class ControlRequest(TypedDict):
    """A tool call waits for leave."""

    type: Literal["control_request"]
    request_id: str
    request: PermissionRequest
    parent_tool_use_id: NotRequired[str]
    session_id: str
    seq: int


class Verdict(TypedDict):
    """The inner response of a resolved request; ``message`` is a denial's reason, and ours."""

    allowed: bool
    message: NotRequired[str]


class ControlSuccess(TypedDict):
    """A request was resolved."""

    subtype: Literal["success"]
    request_id: str
    response: Verdict
    resolved_by: ResolvedBy


class ControlFailure(TypedDict):
    """An answer came to a request that is not pending."""

    subtype: Literal["error"]
    request_id: str
    error: str


class ControlResponse(TypedDict):
    """How a request ended."""

    type: Literal["control_response"]
    response: ControlSuccess | ControlFailure
    parent_tool_use_id: NotRequired[str]
    session_id: str
    seq: int
