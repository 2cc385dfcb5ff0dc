"""The settings' keys without pydantic: drops what is wrong, says nothing, costs nothing to import.

What the start needs is read through this; ``schema`` has the same keys as pydantic models, with
descriptions and defaults, and ``validate`` says what was wrong. A test feeds both the same files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qwen_dual.settings import rules
from qwen_dual.settings.rules import Rule, WrongValue

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[Any], Any]

VITAL: Final = ("id", "baseUrl", "envKey")
"""A wrong one takes its model with it: with a default instead, a key would go to a service that it
is not for."""

DROPPED: Final = object()
"""What a check gives for a value that cannot be used."""


def clean(values: dict[str, Any]) -> dict[str, Any]:
    """``values`` without those that are wrong; keys that nobody knows stay."""
    found = _SETTINGS(values)
    return found if isinstance(found, dict) else {}


def _leaf(rule: Rule) -> Check:
    def check(value: Any) -> Any:
        try:
            return rule.check(value)
        except WrongValue:
            return DROPPED

    return check


def _items(check: Check) -> Check:
    def check_all(value: Any) -> Any:
        if not isinstance(value, list):
            return DROPPED
        return [item for item in map(check, value) if item is not DROPPED]

    return check_all


def _entries(check: Check) -> Check:
    def check_all(value: Any) -> Any:
        if not isinstance(value, dict):
            return DROPPED
        found = {key: check(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not DROPPED}

    return check_all


def _object(*vital: str, required: str | None = None, **keys: Rule | Check) -> Check:
    """An object; without a right value for what is ``vital`` or ``required`` it is dropped."""
    checks = {key: _leaf(at) if isinstance(at, Rule) else at for key, at in keys.items()}

    def check_all(value: Any) -> Any:
        if not isinstance(value, dict):
            return DROPPED
        found = {key: checks[key](at) if key in checks else at for key, at in value.items()}
        if any(found.get(key) is DROPPED for key in vital) or required not in (None, *found):
            return DROPPED
        return {key: at for key, at in found.items() if at is not DROPPED}

    return check_all


_TEXTS = _items(_leaf(rules.TEXT))
_GENERATION = _object(
    timeout=rules.MILLISECONDS,
    streamIdleTimeoutMs=rules.MILLISECONDS,
    maxRetries=rules.COUNT,
    contextWindowSize=rules.POSITIVE,
    samplingParams=_object(
        temperature=rules.NUMBER,
        top_p=rules.NUMBER,
        top_k=rules.COUNT,
        max_tokens=rules.POSITIVE,
        presence_penalty=rules.NUMBER,
        frequency_penalty=rules.NUMBER,
    ),
    extra_body=_object(),
    customHeaders=_entries(_leaf(rules.HEADER)),
    reasoning=rules.REASONING,
)
_SETTINGS = _object(
    modelProviders=_entries(
        _items(
            _object(
                *VITAL,
                required="id",
                id=rules.TEXT,
                name=rules.TEXT,
                description=rules.TEXT,
                baseUrl=rules.URL,
                envKey=rules.VARIABLE_NAME,
                generationConfig=_GENERATION,
            )
        )
    ),
    providerProtocol=_entries(_leaf(rules.PROTOCOL)),
    env=_entries(_leaf(rules.ENV_VALUE)),
    security=_object(
        auth=_object(selectedType=rules.TEXT),
    ),
    model=_object(
        name=rules.TEXT,
        maxSessionTurns=rules.LIMIT,
        textToolCalls=rules.BOOLEAN,
        generationConfig=_GENERATION,
    ),
    tools=_object(
        approvalMode=rules.MODE,
        allowed=_TEXTS,
        exclude=_TEXTS,
        core=_TEXTS,
        shell=_object(
            defaultTimeoutMs=rules.MILLISECONDS,
            passEnvironment=_items(_leaf(rules.VARIABLE_NAME)),
        ),
        executionSandbox=_object(
            backend=rules.BACKEND, filesystem=rules.FILESYSTEM, network=rules.NETWORK
        ),
        truncateToolOutputThreshold=rules.LIMIT,
        truncateToolOutputLines=rules.LIMIT,
    ),
    permissions=_object(allow=_TEXTS, ask=_TEXTS, deny=_TEXTS),
    dualOutput=_object(jsonFile=rules.PATH, inputFile=rules.PATH),
    ui=_object(theme=rules.TEXT, hideBanner=rules.BOOLEAN, hideTips=rules.BOOLEAN),
    general=_object(preferredEditor=rules.TEXT, vimMode=rules.BOOLEAN, chatRecording=rules.BOOLEAN),
    context=_object(
        fileName=rules.NAMES,
        fileFiltering=_object(
            respectGitIgnore=rules.BOOLEAN,
            respectQwenIgnore=rules.BOOLEAN,
            enableRecursiveFileSearch=rules.BOOLEAN,
        ),
    ),
    mcpServers=_entries(
        _object(
            command=rules.TEXT,
            args=_items(_leaf(rules.ANY_TEXT)),
            env=_entries(_leaf(rules.ENV_VALUE)),
            cwd=rules.PATH,
            url=rules.URL,
            httpUrl=rules.URL,
            headers=_entries(_leaf(rules.HEADER)),
            timeout=rules.MILLISECONDS,
            trust=rules.BOOLEAN,
            description=rules.TEXT,
            includeTools=_TEXTS,
            excludeTools=_TEXTS,
        )
    ),
    proxy=rules.PROXY,
)
