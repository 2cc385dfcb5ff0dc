"""What a hook's exit and its output mean: a decision, words for the model, words for the person. Pure.

What cannot be understood decides nothing. A text of a hook is bounded here, whatever it is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.nesting import is_too_deep
from qwen_dual.protocol.sanitise import one_line, sanitise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.hooks.command import Ran
    from qwen_dual.hooks.config import Hook
    from qwen_dual.hooks.hook_events import HookEvent

Decision = Literal["", "allow", "ask", "deny"]
Result = Literal["success", "blocked", "error", "timeout", "cancelled"]

BLOCKING: Final = 2
"""The exit status that says no."""

MAX_CONTEXT: Final = 10_000
"""Characters that one hook may tell the model."""

MAX_REASON: Final = 2_000

_DECISIONS: Final[Mapping[str, Decision]] = {
    "allow": "allow",
    "approve": "allow",
    "ask": "ask",
    "deny": "deny",
    "block": "deny",
}


class HookOutput(Struct, frozen=True):
    """What one hook said.

    Attributes:
        hook: which.
        result: how it ended.
        exit_code: of a command.
        decision: what it wants; empty for nothing.
        reason: why.
        updated_input: what a call is to run with.
        context: for the model.
        message: for the person.
        stop: nothing more is to be done in this turn.
        stop_reason: why.
        failure: why it came to nothing, for the person.
        stdout: what it printed; empty where it wants that kept.
        stderr: likewise.
    """

    hook: Hook
    result: Result = "success"
    exit_code: int | None = None
    decision: Decision = ""
    reason: str = ""
    updated_input: dict[str, Any] | None = None
    context: str = ""
    message: str = ""
    stop: bool = False
    stop_reason: str = ""
    failure: str = ""
    stdout: str = ""
    stderr: str = ""


def understood(hook: Hook, hook_event: HookEvent, ran: Ran) -> HookOutput:
    """What a hook said by ending as it did."""
    stderr = _bounded(ran.stderr.strip(), MAX_REASON)
    if ran.failure:
        result: Result = "timeout" if ran.timed_out else "error"
        return _failed(hook, result, ran, ran.failure, stderr)
    if ran.exit_code == BLOCKING:
        return HookOutput(
            hook, "blocked", BLOCKING, "deny", stderr or "no reason given", stderr=stderr
        )
    if ran.exit_code:
        why = one_line(stderr.split("\n")[0])
        return _failed(
            hook, "error", ran, f"exit status {ran.exit_code}: {why}".strip(": "), stderr
        )
    text = ran.stdout.strip()
    if not text:
        return HookOutput(hook, exit_code=ran.exit_code, stderr=stderr)
    if text.startswith(("{", '"')):
        why = "what it printed is longer than is read" if ran.cut else ""
        value: object = None
        try:
            value = None if why else decode(text)
            if isinstance(value, str):  # JSON within JSON, as some scripts print it
                value = decode(value)
        except NotJson as error:
            why = f"what it printed begins like JSON and is none ({error})"
        if isinstance(value, dict) and is_too_deep(value):
            why, value = "what it printed nests too deep", None
        if isinstance(value, dict) and not why:
            return meaning(hook, hook_event, value, ran, stderr)
        if text.startswith("{"):
            return _failed(hook, "error", ran, why or "what it printed is no object", stderr)
    context = _bounded(sanitise(text), MAX_CONTEXT) if hook_event.text_is_context else ""
    shown = _bounded(sanitise(text), MAX_REASON)
    return HookOutput(hook, exit_code=ran.exit_code, context=context, stdout=shown, stderr=stderr)


def meaning(
    hook: Hook, hook_event: HookEvent, value: Mapping[str, Any], ran: Ran, stderr: str = ""
) -> HookOutput:
    """What a JSON object of a hook says; what in it has another type than it should counts as absent.

    But for the input of a call: to allow what it changed is no word about the call as it was.
    """
    own = value.get("hookSpecificOutput")
    own = own if isinstance(own, dict) else {}
    decision = _DECISIONS.get(_text(value, "decision"), "")
    reason = _text(value, "reason")
    updated = own.get("updatedInput", own.get("tool_input"))
    stop = value.get("continue") is False
    if hook_event.name == "PreToolUse":
        wanted = own.get("permissionDecision")
        if wanted not in (None, "") and not (isinstance(wanted, str) and wanted in _DECISIONS):
            why = (
                f"permissionDecision is none of allow, deny and ask: {one_line(str(wanted))[:100]}"
            )
            return _failed(hook, "error", ran, why, stderr)
        decision = _DECISIONS.get(_text(own, "permissionDecision"), decision)
        reason = _text(own, "permissionDecisionReason") or reason
    elif hook_event.name == "PermissionRequest":
        answer = own.get("decision")
        answer = answer if isinstance(answer, dict) else {}
        decision = _DECISIONS.get(_text(answer, "behavior"), "")
        reason = _text(answer, "message") or reason
        updated = answer.get("updatedInput")
        stop = stop or (decision == "deny" and answer.get("interrupt") is True)
    if decision == "allow" and not (updated is None or isinstance(updated, dict)):
        why = f"updatedInput is no object: {one_line(str(updated))[:100]}"
        return _failed(hook, "error", ran, why, stderr)
    if hook.kind == "prompt":
        decision = _judged(value)
    quiet = value.get("suppressOutput") is True
    return HookOutput(
        hook,
        "blocked" if decision == "deny" else "success",
        ran.exit_code,
        decision,
        _bounded(sanitise(reason), MAX_REASON),
        updated if isinstance(updated, dict) else None,
        _bounded(sanitise(_text(own, "additionalContext") or _context(hook, value)), MAX_CONTEXT),
        _bounded(sanitise(_text(value, "systemMessage")), MAX_REASON),
        stop,
        _bounded(sanitise(_text(value, "stopReason")), MAX_REASON),
        stdout="" if quiet else _bounded(sanitise(ran.stdout.strip()), MAX_REASON),
        stderr=stderr,
    )


def _judged(value: Mapping[str, Any]) -> Decision:
    """What a model said that was asked: yes lets things take their way, and allows nothing."""
    return "deny" if value.get("ok") is False else ""


def _context(hook: Hook, value: Mapping[str, Any]) -> str:
    return _text(value, "additionalContext") if hook.kind == "prompt" else ""


def _failed(hook: Hook, result: Result, ran: Ran, failure: str, stderr: str) -> HookOutput:
    decision: Decision = "deny" if hook.blocks_on_failure else ""
    return HookOutput(
        hook,
        result,
        ran.exit_code,
        decision,
        f"it failed: {failure}" if decision else "",
        failure=_bounded(failure, MAX_REASON),
        stderr=stderr,
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _bounded(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]} [… {len(text) - limit:,} more characters]"
