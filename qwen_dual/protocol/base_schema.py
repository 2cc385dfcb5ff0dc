"""The schema for any program with dual output, made of our own: looser where it is ours alone.

It checks the events of the base protocol, and of them what every program writes. Other events, content
blocks and words pass, whatever they hold.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

BASE_EVENTS = (
    "SessionStart",
    "SessionEnd",
    "UserEvent",
    "AssistantEvent",
    "StreamEvent",
    "ControlRequest",
    "ControlResponse",
)
_OURS = {
    "ControlRequest": {"session_id"},
    "ControlResponse": {"session_id"},
    "ControlSuccess": {"resolved_by"},
}
"""What a program of the base leaves out, beside ``seq``, which it has nowhere."""

_TAGS = ("type", "subtype")


def base_schema(strict: dict[str, Any]) -> dict[str, Any]:
    """The open schema.

    Args:
        strict: the schema of what this program writes, as pydantic generates it.
    """
    definitions = deepcopy(strict["$defs"])
    for name, definition in definitions.items():
        optional = _OURS.get(name, set()) | {"seq"}
        if "required" in definition:
            definition["required"] = [key for key in definition["required"] if key not in optional]
        for key, shape in definition.get("properties", {}).items():
            if key not in _TAGS:
                for choice in (shape, *shape.get("anyOf", ())):
                    choice.pop("enum", None)
                    choice.pop("pattern", None)
    opened = {name: _open(definition, definitions) for name, definition in definitions.items()}
    root = _open({"anyOf": [{"$ref": f"#/$defs/{name}"} for name in BASE_EVENTS]}, definitions)
    used = _reached(root, opened)
    return {"$defs": {name: opened[name] for name in sorted(used)}, **root}


def _open(shape: Any, definitions: dict[str, Any]) -> Any:
    """The shape, with each choice among tagged objects open for tags that are not known."""
    if isinstance(shape, list):
        return [_open(item, definitions) for item in shape]
    if not isinstance(shape, dict):
        return shape
    tags = [_tags(choice, definitions) for choice in shape.get("anyOf", ())]
    if not tags or not all(tags):
        return {key: _open(value, definitions) for key, value in shape.items()}
    checks = [
        {
            "if": {"properties": tag, "required": list(tag)},
            "then": choice,
        }
        for tag, choice in zip(tags, shape["anyOf"], strict=True)
    ]
    rest = {key: value for key, value in shape.items() if key not in ("anyOf", "discriminator")}
    first = next(iter(tags[0]))
    tag = {first: {"type": "string"}}
    return {**rest, "type": "object", "properties": tag, "required": [first], "allOf": checks}


def _tags(choice: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """What tells this choice from others: its type, and its subtype where it has one."""
    properties = definitions.get(choice.get("$ref", "").rpartition("/")[2], {}).get(
        "properties", {}
    )
    return {
        key: {"const": properties[key]["const"]}
        for key in _TAGS
        if "const" in properties.get(key, {})
    }


def _reached(shape: Any, definitions: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [shape]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            name = str(item.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(definitions[name])
            waiting += item.values()
    return found
