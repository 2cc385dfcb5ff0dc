"""The saved sessions that a hosted one knows of. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_dual.host.calls import number_in, text_in

if TYPE_CHECKING:
    from qwen_dual.host.event import Event


@dataclass(frozen=True, slots=True)
class SavedSession:
    """A session that one can go on with.

    Attributes:
        session_id: its id; what ``Session.resume`` takes.
        title: how its first prompt begins, in one line; empty where it has none.
        cwd: the folder that it began in; empty where that cannot be told.
        updated_at: when it was written to last, in seconds since the epoch.
        prompts: how many there were.
        size: bytes of its file.
        running: whether a process has it open.
    """

    session_id: str
    title: str = ""
    cwd: str = ""
    updated_at: float = 0.0
    prompts: int = 0
    size: int = 0
    running: bool = False

    @classmethod
    def of(cls, raw: dict[str, Any]) -> SavedSession:
        """Reads one of a ``sessions`` event."""
        updated = raw.get("updated_at")
        return cls(
            session_id=text_in(raw, "session_id"),
            title=text_in(raw, "title"),
            cwd=text_in(raw, "cwd"),
            updated_at=float(updated) if isinstance(updated, int | float) else 0.0,
            prompts=number_in(raw, "prompts") or 0,
            size=number_in(raw, "bytes") or 0,
            running=raw.get("running") is True,
        )


@dataclass(frozen=True, slots=True)
class SavedSessions:
    """Some of them, the newest first.

    Attributes:
        sessions: as far as an event holds them.
        more: whether there are earlier ones: ``before=sessions[-1].updated_at`` lists them.
    """

    sessions: tuple[SavedSession, ...] = ()
    more: bool = False

    @classmethod
    def of(cls, event: Event) -> SavedSessions:
        """Reads a ``sessions`` event."""
        listed = event.data.get("sessions")
        found = [
            one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict)
        ]
        return cls(tuple(map(SavedSession.of, found)), event.data.get("more") is True)
