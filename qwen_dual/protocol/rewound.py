"""A going back in one sentence, from the data of its ``rewound`` event. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PROMPT_CHARS = 60
"""Of the prompt that it went back to."""

_LOOKED_AT = 10_000
"""Characters of a prompt that its first line is looked for in."""


def rewound_text(data: Mapping[str, Any], *, undo: str = "") -> str:
    """What was done.

    Args:
        data: as ``rewind_shapes.RewoundData``.
        undo: how to take it back, for whoever reads it; left out where empty.
    """
    prompt = first_line(data["text"], PROMPT_CHARS)
    if data["undo"]:
        return f"It is as before the going back to “{prompt}”: {_done(data, back=True)}."
    told = f"Went back to before “{prompt}”: {_done(data, back=False)}."
    if data["left"]:
        told += f" Left as they are: {counted(len(data['left']), 'file')}."
    return f"{told} {undo}".rstrip()


def preview_text(data: Mapping[str, Any]) -> str:
    """What a going back would do, from the data of its ``rewind_preview`` event."""
    would = []
    if data["conversation"]:
        would.append(f"take back {counted(data['prompts'], 'prompt')}")
    if data["files"]:
        would.append(f"change {files_text(data)}" if data["changed"] else "change no file")
    return f"Would {' and '.join(would)}."


def first_line(text: str, most: int) -> str:
    """The first line of a prompt that says something, in at most so many characters."""
    rows = text.lstrip()[:_LOOKED_AT].splitlines()
    line = " ".join(rows[0].split()) if rows else ""
    return line if len(line) <= most else line[: most - 1] + "…"


def counted(count: int, what: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def files_text(data: Mapping[str, Any]) -> str:
    """``2 files (+4 −2)``."""
    added, removed = data["added"], data["removed"]
    lines = f" (+{added} −{removed})" if added or removed else ""
    return counted(data["changed"], "file") + lines


def _done(data: Mapping[str, Any], *, back: bool) -> str:
    done = []
    if data["conversation"]:
        again = "again in the conversation" if back else "taken back"
        done.append(f"{counted(data['prompts'], 'prompt')} {again}")
    if data["files"]:
        done.append(f"{files_text(data)} changed" if data["changed"] else "no file changed")
    return ", ".join(done)
