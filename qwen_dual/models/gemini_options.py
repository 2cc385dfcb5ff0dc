"""What the models behind Gemini's protocol want: sampling, thinking, signatures. Pure.

A person's ``reasoning`` may be the protocol's ``thinkingConfig``, which is sent as it is, or Qwen
Code's ``{effort, budget_tokens}``, which is spelled as the model wants it. Where a model is known to
think, its thoughts are asked for, since they are not shown otherwise; whether and how much it
thinks is left to the service unless somebody chose.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwen_dual.settings.model_config import ModelConfig

_GEMINI = re.compile(r"gemini-(\d{1,2})(?:\.(\d{1,2}))?")

_Version = tuple[int, int]

_NAMES = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}

_BUDGETS = {"low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576, "max": 24_576}
"""Tokens of thinking by effort, up to what every 2.5 model takes; later ones know levels."""

_LEVELS = {"xhigh": "HIGH", "max": "HIGH"}
"""Efforts that are no level of their own in every model."""

_LEAST_PRO_BUDGET = 128
"""The pro models of 2.5 cannot but think, if only this much."""


def gemini_version(model: str) -> _Version | None:
    """Which Gemini ``model`` is: ``gemini-2.5-pro`` is ``(2, 5)``; None for any other."""
    found = _GEMINI.search(model.lower())
    return (int(found[1]), int(found[2] or 0)) if found else None


def checks_signatures(model: str) -> bool:
    """Whether ``model`` insists on a signature of the calls in a turn."""
    version = gemini_version(model)
    return version is None or version >= (3, 0)


def nests_images(model: str) -> bool:
    """Whether the images of a call's result are parts of the result for ``model``.

    Gemini 3 takes them nowhere else, and what came before nowhere in there.
    """
    version = gemini_version(model)
    return version is None or version >= (3, 0)


def generation_config(config: ModelConfig) -> dict[str, Any]:
    """``generationConfig`` for a request to ``config``."""
    sampling = config.generation.sampling
    chosen = {
        there: sampling[here] for here, there in _NAMES.items() if sampling.get(here) is not None
    }
    thinking = _thinking(config.generation.reasoning, config.id)
    return {**chosen, "thinkingConfig": thinking} if thinking else chosen


def _thinking(reasoning: Any, model: str) -> dict[str, Any]:
    version = gemini_version(model)
    thinks = version is not None and version >= (2, 5)
    budgeted = version is not None and version < (3, 0)
    if reasoning is False:
        if not thinks:
            return {}
        if not budgeted:
            return {"thinkingLevel": "LOW"}
        return {"thinkingBudget": _LEAST_PRO_BUDGET if "pro" in model.lower() else 0}
    if not isinstance(reasoning, dict):
        return {"includeThoughts": True} if thinks else {}
    rest = {key: each for key, each in reasoning.items() if key not in ("effort", "budget_tokens")}
    fields: dict[str, Any] = {"includeThoughts": True}
    if "budget_tokens" in reasoning:
        fields["thinkingBudget"] = reasoning["budget_tokens"]
    elif effort := reasoning.get("effort"):
        if budgeted:
            fields["thinkingBudget"] = _BUDGETS.get(str(effort), _BUDGETS["medium"])
        else:
            fields["thinkingLevel"] = _LEVELS.get(str(effort), str(effort).upper())
    return {**fields, **rest}
