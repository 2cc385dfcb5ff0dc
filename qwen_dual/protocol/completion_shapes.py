"""The shape of the ``system`` event that says what may follow at a cursor."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope

Completion = TypedDict(
    "Completion",
    {
        "kind": Literal["command", "argument", "file", "folder", "resource"],
        "text": str,
        "label": str,
        "from": int,
        "to": int,
        "detail": NotRequired[str],
        "hint": NotRequired[str],
        "exact": NotRequired[bool],
    },
)
"""One way to go on: ``text`` takes the place of what stands ``from`` … ``to``, in code points from 0.

``label`` is what to show, ``detail`` what to show beside it, ``hint`` what may be written behind a command.
``exact``: the text says it already, and nothing is left to be added.
"""


class CompletionsData(TypedDict):
    """What may follow, the best first.

    ``more``: there are others. ``partial``: not all was looked at, since the folder is still being listed, or
    since a later ``complete`` came.
    """

    candidates: list[Completion]
    more: bool
    partial: bool
    command_id: str | None


class CompletionsEvent(Envelope):
    """In answer to ``complete``; told to who asked alone.

    It has no place of its own in the sequence: ``seq`` is that of the event before it.
    """

    type: Literal["system"]
    subtype: Literal["completions"]
    data: CompletionsData
