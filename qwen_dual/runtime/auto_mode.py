"""What the settings and the folder say of ``auto`` mode; imported once that is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.permissions.auto_rules import MAX_ENVIRONMENT, MAX_HINTS, AutoRules, cut
from qwen_dual.settings import auto_keys, keys

if TYPE_CHECKING:
    from qwen_dual.settings.load import Settings


def auto_rules(settings: Settings) -> AutoRules:
    """How calls are judged, by the settings."""
    get = settings.get
    return AutoRules(
        cut(get(auto_keys.AUTO_ALLOW), MAX_HINTS),
        cut([*get(auto_keys.AUTO_SOFT_DENY), *get(auto_keys.AUTO_DENY)], MAX_HINTS),
        cut(get(auto_keys.AUTO_HARD_DENY), MAX_HINTS),
        cut(get(auto_keys.AUTO_ENVIRONMENT), MAX_ENVIRONMENT),
        get(keys.FAST_MODEL) or "",
        get(auto_keys.AUTO_MCP_ARGUMENTS),
    )
