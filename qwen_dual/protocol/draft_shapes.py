"""The shape of the ``system`` events that tell what the person has before them: the draft, what is open."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope, Origin


class DraftData(TypedDict):
    """What the person is typing.

    ``cursor`` counts code points from 0. ``version`` is another one after each change of the rest. In
    ``mode`` ``shell`` the draft is a command for the shell. With ``cut`` not all of the text is told: it
    is longer than a line holds, or has a key in it; such a draft cannot be set.
    """

    text: str
    cursor: int
    version: int
    mode: Literal["prompt", "shell"]
    cut: NotRequired[bool]


class UiData(TypedDict):
    """What takes the person's keys, and whether their draft is empty.

    ``focus`` is ``editor``, ``approval``, ``proposal`` (a prompt that is looked at before it runs),
    ``question``, ``pager``, ``form:`` and the name of the slash command that asks, or ``picker:`` and its
    name where there is one thing to pick.
    """

    focus: str
    draft_empty: bool


class Proposal(TypedDict):
    """A prompt that a person looks at before it runs; ``text`` is its first 200 characters."""

    id: str | None
    text: str
    origin: Origin


class ProposalsData(TypedDict):
    """All that wait for a look, the oldest first."""

    proposals: list[Proposal]


class DraftEvent(Envelope):
    """In answer to ``get_draft``, and to ``watch`` after each change; told to who asked alone.

    It has no place of its own in the sequence: ``seq`` is that of the event before it.
    """

    type: Literal["system"]
    subtype: Literal["draft"]
    data: DraftData


class UiEvent(Envelope):
    """At each change of what takes keys, or of whether there is a draft."""

    type: Literal["system"]
    subtype: Literal["ui"]
    data: UiData


class Proposals(Envelope):
    """At each change of the prompts that a person is to look at before they run."""

    type: Literal["system"]
    subtype: Literal["proposals"]
    data: ProposalsData
