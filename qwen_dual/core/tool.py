"""What the core asks of a tool: check the arguments of a call, say what it will do, run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.protocol.shapes import Preview, Suggestion

Kind = Literal["read", "edit", "execute", "plan"]
"""What a call may change: nothing; files; anything; only the agent's own notes (todo)."""


class InvalidArguments(ValueError):
    """Arguments that a tool cannot use; the text goes back to the model."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the model gets; the session bounds ``text`` for the wire."""

    text: str
    is_error: bool = False


class Call(Protocol):
    """One checked call of a tool."""

    @property
    def title(self) -> str:
        """The essential argument in one line: the command, or the path."""
        ...

    @property
    def outside(self) -> str | None:
        """The path outside the workspace that this call touches, else None."""
        ...

    @property
    def suggestions(self) -> Sequence[Suggestion]:
        """The ways to answer, as the wire lists them."""
        ...

    async def preview(self) -> Preview | None:
        """What will happen, made for reading (a diff, the command); bounded."""
        ...

    async def run(self, report: Callable[[str], None]) -> ToolResult:
        """Does it. ``report`` takes live output, at any rate, from the loop's own thread.

        A failure that the model can act on is a result with ``is_error``. Cancelled, it undoes
        or ends what it started (a process group, a temporary file) before it lets go.
        """
        ...


class Tool(Protocol):
    """One tool of the agent."""

    name: str
    description: str
    kind: Kind

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON Schema of the arguments."""
        ...

    def prepare(self, arguments: Mapping[str, Any]) -> Call:
        """Checks ``arguments``.

        Raises:
            InvalidArguments: says which argument, which value, and what was expected.
        """
        ...
