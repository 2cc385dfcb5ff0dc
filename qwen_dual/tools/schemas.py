"""What models are told of the arguments of tools: the JSON Schemas of ``parameters``, kept ready.

To make them takes pydantic and every model of ``parameters``, a sixth of a second that nobody has to
wait for who only wants to tell a model of the tools. ``python -m qwen_dual.tools.schemas`` writes the file
anew (``make schema`` does), and a test holds the two together.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, cast

from qwen_dual.protocol.codec import decode

PATH = os.path.join(os.path.dirname(__file__), "schemas.json")


def schema(tool: str) -> dict[str, Any]:
    """The JSON Schema of the arguments of ``tool``."""
    return _all()[tool]


@cache
def _all() -> dict[str, dict[str, Any]]:
    with open(PATH, "rb") as file:
        return cast("dict[str, dict[str, Any]]", decode(file.read()))


def text() -> str:
    """The file as it has to be."""
    import json

    from qwen_dual.tools import parameters

    made = {tool: parameters.schema(tool) for tool in parameters.MODELS}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    with open(PATH, "w", encoding="utf-8") as file:
        file.write(text())
