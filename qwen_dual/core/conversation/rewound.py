"""How going back is told: the data of its events, bounded such that a line stays below 64 KiB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.conversation.going_back import FileChange, FilePreview, FilesBack, GoingBack
    from qwen_dual.core.conversation.point import Point

MAX_TOLD = 100
"""Files of an event."""

TEXT_CHARS = 120
"""Of a prompt in a list."""


def facts_of(
    what: GoingBack, found: FilePreview, done: FilesBack, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The data of a ``rewound`` or ``rewind_preview`` event but for ``context_tokens``.

    Args:
        what: what was asked for.
        found: what would become of the files.
        done: what became of them.
        facts: what else is known.
    """
    return {
        "to": what.to,
        "conversation": what.conversation,
        "files": what.files,
        "undo": False,
        **facts,
        "changed": len(done.files),
        "added": sum(change.added for change in done.files),
        "removed": sum(change.removed for change in done.files),
        "changes": [_change_fields(change) for change in done.files[:MAX_TOLD]],
        "left": [{"path": path, "why": why} for path, why in done.left[:MAX_TOLD]],
        "remarks": list(found.remarks),
    }


def point_fields(point: Point, files: int) -> dict[str, Any]:
    """A prompt in a list, with how many files it changed."""
    return {
        "uuid": point.uuid,
        "text": point.label[:TEXT_CHARS],
        "timestamp": point.at or None,
        "changed": files,
    }


def _change_fields(change: FileChange) -> dict[str, Any]:
    told: dict[str, Any] = {
        "path": change.path,
        "change": change.change,
        "added": change.added,
        "removed": change.removed,
    }
    told |= {"conflict": change.conflict} if change.conflict else {}
    told |= {"blocked": change.blocked} if change.blocked else {}
    return told | ({"note": change.note} if change.note else {})
