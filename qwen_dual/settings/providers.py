"""Which models there are and which one a session begins with.

Settings, environment and flags in; plain ``ModelConfig`` out. Opens no connection and imports no
adapter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.settings import keys, services
from qwen_dual.settings.model_config import ModelConfig
from qwen_dual.settings.presets import default_model
from qwen_dual.settings.rules import PROTOCOLS, URL, WrongValue, is_one_ascii_line
from qwen_dual.settings.secrets import without_password
from qwen_dual.settings.services import VARIABLES, as_protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.settings.load import Settings
    from qwen_dual.settings.model_config import ModelProtocol
    from qwen_dual.settings.services import Service


class BadFlag(ValueError):
    """A flag whose value cannot be used; the text names it."""


class Providers(Struct, frozen=True):
    """All models that are configured.

    Attributes:
        models: in the order a picker shows them; empty where nothing is configured.
        chosen: the index of the one to begin with.
        warnings: what could not be used, and why.
    """

    models: Sequence[ModelConfig] = ()
    chosen: int | None = None
    warnings: Sequence[str] = ()

    @property
    def named(self) -> dict[str, ModelConfig]:
        """The same models by names that are unique: the id, where two share it with the protocol
        or the host behind it."""
        return dict(zip(_names(self.models), self.models, strict=True))

    @property
    def chosen_name(self) -> str | None:
        """The chosen model's key in ``named``."""
        return None if self.chosen is None else list(self.named)[self.chosen]


def resolve(
    settings: Settings,
    *,
    model: str | None = None,
    auth_type: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
) -> Providers:
    """Puts settings, environment and flags together.

    Args:
        settings: all layers, and the environment that goes with them.
        model: ``-m``: an id, a name of ``Providers.named``, or what only the service knows.
        auth_type: ``--auth-type``: a protocol.
        api_key: ``--openai-api-key``.
        base_url: ``--openai-base-url``.

    Raises:
        BadFlag: ``auth_type`` is no protocol, ``api_key`` no key, or ``base_url`` no address.
    """
    if auth_type is not None and as_protocol(auth_type) is None:
        raise BadFlag(f"--auth-type {auth_type}: expected one of {', '.join(PROTOCOLS)}")
    if api_key is not None and not (api_key and is_one_ascii_line(api_key)):
        raise BadFlag("--openai-api-key: it is empty or holds characters that no key has")
    if base_url is not None:
        try:
            URL.check(base_url)
        except WrongValue as error:
            raise BadFlag(f"--openai-base-url: expected {error}") from None
    return _Resolver(settings, model, as_protocol(auth_type), api_key, base_url).run()


class _Resolver:
    """One resolution; the models grow while it runs."""

    def __init__(
        self,
        settings: Settings,
        model: str | None,
        auth_type: ModelProtocol | None,
        api_key: str | None,
        base_url: str | None,
    ) -> None:
        self.settings = settings
        self.environment = settings.environment
        self.model = model
        self.api_key = api_key
        self.base_url = base_url
        self.warnings: list[str] = []
        self.asked = auth_type or ("openai" if api_key or base_url else None)
        self.preferred = self.asked or self._selected()
        self.models = list(services.entries(settings, self.warnings))
        self.entries = tuple(self.models)
        self.services = {
            protocol: services.service(
                self.environment,
                protocol,
                self.warnings,
                api_key=api_key if protocol == "openai" else None,
                address=base_url if protocol == "openai" else None,
            )
            for protocol in VARIABLES
        }

    def run(self) -> Providers:
        self._list_environment()
        chosen = self._choose()
        if chosen is not None:
            self.models[chosen] = self._with_flags(self.models[chosen])
            self._warn_of_other_protocol(self.models[chosen])
        else:
            self._warn_of_no_model()
        return Providers(tuple(self.models), chosen, tuple(self.warnings))

    def _selected(self) -> ModelProtocol | None:
        name = self.settings.get(keys.SELECTED_TYPE)
        if name is None:
            return None
        mapped = self.settings.get(keys.PROVIDER_PROTOCOL).get(name)
        protocol = as_protocol(name) or as_protocol(mapped)
        if protocol is None:
            self.warnings.append(
                f"security.auth.selectedType = {name!r} is not used: expected one of "
                f"{', '.join(PROTOCOLS)}"
            )
        return protocol

    def _list_environment(self) -> None:
        """Adds what the environment alone describes: a model it names, or a key by itself."""
        for protocol, service in self.services.items():
            if service.given:
                self._list_service(protocol, service)

    def _list_service(self, protocol: ModelProtocol, service: Service) -> None:
        ids = [config.id for config in self.entries if config.protocol == protocol]
        named = self._named_by_environment(protocol)
        if named is not None:
            if named not in ids:
                self._add(protocol, named, "environment")
        elif not ids and (first := default_model(protocol, service.base_url)):
            self._add(protocol, first, "environment")

    def _named_by_environment(self, protocol: ModelProtocol) -> str | None:
        found = services.environment_model(self.environment, protocol)
        if found is None:
            return None
        return found[0]

    def _choose(self) -> int | None:
        if self.model is not None:
            return self._find(self.model, None, "command line")
        for protocol in (self.preferred,) if self.preferred else tuple(self.services):
            named = self._named_by_environment(protocol)
            usable = self.services[protocol].given or protocol == self.preferred
            if named is not None and (usable or any(named == at.id for at in self.entries)):
                return self._find(named, protocol, "environment")
        wanted = self.settings.get(keys.MODEL)
        if wanted is not None and not self._is_of_another_protocol(wanted):
            source = self.settings.source(keys.MODEL)
            found = self._find(wanted, None, source)
            if found is not None:
                return found
        return self._first()

    def _is_of_another_protocol(self, name: str) -> bool:
        """Whether the settings' name goes with other models than those that a flag asks for."""
        of = {config.protocol for config in self.models if config.id == name}
        return self.asked is not None and bool(of) and self.asked not in of

    def _find(self, name: str, protocol: ModelProtocol | None, source: str) -> int | None:
        """The model called ``name``; one that nobody describes is added as it is."""
        allowed = [
            index
            for index, config in enumerate(self.models)
            if self.asked in (None, config.protocol) and protocol in (None, config.protocol)
        ]
        names = _names(self.models)
        by_name = [index for index in allowed if names[index] == name]
        by_id = [index for index in allowed if self.models[index].id == name]
        if found := by_name or sorted(by_id, key=self._order):
            return found[0]
        target = protocol or self.preferred or self._likely(explicit=self.model is not None)
        if target is None:
            return None
        return self._add(target, name, source)

    def _likely(self, *, explicit: bool) -> ModelProtocol | None:
        """The protocol for a model that nobody describes, where none is selected."""
        for protocol, service in self.services.items():
            if service.given:
                return protocol
        if self.entries:
            return self.entries[0].protocol
        return "openai" if explicit else None

    def _first(self) -> int | None:
        """The model to begin with when nobody names one: the preferred protocol's, with a key."""
        allowed = [
            index
            for index, config in enumerate(self.models)
            if self.asked in (None, config.protocol)
        ]
        if allowed:
            return min(allowed, key=self._order)
        if self.asked is None:
            return None
        first = default_model(self.asked, self.services[self.asked].base_url)
        return None if first is None else self._add(self.asked, first, "command line")

    def _order(self, index: int) -> tuple[bool, bool]:
        config = self.models[index]
        return config.protocol != self.preferred, config.api_key is None

    def _add(self, protocol: ModelProtocol, name: str, source: str) -> int:
        """A model that no entry describes, at the service that the environment or an entry names."""
        service = self.services[protocol]
        generation = services.generation(self.settings.get(keys.OTHER_GENERATION))
        config = ModelConfig(
            id=name,
            protocol=protocol,
            base_url=service.base_url,
            api_key=service.key.value,
            key_source=service.key.source,
            source=source,
            proxy=self.settings.get(keys.PROXY_URL),
            unusable=f"{service.problem}." if service.problem else "",
            generation=generation,
        )
        like = None if service.given else self._entry_like(protocol)
        if like is not None:
            headers = {**like.generation.headers, **generation.headers}
            config = replace(
                config,
                base_url=like.base_url,
                api_key=like.api_key,
                key_source=like.key_source,
                unusable="",
                generation=replace(generation, headers=headers),
            )
        self.models.append(config)
        return len(self.models) - 1

    def _entry_like(self, protocol: ModelProtocol) -> ModelConfig | None:
        """The entry whose service an unknown model is asked of: the usual one, else the first."""
        same = [config for config in self.entries if config.protocol == protocol]
        usual = self.settings.get(keys.MODEL)
        return next((config for config in same if config.id == usual), same[0] if same else None)

    def _with_flags(self, config: ModelConfig) -> ModelConfig:
        if config.protocol != "openai":
            return config
        if self.base_url is not None:
            config = replace(config, base_url=services.base_url("openai", self.base_url))
        if self.api_key is not None:
            config = replace(config, api_key=self.api_key, key_source="--openai-api-key")
        return config

    def _warn_of_other_protocol(self, config: ModelConfig) -> None:
        if self.model is None and self.preferred not in (None, config.protocol):
            self.warnings.append(
                f"security.auth.selectedType is {self.preferred}, but no model of it is "
                f"configured; {config.id} ({config.protocol}) is used"
            )

    def _warn_of_no_model(self) -> None:
        for protocol in (self.preferred,) if self.preferred else tuple(self.services):
            names, service = VARIABLES[protocol], self.services[protocol]
            if service.given:
                self.warnings.append(
                    f"no model is known at {without_password(service.base_url)}: "
                    f"give -m MODEL or set {names.models[0]}"
                )
            elif protocol == self.preferred and not service.problem:
                self.warnings.append(
                    f"{protocol} is selected, but nothing of it is configured: set "
                    f"{names.key} and {names.models[0]}"
                )


def _names(models: Sequence[ModelConfig]) -> list[str]:
    """A name for each model that no other has."""
    names: list[str] = []
    for config in models:
        same = [other for other in models if other.id == config.id]
        host = config.base_url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        name = config.id
        if len(same) > 1:
            alone = sum(other.protocol == config.protocol for other in same) == 1
            name = f"{config.id} ({config.protocol if alone else host})"
        base, number = name, 1
        while name in names:
            number += 1
            name = f"{base} {number}"
        names.append(name)
    return names
