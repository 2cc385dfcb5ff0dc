"""What the settings of a folder may do: of what the person has set, only tighten it.

They may come with a cloned repository, or with a pull after it was trusted. While the person has not
trusted it, whatever opens a channel, runs a command, allows a tool, sends a key elsewhere or picks what
the model sees is left out as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.settings.auto_keys import AUTO_LISTS
from qwen_dual.settings.keys import (
    ALLOW,
    ALLOWED_TOOLS,
    APPROVAL_MODE,
    ASK,
    CORE_TOOLS,
    DENY,
    EXCLUDED_TOOLS,
    KEYS,
    MCP_ALLOWED,
    MCP_EXCLUDED,
    SKILLS_DISABLED,
    clean,
)
from qwen_dual.settings.stricter import no_laxer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_dual.settings.key import Trust
    from qwen_dual.settings.rules import Path

MOST_OF_A_FOLDER = "auto-edit"
"""The mode that a folder may set where the person has set none: what a repository brings, or a pull, never has
commands run that nobody was asked about."""

MAX_RULES = 200
"""Of one list: each is held against all that a command does while the session waits."""

MAX_CHARS = 1000
"""Of one of them."""

RULES = (
    *(ALLOW, ASK, DENY, ALLOWED_TOOLS, EXCLUDED_TOOLS, CORE_TOOLS, MCP_ALLOWED, MCP_EXCLUDED),
    *AUTO_LISTS,
    SKILLS_DISABLED,
)
"""Lists of rules, of which a project brings a bounded number."""


def places(*trust: Trust) -> list[tuple[str, ...]]:
    """Where the keys of these kinds of trust stand: sections that have no others, else the keys."""
    others = {key.place[:length] for key in KEYS if key.trust not in trust for length in range(4)}
    found: dict[tuple[str, ...], None] = {}
    for key in KEYS:
        if key.trust in trust:
            starts = (key.place[:length] for length in range(1, len(key.place) + 1))
            found[next(start for start in starts if start not in others)] = None
    return list(found)


def restrict(values: dict[str, Any], below: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Takes out of ``values`` what is refused, in place; returns what that was.

    Args:
        values: an untrusted project's; its sections may be changed, so they are its own.
        below: what is in force without it.
    """
    refused = [place for place in places("trusted", "person") if _remove(values, place)]
    mode = APPROVAL_MODE.within(clean(values))
    if not no_laxer(mode, APPROVAL_MODE.within(below)) and _remove(values, APPROVAL_MODE.place):
        refused.append(APPROVAL_MODE.place)
    return refused


def limit(values: dict[str, Any], below: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Takes out of ``values`` what allows more than the person has set, in place; each with why.

    Args:
        values: a project's, trusted or not.
        below: what the person and the machine have set; without defaults.
    """
    found = clean(values)
    for key in KEYS:
        if key.stricter is None or not key.is_in(found):
            continue
        value = key.within(found)
        if key.is_in(below):
            allowed, why = key.stricter(value, key.within(below)), "a folder only tightens yours"
        elif key is APPROVAL_MODE:
            allowed, why = no_laxer(value, MOST_OF_A_FOLDER), f"no folder turns on {value}"
        else:
            continue
        if not allowed and _remove(values, key.place):
            yield key.place, why


def withhold(values: dict[str, Any]) -> list[tuple[str, ...]]:
    """Takes out of a trusted project's ``values`` what none may set; returns what that was."""
    return [place for place in places("person") if _remove(values, place)]


def shorten(values: dict[str, Any]) -> list[tuple[str, ...]]:
    """Cuts a project's lists of rules to ``MAX_RULES`` of ``MAX_CHARS``; returns which that were.

    Args:
        values: a project's, before anything of the user's own is in its lists; changed in place.
    """
    cut: list[tuple[str, ...]] = []
    for key in RULES:
        rules = key.within(values)
        if not isinstance(rules, list):
            continue
        kept = [rule for rule in rules if not isinstance(rule, str) or len(rule) <= MAX_CHARS]
        if kept[:MAX_RULES] != rules:
            rules[:] = kept[:MAX_RULES]
            cut.append(key.place)
    return cut


def _remove(values: dict[str, Any], place: tuple[str, ...]) -> bool:
    """Takes a key out; whether it was there and said anything."""
    section: Any = values
    for key in place[:-1]:
        section = section.get(key)
        if not isinstance(section, dict):
            return False
    return section.pop(place[-1], None) not in (None, [], {})
