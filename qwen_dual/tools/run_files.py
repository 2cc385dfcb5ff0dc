"""Files of the folder that hooks, MCP servers and git run by themselves: who writes to one has it run. Pure."""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAMES = 200
"""Of all that is looked at together."""

_FOLDER = re.compile(r"\$(?:\w+_PROJECT_DIR\b|\{\w+_PROJECT_DIR\})")
_NAME = re.compile(r"[^\s;&|<>()`=,!]+")


def named_in(lines: Iterable[str], folder: str, *, bare: bool = True) -> frozenset[str]:
    """The real paths that words of command lines may name; rather one too many than one too few.

    Args:
        lines: of commands.
        folder: where they run, which is what ``$QWEN_PROJECT_DIR`` and its like stand for.
    """
    plain = (_FOLDER.sub(lambda _: folder, re.sub(r"[\"']", "", line)) for line in lines)
    found = (match[0] for line in plain for match in _NAME.finditer(line))
    names = (name for name in found if "\0" not in name and (bare or "/" in name or "." in name))
    return frozenset(os.path.realpath(os.path.join(folder, it)) for it in islice(names, MAX_NAMES))
