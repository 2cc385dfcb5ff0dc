"""Which values of the settings are secret, and what may be shown instead.

Decides by names, on the side of hiding: what a person needs is which key is wrong, not its value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

HIDDEN = "(hidden)"

_SECRET = (
    *("apikey", "token", "secret", "passw", "credential", "cookie", "bearer", "private"),
    *("authorisation", "authorization"),
)
"""What the name of a secret has in it, in whatever case and without its dashes."""

# Compiled when they are first used: most starts use none of them.
_NO_SECRET = r"(?i)max_?tokens|tokens?_?(?:limit|budget)|budget_?tokens"
_LOOKS_LIKE_A_KEY = r"(?:sk|pk|xai|gsk|hf|ghp|AIza)[-_A-Za-z0-9]{12,}"
_USER_INFO = r"(?<=://)[^/\s]+@"


def is_secret(path: Sequence[str | int]) -> bool:
    """Whether what stands at ``path`` must not be shown."""
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return False
    if "customHeaders" in names[:-1] or "headers" in names[:-1]:
        return True
    last = names[-1]
    if last == "envKey":  # a name, or a key in the wrong place; ``shown`` tells them apart
        return False
    return _sounds_secret(last) and not re.search(_NO_SECRET, last)


def _sounds_secret(name: str) -> bool:
    plain = name.lower().removesuffix("\n")
    if plain == "auth" or plain.endswith(("key", "_headers")):
        return True
    plain = plain.replace("_", "").replace("-", "")
    return any(word in plain for word in _SECRET)


def masked(value: str) -> str:
    """At most the last four characters, and those only of what is long enough."""
    return f"…{value[-4:]}" if len(value) >= 16 else HIDDEN


def shown(value: Any, path: Sequence[str | int] = ()) -> str:
    """``value`` for a message: secrets hidden, containers as their brackets, 100 characters."""
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if isinstance(value, list):
        return "[…]" if value else "[]"
    if is_secret(path) or "env" in path[:-1]:
        return HIDDEN
    if isinstance(value, str):
        if path[-1:] == ("envKey",) or re.search(_LOOKS_LIKE_A_KEY, value):
            return HIDDEN
        value = without_password(value)
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def without_password(text: str) -> str:
    """A URL without its user and password."""
    return re.sub(_USER_INFO, "…@", text)


def printable(text: str) -> str:
    """``text`` on one line, without what a terminal would obey: it may come from anywhere."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def display(value: Any, path: Sequence[str | int] = ()) -> Any:
    """``value`` as it may be printed, secrets masked wherever they are in it."""
    if isinstance(value, dict):
        return {key: display(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [display(item, (*path, index)) for index, item in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    if is_secret(path):
        return masked(str(value))
    if isinstance(value, str):
        if re.search(_LOOKS_LIKE_A_KEY, value):
            return masked(value)
        return without_password(value)
    return value
