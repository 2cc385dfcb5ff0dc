"""Says which values of the settings are wrong, and gives all of them as typed models.

Called once, in a thread, after the first paint: it imports pydantic. Each wrong value is left out
of its own layer, so that the layer below counts; its siblings stay.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from pydantic import ValidationError

from qwen_dual.settings.layers import dotted, merge
from qwen_dual.settings.positions import line_of
from qwen_dual.settings.rules import WrongValue
from qwen_dual.settings.schema import SettingsModel
from qwen_dual.settings.secrets import shown
from qwen_dual.settings.shape import VITAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

    from qwen_dual.settings.layers import Layer, Path

_KINDS = {"model_type": "an object", "dict_type": "an object", "list_type": "a list"}


class Full(Struct, frozen=True):
    """Everything that is in force.

    Attributes:
        settings: typed, with defaults.
        values: what is set, without defaults and without what is wrong.
        sources: the file that each of ``values`` comes from, by its dotted key.
        warnings: one for each wrong value: file, line, key, value, and what is expected.
    """

    settings: SettingsModel
    values: dict[str, Any]
    sources: dict[str, str]
    warnings: list[str]


def validate(layers: Sequence[Layer]) -> Full:
    """Checks each layer and puts them together.

    Args:
        layers: ``Settings.layers``.
    """
    warnings: list[str] = []
    cleaned: list[tuple[str, dict[str, Any]]] = []
    for layer in layers:
        values = copy.deepcopy(layer.values)
        wrong = _errors(values)
        warnings += [_warning(layer, error) for error in wrong]
        for path in sorted({_dropped(error["loc"]) for error in wrong}, reverse=True):
            _delete(values, path)
        cleaned.append((layer.label, values))
    values, sources = merge(cleaned)
    return Full(SettingsModel.model_validate(values), values, sources, warnings)


def _errors(values: dict[str, Any]) -> list[ErrorDetails]:
    try:
        SettingsModel.model_validate(values)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return []


def _dropped(path: Path) -> Path:
    """What goes with a wrong value: itself, or the model that it is vital to."""
    return path[:3] if _is_vital(path) else path


def _is_vital(path: Path) -> bool:
    return len(path) == 4 and path[0] == "modelProviders" and path[3] in VITAL


def _warning(layer: Layer, error: ErrorDetails) -> str:
    path = error["loc"]
    cause = error.get("ctx", {}).get("error")
    expected = str(cause) if isinstance(cause, WrongValue) else _KINDS.get(error["type"], "")
    written = layer.written(path)
    line = line_of(layer.text, written)
    where = layer.label if line is None else f"{layer.label}:{line}"
    if error["type"] == "missing":
        return f"{where}: {dotted(written[:-1])} is not used: it has no {path[-1]}"
    value = shown(_at(layer.raw, path), path)
    with_it = ", nor is its model" if _is_vital(path) else ""
    return f"{where}: {dotted(written)} = {value} is not used{with_it}: expected {expected}"


def _at(values: Any, path: Path) -> Any:
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError):  # appended from the layers below; see ``untrusted``
            return None
    return values


def _delete(values: Any, path: Path) -> None:
    for part in path[:-1]:
        values = values[part]
    del values[path[-1]]
