"""The saved sessions of a person, for the commands of a host: see ``core.commands.saved_sessions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.chats.listing import everywhere, recent
from qwen_dual.chats.open_sessions import open_sessions
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from qwen_dual.chats.listing import Known as Known  # noqa: PLC0414 - callers keep one
    from qwen_dual.chats.listing import Summary
    from qwen_dual.core.actor import Actor
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

TITLE_CHARS = 120

MAX_BYTES = 50_000
"""Of the sessions in one event: its line stays below 64 KiB."""


class HostedSavedSessions:
    """Those of one person, for one session.

    Args:
        launch: what was decided at the start.
        parts: the session.
    """

    def __init__(self, launch: Launch, parts: Parts) -> None:
        self._launch, self._parts = launch, parts
        self._known: Known = {}

    async def listing(
        self, limit: int, before: float | None, *, all_folders: bool
    ) -> dict[str, Any]:
        """The newest of them."""
        return await in_thread(lambda: self._listing(limit, before, all_folders))

    def _listing(self, limit: int, before: float | None, all_folders: bool) -> dict[str, Any]:
        cwd = None if all_folders else self._launch.cwd
        own = self._parts.session.session_id
        return list_saved(self._launch.home, cwd, limit, before, self._known, own)

    async def resume(self, session_id: str, actor: Actor) -> str:
        """Goes on with one as ``/resume`` does: once there is a screen, it is shown on that."""
        parts = self._parts
        await parts.complete.wait()
        assert parts.saved_sessions is not None
        return await parts.saved_sessions.resume(session_id, actor, exact=True)


def list_saved(
    home: str,
    cwd: str | None,
    limit: int,
    before: float | None = None,
    known: Known | None = None,
    own: str = "",
) -> dict[str, Any]:
    """The newest saved sessions as a ``sessions`` event has them; for a thread.

    Args:
        home: the user's settings folder.
        cwd: of which folder; None for all.
        limit: how many at the most.
        before: only those that were written to last before then.
        known: see ``chats.listing.recent``.
        own: the id of one that runs, whatever its file says.
    """
    known = {} if known is None else known
    if cwd is None:
        found = everywhere(home, limit + 1, known, before=before)
    else:
        found = recent(home, cwd, limit + 1, known, before=before)
    running = open_sessions(home) | {own}
    told: list[dict[str, Any]] = []
    size = 0
    for summary in found[:limit]:
        session = _summary_data(summary, running=summary.session_id in running)
        size += len(encode(session))
        if told and size > MAX_BYTES:
            break
        told.append(session)
    return {"sessions": told, "more": len(told) < len(found)}


def _summary_data(summary: Summary, *, running: bool) -> dict[str, Any]:
    return {
        "session_id": summary.session_id,
        "title": summary.prompt[:TITLE_CHARS],
        "cwd": summary.folder,
        "updated_at": summary.changed,
        "prompts": summary.prompts,
        "bytes": summary.size,
        "running": running,
    }
