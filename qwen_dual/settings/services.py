"""Models as the settings and the environment describe them, one by one.

Which of them is used, ``providers`` decides. A key is only looked up here, never checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from qwen_dual.settings import keys, model_keys
from qwen_dual.settings.model_config import DEFAULT_BASE_URL, Generation, ModelConfig
from qwen_dual.settings.rules import PROTOCOLS, URL, WrongValue, is_one_ascii_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_dual.settings.environment import Environment
    from qwen_dual.settings.load import Settings
    from qwen_dual.settings.model_config import ModelProtocol


class Variables(Struct, frozen=True):
    """The environment variables of one protocol."""

    key: str
    base_url: str
    models: tuple[str, ...]


VARIABLES: Mapping[ModelProtocol, Variables] = {
    "openai": Variables("OPENAI_API_KEY", "OPENAI_BASE_URL", ("OPENAI_MODEL", "QWEN_MODEL")),
    "anthropic": Variables("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", ("ANTHROPIC_MODEL",)),
    "gemini": Variables("GEMINI_API_KEY", "GEMINI_BASE_URL", ("GEMINI_MODEL",)),
}

_SUFFIXES = {
    "openai": ("/chat/completions",),
    "anthropic": ("/messages", "/v1"),
    "gemini": ("/models", "/v1beta", "/v1"),
}


class Key(Struct, frozen=True):
    """A key and what a person has to set or fix where it is missing or wrong."""

    value: str | None
    source: str


class Service(Struct, frozen=True):
    """Where calls of one protocol go when no entry of the settings says it.

    Attributes:
        base_url: its address.
        key: its key.
        given: whether the environment or the command line names the key or the address.
        problem: why the address that was given is not used; empty where it is.
    """

    base_url: str
    key: Key
    given: bool
    problem: str = ""


def as_protocol(name: object) -> ModelProtocol | None:
    """``name`` if it is a protocol's."""
    return cast("ModelProtocol", name) if name in PROTOCOLS else None


def base_url(protocol: str, given: str) -> str:
    """An address as the adapters take it: without the path that they add themselves."""
    url, mark, query = given.partition("?")
    url = url.rstrip("/")
    for suffix in _SUFFIXES[protocol]:
        url = url.removesuffix(suffix)
    return url + mark + query


def find_key(environment: Environment, name: str) -> Key:
    """The key in a variable, and how a person finds that variable."""
    value = environment.values.get(name, "").strip()
    source = environment.sources.get(name)
    where = f"{name} in {source}" if value and source else name
    if not is_one_ascii_line(value):  # a header could not hold it, and would say so with the key
        return Key(None, f"{where} (it holds characters that no key has)")
    return Key(value or None, where)


def service(
    environment: Environment,
    protocol: ModelProtocol,
    warnings: list[str],
    *,
    api_key: str | None = None,
    address: str | None = None,
) -> Service:
    """Where a protocol's calls go by the environment, or by flags that stand above it.

    An address that cannot be used takes its key with it: no other service may be sent that key.
    """
    names = VARIABLES[protocol]
    key = Key(api_key, "--openai-api-key") if api_key else find_key(environment, names.key)
    given = address or environment.values.get(names.base_url, "").strip()
    problem = ""
    if given:
        try:
            URL.check(given)
        except WrongValue as error:
            problem = (
                f"{names.base_url} in {environment.source(names.base_url)} is not used, nor is "
                f"{names.key}: expected {error}"
            )
            warnings.append(problem)
            given, key = "", Key(None, names.base_url)
    return Service(
        base_url(protocol, given or DEFAULT_BASE_URL[protocol]),
        key,
        bool(given or key.value),
        problem,
    )


def environment_model(environment: Environment, protocol: ModelProtocol) -> tuple[str, str] | None:
    """The model's id that the environment names, and its variable."""
    for name in VARIABLES[protocol].models:
        if value := environment.values.get(name, "").strip():
            return value, name
    return None


def entries(settings: Settings, warnings: list[str]) -> Iterator[ModelConfig]:
    """The models of ``modelProviders``, in the order of the file; of equal ones the first."""
    seen: set[tuple[str, str, str]] = set()
    protocols = settings.get(keys.PROVIDER_PROTOCOL)
    for provider, models in settings.get(keys.PROVIDERS).items():
        source = settings.sources.get(f"modelProviders.{provider}", "settings")
        protocol = as_protocol(provider) or as_protocol(protocols.get(provider))
        if protocol is None:
            warnings.append(
                f"{source}: modelProviders.{provider} is not used: expected one of "
                f"{', '.join(PROTOCOLS)}, or a name that providerProtocol maps to one of them"
            )
            continue
        for entry in models:
            config = _entry(settings, protocol, entry, source)
            place = (protocol, config.id, config.base_url)
            if place in seen:
                warnings.append(
                    f"{source}: modelProviders.{provider}: {config.id} at {config.base_url} is "
                    "there twice; the first is used"
                )
                continue
            seen.add(place)
            yield config


def _entry(
    settings: Settings, protocol: ModelProtocol, entry: Mapping[str, Any], source: str
) -> ModelConfig:
    key = find_key(
        settings.environment, model_keys.MODEL_ENV_KEY.within(entry) or VARIABLES[protocol].key
    )
    return ModelConfig(
        id=model_keys.MODEL_ID.within(entry),
        protocol=protocol,
        base_url=base_url(
            protocol, model_keys.MODEL_BASE_URL.within(entry) or DEFAULT_BASE_URL[protocol]
        ),
        api_key=key.value,
        key_source=key.source,
        label=model_keys.MODEL_NAME.within(entry),
        description=model_keys.MODEL_DESCRIPTION.within(entry),
        source=source,
        proxy=settings.get(keys.PROXY_URL),
        generation=generation(model_keys.MODEL_GENERATION.within(entry)),
    )


def generation(values: Mapping[str, Any]) -> Generation:
    """``generationConfig`` as the adapters take it: milliseconds become seconds."""
    return Generation(
        timeout=model_keys.TIMEOUT.within(values) / 1000,
        idle_timeout=model_keys.IDLE_TIMEOUT.within(values) / 1000,
        max_retries=model_keys.MAX_RETRIES.within(values),
        context_window=model_keys.CONTEXT_WINDOW.within(values),
        sampling=model_keys.SAMPLING.within(values),
        extra_body=model_keys.EXTRA_BODY.within(values),
        headers=model_keys.HEADERS.within(values),
        reasoning=model_keys.THINKING.within(values),
        images=model_keys.MODALITIES.within(values).get("image"),
    )
