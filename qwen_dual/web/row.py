"""What the list of sessions says of one, and how one ended."""

from __future__ import annotations

import signal as signals
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from qwen_dual.host import Event, Exit, Session

MAX_TITLE = 100
MAX_TOLD = 4096
"""Characters of anything else: all who watch are told it, and it is written down at each change."""

_SILENT = frozenset(("stream_event", "assistant"))
"""Events that change no row, but for some of an answer: by these Qwen Code shows what it is at."""

_SHOWING = frozenset(("message_start", "content_block_start", "message_stop"))


class Ended(Struct, frozen=True):
    """How a session ended.

    Attributes:
        status: the program's; None where it has none, or nobody knows.
        signal: the signal that killed it.
        message: the same for people.
    """

    status: int | None
    signal: int | None
    message: str

    @classmethod
    def of(cls, how: Exit, *, left: bool) -> Self:
        """Reads how a program ended, or that a connection to one is over."""
        if how.signal is not None:
            try:
                name = signals.Signals(how.signal).name
            except ValueError:
                name = f"signal {how.signal}"
            return cls(None, how.signal, f"The program was killed by {name}.")
        if how.status is None:
            return cls(
                None, None, "It is over." if not left else "The session is not followed any more."
            )
        after = "" if how.status == 0 else f" with status {how.status}"
        return cls(how.status, None, f"The program has ended{after}.")

    def message_for_page(self) -> dict[str, Any]:
        """As ``ended`` of the page has it."""
        return {
            "type": "web",
            "subtype": "ended",
            "status": self.status,
            "signal": self.signal,
            "message": self.message,
        }


class Row:
    """The row of one session, as ``SessionRow`` of the page has it.

    Args:
        key: of the session.
        started_at: in seconds since the epoch.
        on_change: called when it is another one.

    Attributes:
        prompted: somebody has submitted something, so that there is a conversation to go on with.
    """

    def __init__(self, key: str, started_at: float, on_change: Callable[[], None]) -> None:
        self.prompted = False
        self._on_change = on_change
        self._proposals = 0
        self._row: dict[str, Any] = {
            "key": key,
            "session_id": "",
            "title": "",
            "cwd": "",
            "program": "",
            "model": "",
            "mode": "",
            "state": "starting",
            "waiting": 0,
            "terminal": False,
            "started_at": started_at,
            "clients": 0,
        }

    @property
    def waiting(self) -> int:
        """Requests and proposals that wait for a person."""
        return int(self._row["waiting"])

    @property
    def title(self) -> str:
        """How the first prompt begins."""
        return str(self._row["title"])

    def as_dict(self) -> dict[str, Any]:
        """It now."""
        return self._row

    def begins(self, cwd: str, *, terminal: bool, title: str = "") -> None:
        """A program starts in a folder."""
        self._change(cwd=cwd, terminal=terminal, title=title)

    def looked_at(self, clients: int) -> None:
        """So many pages follow it."""
        self._change(clients=clients)

    def ended(self) -> None:
        """It is over."""
        self._change(state="ended", waiting=0)

    def take(self, event: Event, session: Session) -> None:
        """Looks at what has changed with an event."""
        if event.type in _SILENT and event.subtype not in _SHOWING:
            return
        title = self._row["title"]
        if event.kind == "system/session_changed":
            title, self.prompted = "", False
        elif event.kind == "system/proposals":
            told = event.data.get("proposals")
            self._proposals = len(told) if isinstance(told, list) else 0
        elif said := _first_prompt(event):
            self.prompted = True
            title = title or one_line(" ".join(said[: 4 * MAX_TITLE].split())).strip()[:MAX_TITLE]
        greeting = session.greeting
        self._change(
            session_id=_as_text(session.session_id),
            title=title,
            cwd=_as_text(greeting.cwd) or self._row["cwd"],
            program=_as_text(greeting.agent),
            model=_as_text(session.model),
            mode=_as_text(session.approval_mode),
            state=session.state,
            waiting=len(session.pending) + self._proposals,
        )

    def _change(self, **fields: Any) -> None:
        if any(self._row[name] != value for name, value in fields.items()):
            self._row = {**self._row, **fields}
            self._on_change()


def _first_prompt(event: Event) -> str:
    """What an event says a person has said: now, or first of all that can be gone back to."""
    if event.kind == "system/rewind_points":
        points = event.data.get("points")
        first = points[0] if isinstance(points, list) and points else None
        text = first.get("text") if isinstance(first, dict) else None
        return text if isinstance(text, str) else ""
    return event.text if event.type == "user" and event.parent_tool_use_id is None else ""


def _as_text(value: object) -> str:
    """What a program says it is, as far as that is a text."""
    return value[:MAX_TOLD] if isinstance(value, str) else ""
