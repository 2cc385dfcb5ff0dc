"""The project's own sources, for the tests that read them."""

from __future__ import annotations

import ast
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]


@functools.cache
def sources(folder: str) -> dict[Path, str]:
    """The text of each Python file below a folder of the project; not of what npm has put there."""
    found: dict[Path, str] = {}
    for base, folders, files in os.walk(ROOT / folder):
        folders[:] = sorted(set(folders) - {"node_modules", "__pycache__"})
        for name in sorted(files):
            if name.endswith(".py"):
                path = Path(base, name)
                found[path] = path.read_text(encoding="utf-8")
    return found


def statements(
    text: str, leave_out: Callable[[ast.AST], bool] = lambda node: False
) -> Iterator[ast.AST]:
    """The statements of a source, however deep they stand; ten times quicker than all of its nodes.

    Args:
        text: the source.
        leave_out: says of a statement whether those within it are left out.
    """
    waiting: list[ast.AST] = [ast.parse(text)]
    while waiting:
        node = waiting.pop()
        yield node
        if not leave_out(node):
            for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                within = getattr(node, part, ())
                waiting.extend(within if isinstance(within, list) else ())
