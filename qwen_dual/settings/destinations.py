"""Where a folder would have the conversation sent, with the person's key: for the question whether to trust it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.net.proxies import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENDS = ("_BASE_URL", "_PROXY", "_proxy")
"""Of the names of variables that lead elsewhere."""

_EXCEPTIONS = ("NO_PROXY", "no_proxy")


def of_variables(variables: Mapping[str, Any]) -> list[str]:
    """Those of ``variables`` that lead elsewhere, with where."""
    return [
        f"{name}={without_credentials(str(value))}"
        for name, value in variables.items()
        if name.endswith(_ENDS) and name not in _EXCEPTIONS
    ]


def of_settings(values: Mapping[str, Any]) -> list[str]:
    """The services and proxies that a file of settings names, as far as it is understood."""
    found = [f"{name}: {where}" for name, where in _services(values.get("modelProviders"))]
    if isinstance(proxy := values.get("proxy"), str):
        found.append(f"proxy: {without_credentials(proxy)}")
    env = values.get("env")
    return [*found, *(of_variables(env) if isinstance(env, dict) else ())]


def _services(providers: object) -> Iterator[tuple[str, str]]:
    for models in providers.values() if isinstance(providers, dict) else ():
        for model in models if isinstance(models, list) else ():
            if isinstance(model, dict) and isinstance(where := model.get("baseUrl"), str):
                yield str(model.get("id", "")), without_credentials(where)
