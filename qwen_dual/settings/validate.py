"""Says which values of the settings are wrong: with file, line, key, value and what is expected.

The start has left them out already, each of its own layer, so that the layer below counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.settings.keys import MCP_SERVERS, check
from qwen_dual.settings.layers import dotted, for_all, merge
from qwen_dual.settings.positions import line_of
from qwen_dual.settings.secrets import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.settings.layers import Layer
    from qwen_dual.settings.rules import Path, Wrong


MAX_TOLD = 20
"""Wrong values of one file that are named."""


class Full(Struct, frozen=True):
    """Everything that is in force.

    Attributes:
        values: what is set, without defaults and without what is wrong.
        sources: the file that each of ``values`` comes from, by its dotted key.
        warnings: one for each wrong value.
    """

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
        values, wrong = check(layer.values)
        warnings += warnings_of(layer, wrong)
        cleaned.append((layer.label, for_all(layer, values)))
    values, sources = merge(cleaned)
    return Full(values, sources, warnings)


def warnings_of(layer: Layer, wrong: Sequence[Wrong]) -> list[str]:
    """What a person is told of the wrong values in ``layer``: each by its line, which takes a search."""
    told = [_warning(layer, each) for each in wrong[:MAX_TOLD]]
    rest = len(wrong) - MAX_TOLD
    return [*told, f"{layer.label}: {rest:,} more values are not used"] if rest > 0 else told


def _warning(layer: Layer, wrong: Wrong) -> str:
    written = layer.written(wrong.at)
    line = line_of(layer.text, written)
    where = layer.label if line is None else f"{layer.label}:{line}"
    if not wrong.expected:
        return f"{where}: {dotted(written[:-1])} is not used: it has no {wrong.at[-1]}"
    value = shown(_at(layer.raw, wrong.at), wrong.at)
    what = "server" if wrong.at[0] == MCP_SERVERS.path else "model"
    with_it = f", nor is its {what}" if wrong.vital else ""
    mended = f"; until that is mended, {wrong.instead}" if wrong.instead else ""
    return f"{where}: {dotted(written)} = {value} is not used{with_it}: expected {wrong.expected}{mended}"


def _at(values: Any, path: Path) -> Any:
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError):  # appended from the layers below; see ``untrusted``
            return None
    return values
