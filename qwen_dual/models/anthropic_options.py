"""What the models behind the messages protocol want: lengths, sampling, thinking. Pure.

A person's ``reasoning`` may be the protocol's ``thinking`` object, which is sent as it is, or Qwen
Code's ``{effort, budget_tokens}``, which is spelled as the model wants it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.settings.model_config import ModelConfig

_CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")

_Version = tuple[int, int]

_MAX_TOKENS: tuple[tuple[_Version, int], ...] = (
    ((4, 6), 64_000),
    ((3, 7), 32_000),
    ((3, 5), 8_192),
    ((0, 0), 4_096),
)
"""By the first version it holds for: high enough for a long file, and for thinking before it."""

_MAX_TOKENS_ELSEWHERE = 32_000

_BUDGETS = {"low": 4_096, "medium": 12_000, "high": 24_000, "xhigh": 28_000, "max": 30_000}
"""Tokens of thinking by effort, for models that know no effort."""

_LEAST_BUDGET = 1024


def claude_version(model: str) -> _Version | None:
    """Which Claude ``model`` is: ``claude-opus-4-7`` is ``(4, 7)``; None for any other."""
    found = _CLAUDE.search(model.lower())
    return (int(found[1]), int(found[2] or 0)) if found else None


def options(config: ModelConfig, *, thinking_is_possible: bool) -> dict[str, Any]:
    """``max_tokens``, sampling and thinking for a request to ``config``.

    Args:
        config: the model.
        thinking_is_possible: False in the middle of a tool loop that began without thinking;
            a budget for it would be refused.
    """
    version = claude_version(config.id)
    sampling = config.generation.sampling
    max_tokens = sampling.get("max_tokens") or _default_max_tokens(version)
    chosen = _thinking(config.generation.reasoning, version)
    thinking = chosen.get("thinking", {})
    if thinking.get("type") == "enabled":
        budget = min(thinking.get("budget_tokens", _LEAST_BUDGET), max_tokens - 1)
        if budget < _LEAST_BUDGET or not thinking_is_possible:
            del chosen["thinking"]
        else:
            chosen["thinking"] = {**thinking, "budget_tokens": budget}
    names = _sampling_names(version, budgeted="budget_tokens" in chosen.get("thinking", {}))
    return {
        "max_tokens": max_tokens,
        **{name: sampling[name] for name in names if sampling.get(name) is not None},
        **chosen,
    }


def _default_max_tokens(version: _Version | None) -> int:
    if version is None:
        return _MAX_TOKENS_ELSEWHERE
    return next(tokens for first, tokens in _MAX_TOKENS if version >= first)


def _sampling_names(version: _Version | None, *, budgeted: bool) -> tuple[str, ...]:
    if version is not None and version >= (4, 7):
        return ()  # these models refuse any of them
    return ("top_p",) if budgeted else ("temperature", "top_p", "top_k")


def _thinking(reasoning: Any, version: _Version | None) -> dict[str, Any]:
    if reasoning is False:
        thinks = version is None or version >= (3, 7)
        return {"thinking": {"type": "disabled"}} if thinks else {}
    if not isinstance(reasoning, dict):
        return {}
    rest: Mapping[str, Any] = {key: each for key, each in reasoning.items() if key != "effort"}
    effort = reasoning.get("effort")
    knows_effort = version is None or version >= (4, 5)
    fields: dict[str, Any] = (
        {"output_config": {"effort": effort}} if effort and knows_effort else {}
    )
    if "type" in rest:
        fields["thinking"] = dict(rest)
    elif version is not None and (
        version >= (4, 7) or (version >= (4, 6) and "budget_tokens" not in rest)
    ):
        fields["thinking"] = {"type": "adaptive", "display": "summarized"}
    else:
        budget = _BUDGETS.get(str(effort), _BUDGETS["medium"])
        fields["thinking"] = {"type": "enabled", "budget_tokens": budget, **rest}
    return fields
