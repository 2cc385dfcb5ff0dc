"""The part of a session that changes which models there are, and which is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.session_facts import SessionFacts

if TYPE_CHECKING:
    from qwen_dual.core.actor import Actor
    from qwen_dual.core.model import Model


class ModelSteering(SessionFacts):
    """The part of ``Session`` that changes models."""

    def set_model(self, name: str, actor: Actor) -> None:
        """Changes the model, from the next turn on.

        Raises:
            UnknownModel: it is not configured.
        """
        self._models.choose(name, actor)

    def add_model(self, name: str, model: Model) -> None:
        """Makes a model known to ``set_model``; one of the same name gives way."""
        self._models.known[name] = model

    def drop_model(self, name: str) -> None:
        """Makes a model unknown to ``set_model``; the one in force stays."""
        if name != self._models.name:
            self._models.known.pop(name, None)
