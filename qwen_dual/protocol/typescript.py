"""The contract as TypeScript types, from the JSON Schema that ``schema`` generates.

Covers what those schemas use, and fails on anything else rather than to guess.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import PROTOCOL_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADER = f"""// The lines of a dual-output session (protocol version {PROTOCOL_VERSION}), generated from the JSON
// Schema beside this file by `make schema`. Ignore keys and events that you do not know: additions are
// not a new version.
"""

_PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


class NotCovered(ValueError):
    """A schema that uses something this generator does not know."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        super().__init__(f"no TypeScript for the schema {schema!r}")
        self.schema = schema


def declarations(events: Mapping[str, Any], commands: Mapping[str, Any]) -> str:
    """The text of the ``.d.ts`` file.

    Args:
        events: the schema of an event.
        commands: the schema of a command.

    Raises:
        NotCovered: one of them uses what the generator does not know.
        ValueError: an event and a command have shapes of one name that are not the same.
    """
    parts = [HEADER]
    for name in events["$defs"].keys() & commands["$defs"].keys():
        if events["$defs"][name] != commands["$defs"][name]:
            raise ValueError(f"an event and a command are both called {name}")
    defs = {**events["$defs"], **commands["$defs"]}
    parts += [_interface(name, schema) for name, schema in sorted(defs.items())]
    parts.append(_union("Event", "One line of the output.", events))
    parts.append(_union("Command", "One line of the input.", commands))
    return "\n".join(parts)


def _union(name: str, about: str, schema: Mapping[str, Any]) -> str:
    members = "".join(f"\n  | {_type(member)}" for member in schema["anyOf"])
    return f"/** {about} */\nexport type {name} ={members};\n"


def _interface(name: str, schema: Mapping[str, Any]) -> str:
    if schema.get("type") != "object":
        raise NotCovered(schema)
    lines = list(_comment(schema.get("description", "")))
    lines.append(f"export interface {name} {{")
    required = schema.get("required", ())
    for key, value in schema.get("properties", {}).items():
        mark = "" if key in required else "?"
        lines.append(f"  {_key(key)}{mark}: {_type(value)};")
    return "\n".join([*lines, "}", ""])


def _comment(text: str) -> Iterator[str]:
    rows = text.replace("``", "`").replace("*/", "* /").splitlines()
    if len(rows) == 1:
        yield f"/** {rows[0]} */"
    elif rows:
        yield "/**"
        yield from (f" * {row}".rstrip() for row in rows)
        yield " */"


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _type(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": str(ref)}:
            return ref.rsplit("/", 1)[-1]
        case {"const": value}:
            return json.dumps(value)
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": list(members)}:
            return " | ".join(dict.fromkeys(_type(member) for member in members))
        case {"type": "array", "items": dict(items)}:
            inner = _type(items)
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case {"type": "object"} if "properties" not in schema:
            return "Record<string, unknown>"
        case {"type": str(name)} if name in _PLAIN:
            return _PLAIN[name]
        case _:
            raise NotCovered(schema)
