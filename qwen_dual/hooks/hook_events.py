"""The events that hooks are for, by the names that the reference has for them. Data only."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class HookEvent(Struct, frozen=True):
    """One event.

    Attributes:
        name: as the settings have it.
        when: in a few words, for ``/hooks``.
        matches: the field of the input that a matcher is held against; empty where all fire.
        text_is_context: plain text on stdout is told to the model.
        heard: what its hooks say counts; else they are told, and no more.
        quiet: of a run only a failure is told; there are several a second.
    """

    name: str
    when: str
    matches: str = ""
    text_is_context: bool = False
    heard: bool = True
    quiet: bool = False


HOOK_EVENTS: Final = (
    HookEvent("PreToolUse", "before a tool runs", "tool_name"),
    HookEvent("PermissionRequest", "while somebody is asked whether a tool may run", "tool_name"),
    HookEvent("PostToolUse", "after a tool has run", "tool_name"),
    HookEvent("PostToolUseFailure", "after a tool has failed", "tool_name"),
    HookEvent("PostToolBatch", "after all tool calls of one answer"),
    HookEvent("UserPromptSubmit", "before a prompt goes to the model", text_is_context=True),
    HookEvent("Stop", "before a turn ends"),
    HookEvent("StopFailure", "when an error or a loop ended a turn", "error", heard=False),
    HookEvent("SessionStart", "when a session begins or goes on", "source", text_is_context=True),
    HookEvent("SessionEnd", "when a session ends", "reason", heard=False),
    HookEvent("PreCompact", "when the conversation is summarised", "trigger", heard=False),
    HookEvent("PostCompact", "when it has been summarised", "trigger", heard=False),
    HookEvent(
        "Notification",
        "when the session waits for the person, or one has signed in",
        "notification_type",
        heard=False,
    ),
    HookEvent(
        "InstructionsLoaded",
        "when a context file was read",
        "file_path",
        heard=False,
    ),
    HookEvent("MessageDisplay", "while an answer streams in", heard=False, quiet=True),
    HookEvent("SubagentStart", "when a sub-agent begins", "agent_type"),
    HookEvent("SubagentStop", "before a sub-agent ends", "agent_type"),
    HookEvent(
        "UserPromptExpansion",
        "when a command becomes a prompt",
        "command_name",
        text_is_context=True,
    ),
    HookEvent("PermissionDenied", "when auto mode denies a call", "tool_name", heard=False),
    HookEvent("TodoCreated", "when a task is put on the list"),
    HookEvent("TodoCompleted", "when a task is done"),
    HookEvent("SessionDelete", "when a saved session was deleted", heard=False),
)
"""All of them, in the order of ``/hooks``."""

BY_NAME: Final = {hook_event.name: hook_event for hook_event in HOOK_EVENTS}
