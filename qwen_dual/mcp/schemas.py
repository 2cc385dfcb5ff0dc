"""Whether what a server gives as the parameters of a tool is something a model can be given. Pure."""

from __future__ import annotations

from typing import Any

from qwen_dual.mcp.bounds import MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH
from qwen_dual.protocol.codec import encode

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")

_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLES = (
    *("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"),
    *("unevaluatedItems", "unevaluatedProperties"),
)


def why_no_schema(schema: object) -> str:
    """Why ``schema`` is none for an object of arguments; empty where it is one.

    A service that is given one that is none refuses the whole request, with all tools.
    """
    if not isinstance(schema, dict):
        return "its parameters are no JSON Schema"
    if schema.get("type", "object") != "object":
        return f"its parameters are of the type {str(schema.get('type'))[:40]!r}, not an object"
    why = _why_not(schema, MAX_SCHEMA_DEPTH)
    if why:
        return f"its parameters are no JSON Schema: {why}"
    if len(encode(schema)) > MAX_SCHEMA_BYTES:
        return f"its parameters take more than {MAX_SCHEMA_BYTES:,} bytes"
    return ""


def as_parameters(schema: dict[str, Any]) -> dict[str, Any]:
    """A right schema as services want it: its type and its properties said."""
    kept = {key: value for key, value in schema.items() if key != "$schema"}
    return {"type": "object", "properties": {}, **kept}


def _why_not(schema: object, depth: int) -> str:
    if isinstance(schema, bool):
        return ""
    if not isinstance(schema, dict):
        return f"a schema is {_called(schema)}"
    if not depth:
        return f"it is nested more than {MAX_SCHEMA_DEPTH} deep"
    return _why_not_itself(schema) or _why_not_below(schema, depth - 1)


def _why_not_itself(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [] if kind is None else [kind]
    for each in kinds:
        if each not in TYPES:
            return f"there is no type {str(each)[:40]!r}"
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        return "required is no list of names"
    if not isinstance(schema.get("enum", []), list):
        return f"enum is {_called(schema['enum'])}"
    for key in ("description", "title", "$ref", "pattern", "format"):
        if key in schema and not isinstance(schema[key], str):
            return f"{key} is {_called(schema[key])}"
    return ""


def _why_not_below(schema: dict[str, Any], depth: int) -> str:
    below: list[object] = [schema[key] for key in _SINGLES if key in schema]
    if isinstance(schema.get("items"), list):  # as it was until 2020
        below.remove(schema["items"])
        below += schema["items"]
    for key in _MAPS:
        inner = schema.get(key, {})
        if not isinstance(inner, dict):
            return f"{key} is {_called(inner)}"
        below += inner.values()
    for key in _LISTS:
        listed = schema.get(key, [])
        if not isinstance(listed, list):
            return f"{key} is {_called(listed)}"
        below += listed
    return next(filter(None, (_why_not(each, depth) for each in below)), "")


def _called(value: object) -> str:
    names = {str: "a string", list: "a list", dict: "an object", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")
