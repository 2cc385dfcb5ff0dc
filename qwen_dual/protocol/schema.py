"""The contract as JSON Schema and TypeScript, generated from the shapes and ``commands``.

``python -m qwen_dual.protocol.schema FOLDER`` writes it (``make schema``); a test holds the files in
``docs/schema`` to the code. Unknown keys are allowed everywhere: additions are not a new version.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.json import schema_components
from pydantic import TypeAdapter

from qwen_dual.protocol import PROTOCOL_VERSION
from qwen_dual.protocol.base_schema import base_schema
from qwen_dual.protocol.command_shapes import NUMBERED, SHAPES
from qwen_dual.protocol.control import LINES, PermissionAnswer
from qwen_dual.protocol.shapes import (
    AssistantEvent,
    ControlRequest,
    ControlResponse,
    ResultEvent,
    StreamEvent,
    UserEvent,
)
from qwen_dual.protocol.system_shapes import SystemEvent
from qwen_dual.protocol.typescript import declarations

if TYPE_CHECKING:
    from collections.abc import Iterable

Event = (
    SystemEvent
    | UserEvent
    | AssistantEvent
    | StreamEvent
    | ResultEvent
    | ControlRequest
    | ControlResponse
)
"""Whatever may stand on a line of the output."""

STRICT = "qwen-dual-events.schema.json"
"""The schema that holds this program to all it says; no other event passes."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name to schema: what goes out, of any program and of this one, and what may come in."""
    strict = _schema("An event: one line of the output", Event)
    head = {"$schema": DIALECT, "title": "An event of any program with dual output"}
    return {
        "events.schema.json": {**head, **base_schema(strict)},
        STRICT: strict,
        "commands.schema.json": _lines("A command: one line of the input", SHAPES.values()),
        "stdin.schema.json": _lines(
            "A line on stdin with --input-format stream-json",
            [*LINES.values(), *SHAPES.values()],
            PermissionAnswer,
        ),
    }


def files() -> dict[str, str]:
    """File name to text: all that is published."""
    made = schemas()
    texts = {
        name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in made.items()
    }
    texts["qwen-dual.d.ts"] = declarations(made[STRICT], made["commands.schema.json"])
    return texts


def _schema(title: str, shape: Any) -> dict[str, Any]:
    return {**_head(title), **TypeAdapter(shape).json_schema()}


def _lines(title: str, lines: Iterable[type], *parts: type) -> dict[str, Any]:
    """The schema of a line that comes in; ``parts`` are described besides."""
    whole = list(lines)
    refs, shapes = schema_components([*whole, *parts], ref_template="#/$defs/{name}")
    for shape in shapes.values():
        shape["description"] = inspect.cleandoc(shape["description"])
    for name in {shape.__name__ for shape in SHAPES.values()} & shapes.keys():
        _allow_numbers(shapes[name]["properties"])
    return {
        **_head(title),
        "$defs": dict(sorted(shapes.items())),
        "anyOf": list(refs[: len(whole)]),
    }


def _allow_numbers(properties: dict[str, Any]) -> None:
    """Says of the ids of a command that they may be whole numbers."""
    for key in NUMBERED:
        said = properties.get(key)
        if said is not None and "anyOf" in said:
            said["anyOf"].insert(1, {"type": "integer"})
        elif said is not None:
            properties[key] = {"anyOf": [said, {"type": "integer"}]}


def _head(title: str) -> dict[str, Any]:
    title = f"{title} (qwen-dual, protocol version {PROTOCOL_VERSION})"
    return {"$schema": DIALECT, "title": title}


def main(folder: str) -> None:
    """Writes the files into ``folder``."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        Path(folder, name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/schema")
