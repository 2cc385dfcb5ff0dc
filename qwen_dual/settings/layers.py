"""Files on top of each other: what one layer holds, and how layers become one.

Objects merge, lists replace or join as their key says. For each value the layer it came
from is kept, by its dotted key. Reads no file and checks no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.protocol.records import shown
from qwen_dual.settings.keys import DISABLE_ALL_HOOKS, KEYS
from qwen_dual.settings.rules import VARIABLE
from qwen_dual.settings.secrets import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from re import Match

    from qwen_dual.settings.rules import Path

JOINED = frozenset(key.path for key in KEYS if key.joins)

WHOLE = tuple(f"{key.path}." for key in KEYS if key.whole)
"""Below these an entry replaces the one of its name: half of one layer's and half of another's would
be a server that nobody configured."""

_AS_IT_IS = frozenset(("extra_body",))
"""Here ``null`` is a value of its own, for the service to see."""


class Layer(Struct, frozen=True):
    """What one file sets.

    Attributes:
        name: ``system defaults``, ``user``, ``project``, ``kept`` (for the project, by the user),
            ``system`` or ``command line``.
        path: the file; empty for the command line.
        text: the file as it is, to tell lines.
        raw: its values before variables were put in: what a message may show.
        values: the same with variables put in.
        flat: for a key that came by its flat name of old, that name.
    """

    name: str
    path: str
    text: str
    raw: dict[str, Any]
    values: dict[str, Any]
    flat: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return shown(self, without={"text", "raw", "values"})

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.path or self.name

    def written(self, path: Path) -> Path:
        """``path`` as its file has it."""
        for place, name in self.flat.items():
            if path[: len(place)] == place:
                return (name, *path[len(place) :])
        return path


def for_all(layer: Layer, values: dict[str, Any]) -> dict[str, Any]:
    """What of ``values``, a layer's, goes with those of the others: a folder ends no hooks but its own."""
    if layer.name == "project":
        return {name: value for name, value in values.items() if name != DISABLE_ALL_HOOKS.path}
    return values


def dotted(path: Path) -> str:
    """``a.b[0].c`` of a path."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return printable("".join(parts).removeprefix("."))


def merge(
    parts: Iterable[tuple[str, Mapping[str, Any]]],
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values in force and, for each dotted key, the labels of where its value came from.

    Args:
        parts: label and values of each layer, low to high.
    """
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for label, values in parts:
        _lay(merged, values, label, sources, "")
    return merged, sources


def _lay(
    base: dict[str, Any],
    values: Mapping[str, Any],
    label: str,
    sources: dict[str, str],
    prefix: str,
) -> None:
    for key, value in values.items():
        name = prefix + key
        below = base.get(key)
        if isinstance(value, dict):
            if prefix in WHOLE or not isinstance(below, dict):
                _forget(sources, name)
                base[key] = {}
            _lay(base[key], value, label, sources, f"{name}.")
            continue
        if name in JOINED and isinstance(value, list) and isinstance(below, list):
            base[key] = [*below, *(item for item in value if item not in below)]
            sources[name] = f"{sources[name]}, {label}" if below else label
            continue
        if isinstance(below, dict):
            _forget(sources, name)
        base[key] = value
        sources[name] = label


def _forget(sources: dict[str, str], name: str) -> None:
    for old in [at for at in sources if at == name or at.startswith(f"{name}.")]:
        del sources[old]


def without_nulls(value: Any) -> Any:
    """``value`` without keys that are ``null``: they say nothing."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: item if key in _AS_IT_IS else without_nulls(item)
        for key, item in value.items()
        if item is not None
    }


def expand(value: Any, env: Mapping[str, str]) -> Any:
    """``value`` with variables put into its strings; one that is not set, and has no default, stays.

    As in a shell, the default of ``${NAME:-default}`` stands in for one that is empty as well.
    """
    if isinstance(value, str):
        if "$" not in value:
            return value
        return VARIABLE.sub(lambda match: _variable(match, env), value)
    if isinstance(value, dict):
        return {key: expand(item, env) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, env) for item in value]
    return value


def _variable(match: Match[str], env: Mapping[str, str]) -> str:
    braced, default, plain = match.groups()
    found = env.get(braced or plain)
    if default is not None:
        return found or default
    return match[0] if found is None else found
