"""The keys of what the model is told of the folder, and which of its files are left out."""

from __future__ import annotations

from typing import Any, Final

from qwen_dual.settings.key import Key
from qwen_dual.settings.rules import BOOLEAN, NAMES
from qwen_dual.settings.stricter import still_on

CONTEXT_FILES = Key(
    "context.fileName",
    NAMES,
    None,
    legacy="contextFileName",
    doc="The context files' names; without it `QWEN.md` and `AGENTS.md`.",
)
RESPECT_GIT_IGNORE = Key(
    "context.fileFiltering.respectGitIgnore",
    BOOLEAN,
    default=True,
    legacy="fileFilteringRespectGitIgnore",
    stricter=still_on,
    doc="Leaves out what `.gitignore` names.",
)
RESPECT_QWEN_IGNORE = Key(
    "context.fileFiltering.respectQwenIgnore",
    BOOLEAN,
    default=True,
    legacy="fileFilteringRespectQwenIgnore",
    stricter=still_on,
    doc="Leaves out what `.qwenignore` names.",
)
RECURSIVE_FILE_SEARCH = Key(
    "context.fileFiltering.enableRecursiveFileSearch",
    BOOLEAN,
    default=True,
    legacy="fileFilteringEnableRecursive",
    doc="Whether `@` completes files in folders below.",
)

CONTEXT_KEYS: Final[tuple[Key[Any], ...]] = (
    *(CONTEXT_FILES, RESPECT_GIT_IGNORE, RESPECT_QWEN_IGNORE, RECURSIVE_FILE_SEARCH),
)
