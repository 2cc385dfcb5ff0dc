"""The models of a session, and which of them is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.errors import UnknownModel
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.models.model import Model
    from qwen_dual.protocol.events import Event


class ModelSet:
    """Models by name.

    Args:
        models: the first is in force.
        publish: takes the event bodies.

    Attributes:
        name: of the model in force.
        known: all of them.
    """

    def __init__(self, models: Mapping[str, Model], publish: Callable[[Event], object]) -> None:
        self.known = dict(models)
        self.name = next(iter(models))
        self._publish = publish

    @property
    def current(self) -> Model:
        """The model in force."""
        return self.known[self.name]

    def choose(self, name: str, actor: Actor) -> None:
        """Puts another in force.

        Raises:
            UnknownModel: it is not configured.
        """
        if name not in self.known:
            raise UnknownModel(name, list(self.known))
        before, self.name = self.name, name
        if name != before:
            self._publish(
                events.system("model_changed", {"from": before, "to": name, "origin": str(actor)})
            )


class ModelSteering:
    """The part of ``Session`` that changes models."""

    _models: ModelSet

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
