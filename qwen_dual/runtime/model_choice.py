"""Which models the session can use and which one it begins with: flags, settings and environment.

Without any, the offline model. Opens no connection: an adapter connects at its first call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from qwen_dual.models.deferred import DeferredModel
from qwen_dual.settings.model_config import OFFLINE
from qwen_dual.settings.providers import BadFlag, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.models.model import Model
    from qwen_dual.runtime.spec import SessionSpec
    from qwen_dual.settings.load import Settings
    from qwen_dual.settings.model_config import ModelConfig


class BadChoice(ValueError):
    """A flag that names a model cannot be used; the text says which and why."""


class ModelChoice(Struct, frozen=True):
    """All models of a session.

    Attributes:
        models: by the name that ``/model`` takes; the first is in force at the start.
        configs: what is known of those that are behind a service, by the same names.
        warnings: what could not be used, and why.
    """

    models: Mapping[str, Model]
    configs: Mapping[str, ModelConfig] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    @property
    def first(self) -> Model:
        """The model to begin with."""
        return next(iter(self.models.values()))

    @property
    def is_offline(self) -> bool:
        """No service is configured, and the model that needs none answers."""
        return self.first_name == OFFLINE

    @property
    def first_name(self) -> str:
        """Its name."""
        return next(iter(self.models))


def choose_models(spec: SessionSpec, settings: Settings) -> ModelChoice:
    """Decides.

    Raises:
        BadChoice: a flag's value cannot be used.
    """
    if spec.offline_script is not None:
        return _scripted(spec.offline_script)
    if spec.offline:
        return _offline()
    try:
        found = resolve(
            settings,
            model=spec.model,
            auth_type=spec.auth_type,
            api_key=spec.openai_api_key,
            base_url=spec.openai_base_url,
        )
    except BadFlag as error:
        raise BadChoice(str(error)) from None
    if not found.named:
        return _offline(found.warnings)
    first = found.chosen_name or next(iter(found.named))
    names = [first, *(name for name in found.named if name != first)]
    configs = {name: found.named[name] for name in names}
    env = settings.environment.values
    models = {name: DeferredModel(config, env, spec.retry) for name, config in configs.items()}
    return ModelChoice(models, configs, found.warnings)


def model_called(name: str, spec: SessionSpec, settings: Settings) -> Model | None:
    """The model ``name`` of the service in use, which alone may know it; None without a service."""
    try:
        choice = choose_models(replace(spec, model=name), settings)
    except BadChoice:
        return None
    return choice.first if name in (choice.first_name, _id_of_first(choice)) else None


def _id_of_first(choice: ModelChoice) -> str | None:
    config = choice.configs.get(choice.first_name)
    return None if config is None else config.id


def _scripted(path: str) -> ModelChoice:
    from qwen_dual.models.script import ScriptError, load_script

    try:
        script = load_script(path)
    except ScriptError as error:
        raise BadChoice(f"--offline-script: {error}") from None
    return ModelChoice({script.name: script})


def _offline(warnings: Sequence[str] = ()) -> ModelChoice:
    from qwen_dual.models.offline import OfflineModel

    model = OfflineModel()
    return ModelChoice({model.name: model}, warnings=warnings)
