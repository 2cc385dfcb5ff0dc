"""The keys of ``permissions.autoMode``: what is told to the model that judges calls in ``auto`` mode.

Words for a model are no rules: those of a folder that nobody trusts could mislead it, so none count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qwen_dual.settings.key import Key
from qwen_dual.settings.rules import BOOLEAN, TEXT, ListOf
from qwen_dual.settings.stricter import still_off, still_on

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXTS = ListOf(TEXT)
NO_TEXTS: Sequence[str] = ()

AUTO_ALLOW = Key(
    "permissions.autoMode.hints.allow",
    TEXTS,
    NO_TEXTS,
    joins=True,
    doc="What the model that judges calls in `auto` mode may allow, in words; see `docs/modes.md`.",
)
AUTO_SOFT_DENY = Key(
    "permissions.autoMode.hints.softDeny",
    TEXTS,
    NO_TEXTS,
    joins=True,
    doc="What it denies unless you asked for just that; `hints.deny` means the same.",
)
AUTO_DENY = Key(
    "permissions.autoMode.hints.deny",
    TEXTS,
    NO_TEXTS,
    joins=True,
    doc="An older name of `softDeny`.",
)
AUTO_HARD_DENY = Key(
    "permissions.autoMode.hints.hardDeny",
    TEXTS,
    NO_TEXTS,
    joins=True,
    doc="What it denies whatever you asked for.",
)
AUTO_ENVIRONMENT = Key(
    "permissions.autoMode.environment",
    TEXTS,
    NO_TEXTS,
    joins=True,
    doc="What it should know of this place, in words.",
)
AUTO_ALL_SHELL = Key(
    "permissions.autoMode.classifyAllShell",
    BOOLEAN,
    default=False,
    stricter=still_on,
    doc="Whether it judges commands too that only read.",
)
AUTO_MCP_ARGUMENTS = Key(
    "permissions.autoMode.mcp.forwardArguments",
    BOOLEAN,
    default=True,
    stricter=still_off,
    doc="Whether it is shown the arguments of calls of MCP servers.",
)

AUTO_LISTS: Final = (AUTO_ALLOW, AUTO_SOFT_DENY, AUTO_DENY, AUTO_HARD_DENY, AUTO_ENVIRONMENT)

AUTO_KEYS: Final[tuple[Key[Any], ...]] = (*AUTO_LISTS, AUTO_ALL_SHELL, AUTO_MCP_ARGUMENTS)
