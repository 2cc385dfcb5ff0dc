"""The shape of the ``system`` events that say what may be chosen: models and approval modes."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope


class ModelChoice(TypedDict):
    """A model that ``set_model`` takes, by its ``name``; ``id`` is what its service calls it.

    ``context_window`` is in tokens; ``images`` says whether it can be shown any, as far as is known.
    ``usable`` is false where something stands against a call, which ``why`` says: a key that is not set.
    """

    name: str
    id: str
    context_window: int
    images: bool
    usable: bool
    current: bool
    why: NotRequired[str]
    label: NotRequired[str]
    description: NotRequired[str]


class ModelsData(TypedDict):
    """The models of the session; ``more``: an event does not hold all of them."""

    models: list[ModelChoice]
    more: bool
    command_id: str | None


class ModelsEvent(Envelope):
    """In answer to ``list_models``; told to who asked alone."""

    type: Literal["system"]
    subtype: Literal["models"]
    data: ModelsData


class ModeChoice(TypedDict):
    """An approval mode; ``why`` says why it cannot be had here, where it is not ``available``."""

    name: Literal["plan", "default", "auto-edit", "auto", "yolo"]
    meaning: str
    current: bool
    available: bool
    why: NotRequired[str]


class ModesData(TypedDict):
    """The approval modes, from the one that may do least."""

    modes: list[ModeChoice]
    command_id: str | None


class ModesEvent(Envelope):
    """In answer to ``list_modes``; told to who asked alone."""

    type: Literal["system"]
    subtype: Literal["modes"]
    data: ModesData
