"""The shape of the ``system`` events, as TypedDicts: for type checkers and for the schema."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.auto_shapes import AutoVerdictData  # noqa: TC001 -- read at run time
from qwen_dual.protocol.choice_shapes import ModelsEvent, ModesEvent
from qwen_dual.protocol.completion_shapes import CompletionsEvent
from qwen_dual.protocol.content_shapes import NoticeData  # noqa: TC001 -- read at run time
from qwen_dual.protocol.draft_shapes import DraftEvent, Proposals, UiEvent
from qwen_dual.protocol.export_shapes import ExportEvent
from qwen_dual.protocol.host_shapes import GrantedHost, HostsChanged, Refused
from qwen_dual.protocol.model_shapes import CompactBoundary, ModelRetry, ModelUsage, SideCall
from qwen_dual.protocol.queue_shapes import QueueEvent
from qwen_dual.protocol.rewind_shapes import RewindPointsEvent, RewindPreview, Rewound
from qwen_dual.protocol.saved_shapes import SavedSessions
from qwen_dual.protocol.shapes import Envelope, Origin, Preview, State, TurnOutcome
from qwen_dual.protocol.task_shapes import TaskNotification, TaskStarted


class InputChannel(TypedDict):
    """Where commands are read; those that begin at ``offset`` or later count."""

    path: str
    offset: int


class Limits(TypedDict):
    """Bounds that a host should know."""

    max_line_bytes: int
    max_buffer_bytes: int


class SandboxData(TypedDict):
    """The sandbox that commands are asked to run in; absent where there is none."""

    backend: Literal["auto", "bwrap", "landlock"]
    filesystem: Literal["read-only", "workspace-write"]
    network: Literal["closed", "open"]


class SessionStartData(TypedDict):
    """The capability handshake; ``resumed`` and ``next_seq`` greet a reader that came later."""

    session_id: str
    cwd: str
    protocol_version: int
    version: str
    supported_events: list[str]
    agent: NotRequired[str]
    pid: NotRequired[int]
    model: NotRequired[str]
    approval_mode: NotRequired[str]
    supported_commands: NotRequired[list[str]]
    input: NotRequired[InputChannel | None]
    limits: NotRequired[Limits]
    socket: NotRequired[str]
    host: NotRequired[GrantedHost]
    sandbox: NotRequired[SandboxData]
    enter_while_busy: NotRequired[Literal["queue"]]
    resumed: NotRequired[bool]
    next_seq: NotRequired[int]


class SessionEndData(TypedDict):
    """The session that ended."""

    session_id: str


class QueuedPrompt(TypedDict):
    """A prompt that waits; ``text`` is its first 200 characters."""

    id: str | None
    text: str
    origin: Origin


class StateData(TypedDict):
    """What the session does, ``queue`` the first 20 that wait; ``command_id``: of a ``get_state``."""

    state: State
    turn_id: str | None
    queued: int
    queue: list[QueuedPrompt]
    command_id: NotRequired[str | None]


class ReceiptData(TypedDict):
    """What became of the command that ``host`` sent with this id; ``version`` is the draft's that was set.

    A ``submit`` that is looked at first has two: ``held``, then ``accepted``, ``edited``, ``refused`` or
    ``rejected``. ``turn_id`` is the turn that one which steers waits to join.

    Of a ``duplicate`` that began, ``outcome`` says what came of it, also when that was in an earlier run of
    the program: it is ``interrupted`` where that died before the end. ``result`` is then the ``result`` of its
    turn, without the envelope. ``durable`` is false where a later run will not know the id, since nothing
    is saved.
    """

    id: str
    status: Literal["accepted", "queued", "rejected", "duplicate", "held", "edited", "refused"]
    host: Origin
    code: NotRequired[str]
    message: NotRequired[str]
    position: NotRequired[int]
    version: NotRequired[int]
    turn_id: NotRequired[str]
    outcome: NotRequired[Literal["queued", "running", "done", "interrupted", "rejected", "refused"]]
    result: NotRequired[TurnOutcome]
    durable: NotRequired[Literal[False]]


class InputErrorData(TypedDict):
    """A line that could not be used; ``offset`` is the byte where it begins."""

    code: str
    message: str
    offset: int


class GapData(TypedDict):
    """Events that this reader will never get, both ends included."""

    from_seq: int
    to_seq: int
    dropped: int


class ToolProgressData(TypedDict):
    """A call that started (``text`` is its essential argument) or printed (its latest lines).

    ``preview`` is the change that a started call makes, where no request has shown it.
    """

    tool_use_id: str
    tool_name: str
    status: Literal["started", "output"]
    text: str
    preview: NotRequired[Preview]


class HookStartedData(TypedDict):
    """A hook begins to run; ``hook_id`` is of this run."""

    hook_id: str
    hook_name: str
    hook_event: str
    tool_use_id: str | None
    status_message: NotRequired[str]


class HookResponseData(TypedDict):
    """What became of a run of a hook.

    ``decision`` is null where it decided nothing that counts; a prompt, a result or an end of a turn
    that it blocked is ``deny``. ``message`` is what it says to the person. ``stdout`` and ``stderr``
    are their first 2,000 characters, absent where empty or suppressed.
    """

    hook_id: str
    hook_name: str
    hook_event: str
    tool_use_id: str | None
    source: Literal["Project", "User", "System", "Session"]
    outcome: Literal["success", "blocked", "error", "timeout", "cancelled"]
    exit_code: int | None
    duration_ms: int
    decision: Literal["allow", "ask", "deny"] | None
    reason: str | None
    changed_input: bool
    stopped: bool
    message: NotRequired[str]
    stdout: NotRequired[str]
    stderr: NotRequired[str]


class ToolsChangedData(TypedDict):
    """What the model can call, by name; one in another's place is among those that are ``added``."""

    tools: list[str]
    added: list[str]
    removed: list[str]


class McpServerData(TypedDict):
    """One MCP server, now.

    ``state`` is ``connecting`` until its first try has come to something, ``failed`` while it is not
    there (tried again after ``retry_in`` seconds, null: not by itself), ``needs_auth`` until somebody
    signs in, ``disabled`` where the settings leave it out, ``disconnected`` once it was ended. ``source``
    is who brought it. ``error`` says why it is not connected, ``warnings`` what of it is not used.
    ``tools`` are the names that the model calls, ``prompts`` those of its slash commands.
    """

    name: str
    state: Literal["connecting", "connected", "failed", "disconnected", "needs_auth", "disabled"]
    transport: Literal["stdio", "http", "sse", "sdk"]
    source: Literal["user", "project", "cli", "host", "sdk"]
    error: str
    warnings: list[str]
    tools: list[str]
    prompts: list[str]
    resources: int
    server: str
    protocol: str
    retry_in: float | None


class McpData(TypedDict):
    """MCP servers that have changed, or with ``complete`` all: ``command_id`` of an ``mcp_status``."""

    servers: list[McpServerData]
    complete: bool
    command_id: NotRequired[str | None]


class SlashCommandData(TypedDict):
    """A slash command: its name without the slash, and what stood behind it."""

    command: str
    args: str
    origin: Origin
    command_id: str | None
    proposed: NotRequired[str]


ChangeData = TypedDict("ChangeData", {"from": str, "to": str, "origin": Origin})
"""A mode, a model or a session that gave way to another."""


class SessionStart(Envelope):
    """Always the first line that a reader sees."""

    type: Literal["system"]
    subtype: Literal["session_start"]
    data: SessionStartData


class SessionEnd(Envelope):
    """The last line of a session that ended in order."""

    type: Literal["system"]
    subtype: Literal["session_end"]
    data: SessionEndData


class StateEvent(Envelope):
    """At every change of the state, the turn or the queue's length."""

    type: Literal["system"]
    subtype: Literal["state"]
    data: StateData


class Receipt(Envelope):
    """For each command that carries an id."""

    type: Literal["system"]
    subtype: Literal["command_receipt"]
    data: ReceiptData


class InputErrorEvent(Envelope):
    """For each line of the input that could not be used."""

    type: Literal["system"]
    subtype: Literal["input_error"]
    data: InputErrorData


class Gap(Envelope):
    """In place of what this reader will never get; its ``seq`` is ``to_seq``."""

    type: Literal["system"]
    subtype: Literal["gap"]
    data: GapData


class ToolProgress(Envelope):
    """While a tool runs, at most ten times a second."""

    type: Literal["system"]
    subtype: Literal["tool_progress"]
    data: ToolProgressData


class Notice(Envelope):
    """A message for the person."""

    type: Literal["system"]
    subtype: Literal["notice"]
    data: NoticeData


class SlashCommand(Envelope):
    """A slash command was given: its output is ``notice``, its end ``result``.

    One that a person types in the middle of a turn runs at once and has no ``result``.
    """

    type: Literal["system"]
    subtype: Literal["slash_command"]
    data: SlashCommandData


class Change(Envelope):
    """Something in force gave way to something else."""

    type: Literal["system"]
    subtype: Literal["mode_changed", "model_changed", "session_changed"]
    data: ChangeData


class ToolsChanged(Envelope):
    """The model can call other tools from its next request on."""

    type: Literal["system"]
    subtype: Literal["tools_changed"]
    data: ToolsChangedData


class AutoVerdict(Envelope):
    """A model has judged whether a call may run: ``auto`` mode."""

    type: Literal["system"]
    subtype: Literal["auto_verdict"]
    data: AutoVerdictData


class HookStarted(Envelope):
    """A hook begins to run."""

    type: Literal["system"]
    subtype: Literal["hook_started"]
    data: HookStartedData


class HookResponse(Envelope):
    """A hook has ended, one for each that was told to have begun."""

    type: Literal["system"]
    subtype: Literal["hook_response"]
    data: HookResponseData


class Mcp(Envelope):
    """After a change of MCP servers, and in answer to ``mcp_status``."""

    type: Literal["system"]
    subtype: Literal["mcp"]
    data: McpData


SystemEvent = (
    SessionStart
    | SessionEnd
    | StateEvent
    | Receipt
    | InputErrorEvent
    | Gap
    | ToolProgress
    | Notice
    | SlashCommand
    | Change
    | ToolsChanged
    | AutoVerdict
    | HookStarted
    | HookResponse
    | Mcp
    | ModelRetry
    | SideCall
    | ModelUsage
    | CompactBoundary
    | TaskStarted
    | TaskNotification
    | RewindPointsEvent
    | SavedSessions
    | RewindPreview
    | Rewound
    | DraftEvent
    | UiEvent
    | Proposals
    | CompletionsEvent
    | ModelsEvent
    | ModesEvent
    | ExportEvent
    | HostsChanged
    | Refused
    | QueueEvent
)
