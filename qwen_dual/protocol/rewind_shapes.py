"""The shape of the ``system`` events that tell of going back to an earlier prompt."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope, Origin


class RewindPoint(TypedDict):
    """A prompt to go back to: its ``user`` event's ``uuid``, and its first 120 characters.

    ``timestamp`` is in seconds since the epoch, null where nobody told; ``changed`` is how many files it
    changed, as far as that is known.
    """

    uuid: str
    text: str
    timestamp: float | None
    changed: int


class RewindPointsData(TypedDict):
    """The prompts to go back to, the oldest first; the last 100, of ``earlier`` ones the number.

    ``undo`` is the uuid of the ``rewound`` event that can be undone. ``unavailable`` says why files
    cannot go back; empty where they can.
    """

    points: list[RewindPoint]
    earlier: int
    undo: str | None
    unavailable: str
    command_id: NotRequired[str | None]


class RewoundFile(TypedDict):
    """What is done to one file; ``added`` and ``removed`` count its lines, 0 where it has none.

    ``conflict`` says why it may not be as the session left it, ``blocked`` why it cannot be changed, ``note``
    what changes beside lines: ``mode 644 → 755``, ``binary``, ``symbolic link``.
    """

    path: str
    change: Literal["add", "modify", "delete"]
    added: int
    removed: int
    conflict: NotRequired[str]
    blocked: NotRequired[str]
    note: NotRequired[str]


class LeftFile(TypedDict):
    """A file that was left as it is, and why."""

    path: str
    why: str


class RewoundData(TypedDict):
    """What was done to go back, or in a preview would be.

    ``to`` is the prompt's ``user`` event, or with ``undo`` the ``rewound`` event that is undone; ``text``
    the prompt; ``prompts`` how many the conversation loses, or gets back. Of ``changed`` files the first
    100 are in ``changes``; ``added`` and ``removed`` count the lines of all.
    """

    to: str
    conversation: bool
    files: bool
    undo: bool
    text: str
    prompts: int
    changed: int
    added: int
    removed: int
    changes: list[RewoundFile]
    left: list[LeftFile]
    remarks: list[str]
    context_tokens: int
    origin: Origin
    command_id: str | None


class RewindPointsEvent(Envelope):
    """In answer to ``rewind_points``."""

    type: Literal["system"]
    subtype: Literal["rewind_points"]
    data: RewindPointsData


class RewindPreview(Envelope):
    """What a ``rewind`` would do; nothing was done."""

    type: Literal["system"]
    subtype: Literal["rewind_preview"]
    data: RewoundData


class Rewound(Envelope):
    """The session went back: what was told of the conversation from the prompt on counts no more."""

    type: Literal["system"]
    subtype: Literal["rewound"]
    data: RewoundData
