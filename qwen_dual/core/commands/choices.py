"""What may be chosen, as data: the commands ``list_models`` and ``list_modes``. No key, no address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from qwen_dual.core.commands.builtin import MODE_MEANINGS
from qwen_dual.core.models.model import sees_images
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol import APPROVAL_MODES, events
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.models.model import Model
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.events import Event

MAX_BYTES = 50_000
"""Of the models in one event: its line stays below 64 KiB."""


@runtime_checkable
class ConfiguredModel(Protocol):
    """A model that somebody has written something about."""

    @property
    def label(self) -> str:
        """What pickers call it; may be empty."""
        ...

    @property
    def description(self) -> str:
        """What it is for; may be empty."""
        ...

    def why_unusable(self) -> str:
        """What stands against a call, as far as is known without one; empty where nothing does."""
        ...


async def models_event(session: Session, command_id: str | None) -> Event:
    """The body of ``models``: what each can do, its adapter says, which may have to be imported."""
    known, current = dict(session.models), session.model_name
    told = await in_thread(lambda: [_model(name, model) for name, model in known.items()])
    for one in told:
        one["current"] = one["name"] == current
    fitting = _fitting(told)
    data = {"models": fitting, "more": len(fitting) < len(told), "command_id": command_id}
    return events.system("models", data)


def modes_event(session: Session, command_id: str | None) -> Event:
    """The body of ``modes``."""
    modes = [_mode(session, mode) for mode in APPROVAL_MODES]
    return events.system("modes", {"modes": modes, "command_id": command_id})


def _model(name: str, model: Model) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name,
        "id": model.name,
        "context_window": model.context_window,
        "images": sees_images(model),
    }
    why = ""
    if isinstance(model, ConfiguredModel):
        more = {"label": model.label, "description": model.description}
        told |= {key: value for key, value in more.items() if value}
        why = model.why_unusable()
    told["usable"] = not why
    return told | ({"why": why} if why else {})


def _mode(session: Session, mode: str) -> dict[str, Any]:
    why = "" if mode == session.approval_mode else session.modes.refused(mode)
    told = {
        "name": mode,
        "meaning": MODE_MEANINGS[mode],
        "current": mode == session.approval_mode,
        "available": not why,
    }
    return told | ({"why": why} if why else {})


def _fitting(told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as an event holds, the current one in any case."""
    fitting: list[dict[str, Any]] = []
    size = sum(len(encode(one)) for one in told if one["current"])
    for one in told:
        size += 0 if one["current"] else len(encode(one))
        if one["current"] or size <= MAX_BYTES:
            fitting.append(one)
    return fitting
