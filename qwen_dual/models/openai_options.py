"""What services that speak chat completions want differently: lengths, reasoning. Pure.

A person's ``reasoning`` is Qwen Code's ``{effort, budget_tokens}``, which each service spells in its
own way; where it is not known how, it is sent as it is. ``False`` turns reasoning off where there is
a way to say so, and ``extra_body`` says it for all others.

Reasoning goes back to the service in one place only, as ``reasoning_content`` of the messages with
tool calls: the open models were trained to find there what they thought earlier in the same tool
loop, and DeepSeek and Kimi refuse to go on without. DeepSeek wants it in the later turns as well.
Services that refuse the field do not get it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from qwen_dual.models.endpoint import hostname

if TYPE_CHECKING:
    from qwen_dual.settings.model_config import ModelConfig

_REASONING_OF_OPENAI = r"o\d|gpt-([5-9]|\d\d)"

_TAKE_REASONING_BACK = ("deepseek", "glm", "kimi", "mimo", "minimax", "qwen", "qwq")

_STRICT = ("openai.com", "azure.com", "groq.com", "mistral.ai", "cerebras.ai")
"""Services that refuse fields they don't know in a message."""

_DEEPSEEK_EFFORTS = {"low": "high", "medium": "high", "xhigh": "max"}

Kept = Literal["none", "loop", "all"]
"""Whose reasoning is sent back: nobody's; the current tool loop's; all of it."""


def _is_at(config: ModelConfig, *domains: str) -> bool:
    host = hostname(config)
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def kept_reasoning(config: ModelConfig) -> Kept:
    """Which reasoning goes back to the service."""
    name = config.id.lower()
    if not any(one in name for one in _TAKE_REASONING_BACK) or _is_at(config, *_STRICT):
        return "none"
    return "all" if "deepseek" in config.id.lower() else "loop"


def options(config: ModelConfig) -> dict[str, Any]:
    """Sampling and reasoning for a request to ``config``."""
    sampling = {
        name: value for name, value in config.generation.sampling.items() if value is not None
    }
    # OpenAI's own reasoning models refuse the old name; compatible servers may not know the new.
    if "max_tokens" in sampling and _is_at(config, "openai.com") and _is_reasoning_model(config):
        sampling["max_completion_tokens"] = sampling.pop("max_tokens")
    return {**sampling, **_reasoning(config)}


def _is_reasoning_model(config: ModelConfig) -> bool:
    return config.id[:1] in "oOgG" and re.match(_REASONING_OF_OPENAI, config.id.lower()) is not None


def _reasoning(config: ModelConfig) -> dict[str, Any]:
    reasoning = config.generation.reasoning
    if reasoning is False:
        return _no_reasoning(config)
    if not isinstance(reasoning, dict):
        return {}
    rest = dict(reasoning)
    effort = rest.pop("effort", None)
    if _is_at(config, "aliyuncs.com") and not config.id.lower().startswith("qwen3.8-max"):
        fields: dict[str, Any] = {"enable_thinking": True}
        if "budget_tokens" in rest:
            fields["thinking_budget"] = rest["budget_tokens"]
        return fields
    if _is_at(config, "deepseek.com"):
        effort = _DEEPSEEK_EFFORTS.get(str(effort), effort)
    elif not _is_at(config, "openai.com", "aliyuncs.com"):
        return {"reasoning": dict(reasoning)}
    return {"reasoning_effort": effort} if effort else {}


def _no_reasoning(config: ModelConfig) -> dict[str, Any]:
    if _is_at(config, "aliyuncs.com"):
        return {"enable_thinking": False}
    if _is_at(config, "deepseek.com"):
        return {"thinking": {"type": "disabled"}}
    if _is_at(config, "openrouter.ai"):
        return {"reasoning": {"enabled": False}}
    return {}
