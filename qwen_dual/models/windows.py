"""How many tokens well-known models hold, by their names; the settings overrule it. Pure."""

from __future__ import annotations

import re

from qwen_dual.settings.model_config import DEFAULT_CONTEXT_WINDOW

_WINDOWS: tuple[tuple[str, int], ...] = (
    (r"qwen3-coder-(plus|flash)", 1_000_000),
    (r"qwen3\.\d+-(plus|flash|max)", 1_000_000),
    (r"qwen-(plus|flash|turbo|long)", 1_000_000),
    (r"coder-model", 1_000_000),
    (r"qwen3[-.]", 262_144),
    (r"qwen|qwq", 131_072),
    (r"gemini-", 1_048_576),
    (r"gpt-4\.1", 1_047_576),
    (r"gpt-5", 272_000),
    (r"gpt-4(-0\d+)?$", 8_192),
    (r"gpt-4", 128_000),
    (r"gpt-3\.5", 16_385),
    (r"o[134](-|$)", 200_000),
    (r"claude-opus-(4-[6-9]|[5-9])", 1_000_000),
    (r"claude-", 200_000),
    (r"deepseek-(v4|flash)", 1_000_000),
    (r"deepseek", 131_072),
    (r"glm-(4\.[67]|5(\.[01])?(-|$))", 202_752),
    (r"glm-[5-9]", 1_000_000),
    (r"kimi-k3", 1_000_000),
    (r"kimi-", 262_144),
    (r"minimax-m3", 1_000_000),
    (r"minimax-m2", 196_608),
    (r"grok-4", 256_000),
    (r"devstral", 262_144),
    (r"seed-oss", 524_288),
)
"""What a name begins with; the first that fits holds, so the more special ones come first."""

_DOTTED_CLAUDE = r"^(claude-[a-z]+-\d+)\.(?=\d)"


def context_window(model: str) -> int:
    """Tokens of a request and its answer together; ``DEFAULT_CONTEXT_WINDOW`` where unknown.

    Args:
        model: the id, with or without a provider before it (``qwen/qwen3-coder``) or a tag after
            it (``qwen3-coder:30b``).
    """
    name = model.lower().rpartition("/")[2]
    if name.startswith("claude"):
        name = re.sub(_DOTTED_CLAUDE, r"\1-", name)
    for pattern, tokens in _WINDOWS:
        # Each begins with a letter, and to compile those of all others takes 5 ms.
        if name[:1] == pattern[0] and re.match(pattern, name):
            return tokens
    return DEFAULT_CONTEXT_WINDOW
