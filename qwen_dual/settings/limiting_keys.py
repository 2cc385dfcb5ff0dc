"""The keys that take something away. What of theirs cannot be understood takes away more.

``keys`` has them with all the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.settings.key import Key
from qwen_dual.settings.rules import BOOLEAN, MODE, TEXT, Rule
from qwen_dual.settings.stricter import NOTHING, no_laxer, no_longer

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_TEXTS: Sequence[str] = ()
RULES: Rule[Sequence[str]] = Rule(
    "a list of texts", lambda value: isinstance(value, list) and all(map(TEXT.accepts, value))
)
"""Of what takes something away: nothing of it can be left out without allowing more."""

EVERYTHING = "*"
"""In a list of rules that deny or ask: each call. No rule is written so; it stands for what was not understood."""

APPROVAL_MODE = Key(
    "tools.approvalMode",
    MODE,
    "default",
    "tightens",
    "approvalMode",
    "What runs without asking. No folder turns on `auto` or `yolo`.",
    stricter=no_laxer,
    closed=("plan", "the mode is plan"),
)
EXCLUDED_TOOLS = Key(
    "tools.exclude",
    RULES,
    NO_TEXTS,
    "tightens",
    "excludeTools",
    "Tools that the model is not given.",
    joins=True,
    closed=([EVERYTHING], "the model is given no tool"),
)
CORE_TOOLS = Key(
    "tools.core",
    RULES,
    NO_TEXTS,
    "tightens",
    "coreTools",
    "If set, the only built-in tools that the model is given.",
    stricter=no_longer,
    closed=([NOTHING], "the model is given no tool"),
)
ASK = Key(
    "permissions.ask",
    RULES,
    NO_TEXTS,
    "anyone",
    joins=True,
    doc="Always asks.",
    closed=([EVERYTHING], "every call is asked about"),
)
DENY = Key(
    "permissions.deny",
    RULES,
    NO_TEXTS,
    "anyone",
    joins=True,
    doc="Never runs.",
    closed=([EVERYTHING], "every call is denied"),
)
MCP_ALLOWED = Key(
    "mcp.allowed",
    RULES,
    NO_TEXTS,
    "tightens",
    stricter=no_longer,
    doc="If set, the only MCP servers that are used; `*` and `?` stand for any characters.",
    closed=([NOTHING], "no MCP server is used"),
)
MCP_EXCLUDED = Key(
    "mcp.excluded",
    RULES,
    NO_TEXTS,
    "anyone",
    joins=True,
    doc="MCP servers that are not used, likewise; wins.",
    closed=(["*"], "no MCP server is used"),
)
SKILLS_DISABLED = Key(
    "skills.disabled",
    RULES,
    NO_TEXTS,
    "anyone",
    joins=True,
    doc="Skills that are left out, by name, whatever its capitals; `*` for all.",
    closed=(["*"], "no skill is used"),
)
DISABLE_ALL_HOOKS = Key(
    "disableAllHooks",
    BOOLEAN,
    default=False,
    trust="anyone",
    doc="Whether no hook runs, whatever `hooks` says; in a folder's file, none that the folder brings.",
    closed=(True, "no hook runs"),
)
REVIEW = Key(
    "dualOutput.review",
    BOOLEAN,
    default=False,
    trust="person",
    doc="Whether you look at every prompt of a host before it runs; no host can overrule that.",
    closed=(True, "every prompt of a host is looked at first"),
)
HOOK_URLS = Key(
    "security.allowedHttpHookUrls",
    RULES,
    NO_TEXTS,
    "person",
    doc="If set, the only URLs that hooks of the type `http` may reach, with `*`.",
    closed=([NOTHING], "no hook reaches a URL"),
)
