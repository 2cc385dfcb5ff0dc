"""What the settings of a folder that the user has not trusted may do: only tighten.

They may come with a cloned repository: whatever opens a channel, runs a command, allows a tool,
sends a key elsewhere or picks what the model sees is left out, and so is what replaces a limit of
the user's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from collections.abc import Mapping

REFUSED: tuple[tuple[str, ...], ...] = (
    ("dualOutput", "jsonFile"),
    ("dualOutput", "inputFile"),
    ("modelProviders",),
    ("providerProtocol",),
    ("env",),
    ("security",),
    ("model",),
    ("tools", "allowed"),
    ("tools", "shell"),
    ("tools", "executionSandbox"),
    ("tools", "truncateToolOutputThreshold"),
    ("tools", "truncateToolOutputLines"),
    ("permissions", "allow"),
    ("general",),
    ("context",),
    ("mcpServers",),
    ("proxy",),
)

NEVER: tuple[tuple[str, ...], ...] = (("tools", "executionSandbox"),)
"""What no project sets, trusted or not."""

MAX_RULES = 200
"""Of one list: each is held against all that a command does while the session waits."""

MAX_CHARS = 1000
"""Of one of them."""

LISTS: tuple[tuple[str, str], ...] = (
    ("permissions", "allow"),
    ("permissions", "ask"),
    ("permissions", "deny"),
    ("tools", "allowed"),
    ("tools", "exclude"),
    ("tools", "core"),
)
"""Lists of rules, of which a project brings a bounded number."""

TAKEN: tuple[tuple[str, ...], ...] = (
    ("tools", "approvalMode"),
    ("tools", "exclude"),
    ("tools", "core"),
    ("permissions", "ask"),
    ("permissions", "deny"),
    ("ui",),
)
"""The first three under conditions; a test holds that every key stands in one of the two lists."""


def restrict(values: dict[str, Any], below: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Takes out of ``values`` what is refused, in place; returns what that was.

    Args:
        values: an untrusted project's; its sections may be changed, so they are its own.
        below: what is in force without it.
    """
    refused: list[tuple[str, ...]] = [place for place in REFUSED if _remove(values, place)]
    tools = values.get("tools")
    if not isinstance(tools, dict):
        return refused
    limits = below.get("tools", {})
    mode = tools.get("approvalMode")
    if mode in APPROVAL_MODES and _laxer(mode, limits.get("approvalMode", "default")):
        del tools["approvalMode"]
        refused.append(("tools", "approvalMode"))
    if "core" in tools and "core" in limits:
        del tools["core"]
        refused.append(("tools", "core"))
    excluded = tools.get("exclude")
    if isinstance(excluded, list):  # lists replace; this one must not shorten what is below
        tools["exclude"] = [*excluded, *limits.get("exclude", ())]
    return refused


def withhold(values: dict[str, Any]) -> list[tuple[str, ...]]:
    """Takes out of a trusted project's ``values`` what none may set; returns what that was."""
    return [place for place in NEVER if _remove(values, place)]


def shorten(values: dict[str, Any]) -> list[tuple[str, ...]]:
    """Cuts a project's lists of rules to ``MAX_RULES`` of ``MAX_CHARS``; returns which that were.

    Args:
        values: a project's, before anything of the user's own is in its lists; changed in place.
    """
    cut: list[tuple[str, ...]] = []
    for section, key in LISTS:
        held = values.get(section)
        rules = held.get(key) if isinstance(held, dict) else None
        if not isinstance(held, dict) or not isinstance(rules, list):
            continue
        kept = [rule for rule in rules if not isinstance(rule, str) or len(rule) <= MAX_CHARS]
        held[key] = kept[:MAX_RULES]
        if len(held[key]) < len(rules):
            cut.append((section, key))
    return cut


def _laxer(mode: str, than: str) -> bool:
    """Whether ``mode`` runs more without asking; the modes are listed from strict to lax."""
    return APPROVAL_MODES.index(mode) > APPROVAL_MODES.index(than)


def _remove(values: dict[str, Any], place: tuple[str, ...]) -> bool:
    """Takes a key out; whether it was there and said anything."""
    section: Any = values
    for key in place[:-1]:
        section = section.get(key)
        if not isinstance(section, dict):
            return False
    return section.pop(place[-1], None) not in (None, [], {})
