"""The flat names of Qwen Code's first settings format, which it still takes and moves.

Which they are, the table of keys says; files are not rewritten.
"""

from __future__ import annotations

from typing import Any

from qwen_dual.settings.keys import KEYS, MODEL


def moved(values: dict[str, Any]) -> tuple[dict[str, Any], dict[tuple[str, ...], str]]:
    """``values`` with flat names in their places of today, and which name came to which place.

    A key that stands in its place already wins over its flat name.
    """
    places = {key.legacy: key.place for key in KEYS if key.legacy in values}
    if isinstance(values.get("model"), str):  # today an object
        places["model"] = MODEL.place
    if not places:
        return values, {}
    found = {name: value for name, value in values.items() if name not in places}
    put = {place: name for name, place in places.items() if _put(found, place, values[name])}
    return found, put


def _put(values: dict[str, Any], place: tuple[str, ...], value: Any) -> bool:
    """Sets ``value`` where nothing stands; the objects on the way are copied first."""
    for key in place[:-1]:
        inner = values.get(key, {})
        if not isinstance(inner, dict):
            return False
        values[key] = dict(inner)
        values = values[key]
    if place[-1] in values:
        return False
    values[place[-1]] = value
    return True
