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


def named_in(lines: Iterable[str], folder: str) -> frozenset[str]:
    """The real paths that words of command lines may name; rather one too many than one too few.

    Args:
        lines: of commands.
        folder: where they run, which is what ``$QWEN_PROJECT_DIR`` and its like stand for.
    """
    plain = (_FOLDER.sub(lambda _: folder, re.sub(r"[\"']", "", line)) for line in lines)
    names = (found[0] for line in plain for found in _NAME.finditer(line) if "\0" not in found[0])
    return frozenset(os.path.realpath(os.path.join(folder, it)) for it in islice(names, MAX_NAMES))
