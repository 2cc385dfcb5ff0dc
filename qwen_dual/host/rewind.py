"""Going back in a hosted session: the prompts there are, and what it did or would do. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_dual.host.calls import number_in, text_in

if TYPE_CHECKING:
    from qwen_dual.host.event import Event


@dataclass(frozen=True, slots=True)
class RewindPoint:
    """A prompt that one can go back to.

    Attributes:
        uuid: of its ``user`` event; what ``Session.rewind`` takes.
        text: its first 120 characters.
        timestamp: seconds since the epoch; None where nobody told.
        changed: how many files it changed, as far as that is known.
    """

    uuid: str
    text: str
    timestamp: float | None = None
    changed: int = 0


@dataclass(frozen=True, slots=True)
class RewindPoints:
    """What one can go back to, now.

    Attributes:
        points: the last 100 prompts, the oldest first.
        earlier: how many there are before them.
        undo: the uuid of the going back that can be undone; None where none can.
        unavailable: why files cannot go back; empty where they can.
    """

    points: tuple[RewindPoint, ...] = ()
    undo: str | None = None
    unavailable: str = ""
    earlier: int = 0

    @classmethod
    def of(cls, event: Event) -> RewindPoints:
        """Reads a ``rewind_points`` event."""
        points = tuple(
            RewindPoint(
                text_in(raw, "uuid"),
                text_in(raw, "text"),
                _time(raw.get("timestamp")),
                number_in(raw, "changed") or 0,
            )
            for raw in _dicts(event.data.get("points"))
        )
        data = event.data
        undo, why = text_in(data, "undo") or None, text_in(data, "unavailable")
        return cls(points, undo, why, number_in(data, "earlier") or 0)


@dataclass(frozen=True, slots=True)
class RewoundFile:
    """What going back does to one file, or did.

    Attributes:
        path: absolute.
        change: ``add``, ``modify`` or ``delete``.
        added: lines; 0 for one that is no text.
        removed: likewise.
        conflict: why it may not be as the session left it; empty where it is.
        blocked: why it cannot be changed; empty where it can.
        note: what changes beside lines, such as ``mode 644 → 755``; empty as a rule.
    """

    path: str
    change: str
    added: int = 0
    removed: int = 0
    conflict: str = ""
    blocked: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rewound:
    """What was done to go back, or in a preview would be.

    Attributes:
        uuid: of the event; undoes it as ``to`` of another ``rewind``, where it is no preview.
        to: where it went back to.
        text: the prompt that was taken back.
        prompts: how many the conversation loses; with ``undo`` how many it gets back.
        conversation: whether the conversation went back.
        files: whether files did.
        undo: whether it undid a going back.
        preview: whether nothing was done.
        changed: how many files; the first 100 of them are in ``changes``.
        added: lines of all of them.
        removed: likewise.
        changes: the files.
        left: the paths of files that were left as they are, and why.
        remarks: what of the files is not known, and why.
        context_tokens: about how many the conversation takes then.
    """

    uuid: str
    to: str
    text: str = ""
    prompts: int = 0
    conversation: bool = False
    files: bool = False
    undo: bool = False
    preview: bool = False
    changed: int = 0
    added: int = 0
    removed: int = 0
    changes: tuple[RewoundFile, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    context_tokens: int = 0

    @property
    def conflicts(self) -> tuple[RewoundFile, ...]:
        """The files that somebody else may have changed since."""
        return tuple(file for file in self.changes if file.conflict)

    @classmethod
    def of(cls, event: Event) -> Rewound:
        """Reads a ``rewound`` or ``rewind_preview`` event."""
        data = event.data
        remarks = data.get("remarks")
        return cls(
            uuid=text_in(event.raw, "uuid"),
            to=text_in(data, "to"),
            text=text_in(data, "text"),
            prompts=number_in(data, "prompts") or 0,
            conversation=data.get("conversation") is True,
            files=data.get("files") is True,
            undo=data.get("undo") is True,
            preview=event.subtype == "rewind_preview",
            changed=number_in(data, "changed") or 0,
            added=number_in(data, "added") or 0,
            removed=number_in(data, "removed") or 0,
            changes=tuple(
                RewoundFile(
                    text_in(raw, "path"),
                    text_in(raw, "change"),
                    number_in(raw, "added") or 0,
                    number_in(raw, "removed") or 0,
                    text_in(raw, "conflict"),
                    text_in(raw, "blocked"),
                    text_in(raw, "note"),
                )
                for raw in _dicts(data.get("changes"))
            ),
            left=tuple(
                (text_in(raw, "path"), text_in(raw, "why")) for raw in _dicts(data.get("left"))
            ),
            remarks=tuple(
                one
                for one in (remarks if isinstance(remarks, list) else ())
                if isinstance(one, str)
            ),
            context_tokens=number_in(data, "context_tokens") or 0,
        )


def _dicts(value: object) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else []
    return [one for one in listed if isinstance(one, dict)]


def _time(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
