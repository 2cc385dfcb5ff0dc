"""The events of a session that hooks hear of and nothing waits for: an observer of the bus."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.hooks.session_hooks import SessionHooks
    from qwen_dual.protocol.events import Event

APP: Final = "qwen-dual"

_OF_STATUS: Final[Mapping[int, str]] = {
    429: "rate_limit",
    401: "authentication_failed",
    402: "billing_error",
    403: "billing_error",
    400: "invalid_request",
}

_OF_KIND: Final[Mapping[str, str]] = {
    "rate_limit": "rate_limit",
    "overloaded": "server_error",
    "server": "server_error",
    "auth": "authentication_failed",
    "billing": "billing_error",
    "quota": "billing_error",
    "context_length": "invalid_request",
    "invalid": "invalid_request",
}


class HookObserver:
    """Has hooks told of what a session publishes.

    Args:
        hooks: of the session.
        model: the name of the one in force.
        transcript: the path of a session's saved chat.
    """

    def __init__(
        self,
        hooks: SessionHooks,
        model: Callable[[], str],
        transcript: Callable[[str], str],
    ) -> None:
        self._hooks = hooks
        self._model = model
        self._transcript = transcript
        self._compacting: anyio.Event | None = None  # until the hooks before a summary are done

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        kind = event["type"]
        if kind == "control_request":
            tool = event["request"]["tool_name"]
            text = f"{APP} needs your permission to use {tool}"
            self._notify("permission_prompt", text, "Permission needed")
        elif kind == "result":
            if event["parent_tool_use_id"] is None:
                self._ended(event)
        elif kind == "system" and event["parent_tool_use_id"] is None:
            self._system(event["subtype"], event["data"])

    def signed_in(self, where: str) -> None:
        """A model's service or an MCP server has taken the person's key or sign-in."""
        self._notify("auth_success", f"{APP} is signed in at {where}", "Signed in")

    def _system(self, subtype: str, data: dict[str, Any]) -> None:
        if subtype == "session_changed":
            self._changed(data["from"])
        elif subtype == "state" and data["state"] == "compacting":
            trigger = "manual" if data["turn_id"] is None else "auto"
            self._before_summary(trigger)
        elif subtype == "compact_boundary":
            self._after_summary(data["trigger"], data.get("summary", ""))
            self._hooks.session_start("compact", self._model())

    def _ended(self, event: Event) -> None:
        reason, error = event["stop_reason"], event.get("error") or {}
        if reason == "loop" or reason == "error":
            kind = "loop_detected" if reason == "loop" else kind_of(error)
            details = str(error.get("message") or reason)
            self._run_hooks("StopFailure", kind, error=kind, error_details=details)
        self._notify("idle_prompt", f"{APP} is waiting for your input", "Waiting for input")

    def _notify(self, kind: str, message: str, title: str) -> None:
        self._run_hooks("Notification", kind, message=message, title=title, notification_type=kind)

    def _changed(self, before: str) -> None:
        async def notify() -> None:
            source = self._hooks.came_by()
            path = self._transcript(before)
            await self._hooks.notify(
                "SessionEnd", source, reason=source, session_id=before, transcript_path=path
            )

        self._hooks.engine.spawn(notify)
        self._hooks.forget()
        self._hooks.session_start("", self._model())

    def _before_summary(self, trigger: str) -> None:
        if not self._hooks.engine.has("PreCompact"):
            return
        over = self._compacting = anyio.Event()

        async def notify() -> None:
            try:
                await self._hooks.notify(
                    "PreCompact", trigger, trigger=trigger, custom_instructions=""
                )
            finally:
                over.set()

        self._hooks.engine.spawn(notify)

    def _after_summary(self, trigger: str, summary: str) -> None:
        before = self._compacting

        async def notify() -> None:
            if before is not None:  # the summary may be quicker than they are
                await before.wait()
            await self._hooks.notify(
                "PostCompact", trigger, trigger=trigger, compact_summary=summary
            )

        if self._hooks.engine.has("PostCompact"):
            self._hooks.engine.spawn(notify)

    def _run_hooks(self, event: str, about: str, **fields: Any) -> None:
        if self._hooks.engine.has(event):
            self._hooks.engine.spawn(partial(self._hooks.notify, event, about, **fields))


def kind_of(error: Mapping[str, Any]) -> str:
    """What ``StopFailure`` calls an error of a ``result``."""
    status = error.get("status")
    if isinstance(status, int) and status in _OF_STATUS:
        return _OF_STATUS[status]
    if isinstance(status, int) and status >= 500:
        return "server_error"
    return _OF_KIND.get(str(error.get("kind")), "unknown")
