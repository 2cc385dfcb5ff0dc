"""What fills the context window, as ``get_context_usage`` tells it: in the fields of the reference. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.conversation.compaction import THRESHOLD
from qwen_dual.core.conversation.context import FULL
from qwen_dual.core.conversation.conversation import estimate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwen_dual.core.models.model import ToolSpec
    from qwen_dual.protocol.shapes import Message


def context_usage(
    *,
    model: str,
    window: int,
    tokens: int,
    messages: Sequence[Message],
    system: str,
    tools: Iterable[ToolSpec],
    details: bool,
) -> dict[str, Any]:
    """Tokens, by what they are for.

    Args:
        model: the name of the model in force.
        window: how many tokens it takes.
        tokens: how many the next request takes, as far as the service has told it.
        messages: the conversation.
        system: the system prompt.
        tools: what the model is told of.
        details: whether the tools are listed one by one.
    """
    sizes = {tool.name: _tool_tokens(tool) for tool in tools}
    prompt, offered, said = estimate([system]), sum(sizes.values()), estimate(messages)
    other = max(0, tokens - prompt - offered - said)
    used = prompt + offered + said + other
    auto, hard = int(window * THRESHOLD), int(window * FULL)
    return {
        "modelName": model,
        "totalTokens": used,
        "contextWindowSize": window,
        "breakdown": {
            "systemPrompt": prompt,
            "builtinTools": offered,
            "mcpTools": 0,
            "memoryFiles": 0,
            "skills": 0,
            "startupContext": 0,
            "messages": said,
            "unattributed": other,
            "cachedTokens": 0,
            "freeSpace": max(0, window - used),
            "autocompactBuffer": window - auto,
            "thresholds": {"warn": auto, "auto": auto, "hard": hard, "effectiveWindow": window},
            "currentTier": "safe" if used < auto else "auto" if used < hard else "hard",
        },
        "builtinTools": [
            {"name": name, "tokens": size} for name, size in (sizes.items() if details else ())
        ],
        "mcpTools": [],
        "memoryFiles": [],
        "skills": [],
        "isEstimated": True,
        "showDetails": details,
    }


def _tool_tokens(tool: ToolSpec) -> int:
    about = {"name": tool.name, "about": tool.description, "takes": dict(tool.parameters)}
    return estimate([about])
