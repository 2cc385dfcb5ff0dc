"""The wire contract: events out, commands in, one codec. Imports nothing else of ours.

* ``shapes`` and ``system_shapes``: TypedDicts of every event, for type checkers and the schema.
* ``events``: functions that build event bodies; ``stamp`` puts the envelope around one.
* ``codec``: bytes ⇄ JSON, the only place that imports orjson.
* ``ansi``: the escape sequences of terminals.
* ``framing``: lines out of bytes that are cut anywhere.
* ``command_shapes``: what may come in, and the right that it takes; ``commands``: ``parse_command``.
* ``control``: what SDKs send beside them: prompts, requests and answers.
* ``schema``: both as JSON Schema, for ``docs/schema``.

The shapes, ``commands`` and ``schema`` are heavy to import, so nothing on the way to the first event does.
"""

PROTOCOL_VERSION = 2

EVENT_TYPES = (
    "system",
    "user",
    "assistant",
    "stream_event",
    "result",
    "control_request",
    "control_response",
)
"""What ``session_start`` advertises as ``supported_events``."""

COMMAND_TYPES = (
    "submit",
    "confirmation_response",
    "interrupt",
    "cancel",
    "edit_queued",
    "move_queued",
    "get_state",
    "set_approval_mode",
    "set_model",
    "mcp_add",
    "mcp_remove",
    "mcp_status",
    "rewind",
    "rewind_points",
    "list_sessions",
    "resume",
    "clear",
    "get_draft",
    "set_draft",
    "submit_draft",
    "watch",
    "complete",
    "list_models",
    "list_modes",
    "export",
    "hello",
)
"""What ``session_start`` advertises as ``supported_commands``; a test holds it to ``commands``."""

HOST_RIGHTS = ("observe", "approve", "submit", "control")
"""What a host may do: see, answer requests, have prompts run, and steer the session itself."""

APPROVAL_MODES = ("plan", "default", "auto-edit", "auto", "yolo")

EDITS = "edits"
"""The rule, among suggestions, of every edit in the workspace: it means the mode that does so."""

MODES_ELSEWHERE = {
    "acceptEdits": "auto-edit",
    "bypassPermissions": "yolo",
    "dontAsk": "default",
}
"""Approval modes by the names that other programs' SDKs have for them."""

MAX_LINE_BYTES = 16 << 20
"""A longer line on a channel is dropped as it streams by."""

MAX_RESULT_BYTES = 60_000
"""Bound on a ``tool_result`` text after JSON escaping, so that its line stays below 64 KiB."""
