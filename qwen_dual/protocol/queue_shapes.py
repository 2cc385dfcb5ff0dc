"""The ``queue`` event: the prompts that wait, whoever submitted them."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope, Origin


class WaitingImage(TypedDict):
    """An image of a prompt that waits; ``title`` is what stands for it in the text."""

    type: Literal["image"]
    name: str
    title: str


class WaitingPrompt(TypedDict):
    """A prompt that waits.

    ``id`` is its command's, else one of the program's: what ``cancel``, ``edit_queued`` and
    ``move_queued`` take as ``target``. ``cut``: ``text`` is only its beginning. ``origin`` is whose words
    they are, ``submitted_by`` who submitted it where somebody else has edited it since, ``host`` who sent its
    command, where it has one. ``steers`` is the
    turn that it joins before the next model call; ``editing``: the person has it in the editor, and it
    can neither run nor be changed.
    """

    id: str
    text: str
    origin: Origin
    cut: NotRequired[bool]
    submitted_by: NotRequired[Origin]
    host: NotRequired[Origin]
    steers: NotRequired[str]
    editing: NotRequired[bool]
    content: NotRequired[list[WaitingImage]]


class QueueData(TypedDict):
    """The first 40 prompts that wait, the next to run first; ``state`` events count them all."""

    prompts: list[WaitingPrompt]


class QueueEvent(Envelope):
    """At every change of what it lists, and after the ``state`` that was asked for where prompts wait."""

    type: Literal["system"]
    subtype: Literal["queue"]
    data: QueueData
