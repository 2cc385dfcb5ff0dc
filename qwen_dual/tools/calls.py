"""What the calls of all tools share: the ways to answer, threads, and failures as results.

Blocking work runs in a thread. Work that only reads is abandoned when its call is cancelled, and
told so through an event, so that neither a dead network disk nor a large tree holds up the turn.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import to_thread

from qwen_dual.core.tools.tool import Shown, ToolResult
from qwen_dual.fs.reasons import reason
from qwen_dual.protocol.visible import visible, visible_line
from qwen_dual.tools.workspace import ToolFailure, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.tools.tool import Subject
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview, ResultContent, Suggestion

    Work = Callable[[threading.Event], ResultContent | ToolResult]

T = TypeVar("T")


class SchemaTool:
    """A tool whose parameters are the model of the same name in ``parameters``."""

    name: str
    _schema: Mapping[str, Any] | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON Schema of the arguments; read once."""
        if self._schema is None:
            from qwen_dual.tools.schemas import schema

            self._schema = schema(self.name)
        return self._schema


class ReadCall:
    """A call that changes nothing: its work is one function, run in a thread.

    Args:
        title: the essential argument in one line.
        what: names the access in the ways to answer, such as ``Read file: a.txt``.
        outside: the path outside the workspace, else None.
        subject: what is read, for the permission rules.
        work: gets an event that is set when nobody waits any more; returns the result, or its content.
    """

    def __init__(
        self, title: str, what: str, outside: str | None, subject: Subject, work: Work
    ) -> None:
        self.title = one_line(title)
        self.outside = outside
        self.subject = subject
        self.suggestions: Sequence[Suggestion] = (
            {"type": "allow", "label": "Allow", "description": what},
            {"type": "deny", "label": "Deny", "description": "Block this access"},
        )
        self._what = what
        self._work = work

    async def preview(self) -> Preview | None:
        """Nothing where the title says it all; else what is read, exactly."""
        if self._what == visible_line(self._what):
            return None
        return {"kind": "text", "title": self.title, "text": self._what}

    async def run(self, context: ToolContext) -> ToolResult:
        """Does the work; ``context`` is not used."""
        try:
            content = await in_thread(self._work)
        except ToolFailure as failure:
            return failure_result(failure)
        if isinstance(content, ToolResult):
            return content
        return ToolResult(printable(content) if isinstance(content, str) else content)


def counted(text: str, count: int, one: str, many: str) -> ToolResult:
    """``text`` for the model, and for a person how many there are: ``12 matches``."""
    note = f"{count:,} {one if count == 1 else many}"
    return ToolResult(printable(text), shown=Shown(printable(text), note=note))


def failure_result(failure: ToolFailure) -> ToolResult:
    """What a call came to that failed."""
    shown = Shown(printable(failure.shown))
    return ToolResult(printable(str(failure)), is_error=True, shown=shown)


async def in_thread(work: Callable[[threading.Event], T]) -> T:
    """Runs ``work`` in a thread; the event it gets is set once the caller has gone."""
    gone = threading.Event()
    try:
        return await to_thread.run_sync(work, gone, abandon_on_cancel=True)
    finally:
        gone.set()


def one_line(text: str, limit: int = 200) -> str:
    """``text`` in one line of at most ``limit`` characters, with escapes for what hides in it."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def failed(doing: str, path: str, error: OSError) -> ToolFailure:
    """``doing`` failed on ``path``; a disk that is full and a missing right read alike."""
    hint = ""
    if isinstance(error, PermissionError):
        hint = f" (the agent runs as user id {os.geteuid()})"
    return ToolFailure(f"Could not {doing} {path}: {reason(error)}{hint}.")
