"""Files of agents as they are made and changed here. What is written is read back first."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.definitions.agents import agent_of
from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.front_matter import parse_front_matter
from qwen_dual.fs.folders import ForeignFileError, enter_real
from qwen_dual.fs.reasons import reason
from qwen_dual.fs.replace import replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.definitions.agents import AgentDefinition
    from qwen_dual.definitions.places import Source

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a new agent may be called: its file has the same name."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+)*")
"""Text that is itself in YAML, without quotes."""

_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


class NewAgent(Struct, frozen=True):
    """What somebody wants an agent to be.

    Attributes:
        name: matches ``NAME``.
        description: when to use it.
        prompt: what it is told first.
        tools: their names; all where empty.
        model: a selector; the session's where empty.
        color: empty for none.
    """

    name: str
    description: str
    prompt: str
    tools: Sequence[str] = ()
    model: str = ""
    color: str = ""

    @property
    def text(self) -> str:
        """Its file."""
        lines = [f"name: {_scalar(self.name)}", f"description: {_scalar(self.description)}"]
        if self.tools:
            lines += ["tools:", *(f"  - {_scalar(tool)}" for tool in self.tools)]
        if self.model:
            lines.append(f"model: {_scalar(self.model)}")
        if self.color:
            lines.append(f"color: {self.color}")
        head = "\n".join(lines)
        return f"---\n{head}\n---\n\n{self.prompt.strip()}\n"


def file_of(folder: str, name: str) -> str:
    """The file of an agent in a folder of theirs."""
    return os.path.join(folder, f"{name}.md")


def check(text: str, path: str, source: Source) -> AgentDefinition:
    """The agent that ``text`` describes.

    Raises:
        DefinitionError: with the line of ``path`` that is wrong.
    """
    return agent_of(parse_front_matter(text, path), source)


def write(path: str, text: str, *, root: str | None, new: bool = False) -> None:
    """Makes ``text`` the content of an agent's file, in one step; missing folders are made.

    Args:
        path: absolute.
        text: all of it.
        root: the project's folder for a file of its own: no link may lie between the two; the
            person's own may be anywhere.
        new: there must be none yet.

    Raises:
        DefinitionError: it cannot be written; what was there is still there.
    """
    if new and os.path.lexists(path):
        raise DefinitionError(path, 0, "is there already; /agents edit changes it")
    try:
        replace_file(_real(path, root), text.encode("utf-8", "replace"))
    except OSError as error:
        raise DefinitionError(path, 0, _why("written", error)) from None


def remove(path: str, *, root: str | None) -> None:
    """Takes an agent's file away; ``root`` as for ``write``.

    Raises:
        DefinitionError: it cannot be.
    """
    try:
        folder, name = enter_real(_real(path, root))
        try:
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise DefinitionError(path, 0, _why("removed", error)) from None


def _real(path: str, root: str | None) -> str:
    if root is not None:  # whoever enters it step by step refuses links
        return os.path.join(os.path.realpath(root), os.path.relpath(path, root))
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _why(done: str, error: OSError) -> str:
    told = str(error) if isinstance(error, ForeignFileError) else reason(error)
    return f"cannot be {done}: {told}"


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
