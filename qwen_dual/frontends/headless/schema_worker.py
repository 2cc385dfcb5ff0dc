"""Holds a value against a JSON Schema, as a program of its own.

A pattern of a schema is matched by an engine that backtracks, and a model chooses what it is matched
against: some texts take it years, and it keeps Python's interpreter lock meanwhile, so that neither a
bound nor a signal would be heeded. As a process it can be killed. It runs by its path, with nothing of
ours imported; ``{"schema", "value"}`` comes on stdin, the value left out where the schema alone is to be
looked at, and ``{"faults"}``, ``{"bad"}`` (no schema) or ``{"missing"}`` (no jsonschema) goes to stdout.
What a schema refers to is looked for in it alone, and nothing is fetched.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

MOST_ERRORS = 8
"""Faults of one answer that the model is told of."""

MAX_MESSAGE = 300

CPU_SECONDS = 30
"""After this it ends by itself, should nobody be there any more to end it."""


def judge(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to what came in."""
    try:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import validator_for
        from referencing import Registry
        from referencing.exceptions import Unresolvable
    except ImportError:
        return {"missing": True}
    schema = asked["schema"]
    try:
        kind = validator_for(schema)
        kind.check_schema(schema)
        if "value" not in asked:
            return {"faults": []}
        found: list[str] = []
        # A registry of its own, and empty: the default one fetches what a `$ref` names.
        for error in kind(schema, registry=Registry()).iter_errors(asked["value"]):
            found.append(f"{error.json_path}: {error.message[:MAX_MESSAGE]}")
            if len(found) == MOST_ERRORS:
                break
    except SchemaError as error:
        return {"bad": f"no valid JSON Schema: {error.message[:MAX_MESSAGE]}"}
    except Unresolvable as error:
        return {"bad": f"it refers to {error.ref!r}, which it has not"}
    except RecursionError:
        return {"bad": "it refers to itself without an end, or nests too deep"}
    return {"faults": found}


def main() -> None:
    """Reads, judges, answers."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    asked = json.loads(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(judge(asked)))


if __name__ == "__main__":
    main()
