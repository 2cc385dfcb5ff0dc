"""The sub-agents that are always there, as a model is told of them. What runs one is the room ``agents``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_AGENT: Final = "general-purpose"
"""Who does a task that names nobody."""

BUILT_IN: Final[Mapping[str, str]] = {
    DEFAULT_AGENT: (
        "For tasks of several steps that need any tool: research across many files, a change with "
        "its checks, a search whose right place is not known yet."
    ),
    "explore": (
        "Finds its way through code and reads only: where something is, how it works, what uses "
        "it. Say how thorough it is to be: quick, medium or very thorough."
    ),
    "plan": (
        "Reads only, and designs how a change is to be made: the files that matter, the steps in "
        "their order, what may go wrong."
    ),
}
"""The agents that are always there, and when to use each, for the model."""
