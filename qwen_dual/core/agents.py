"""Sub-agents as the core and the tools know them: a task, who there is to do it, and how it is called.

What runs one is the room ``agents``; nothing of that is imported before a model asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tool import ToolResult
    from qwen_dual.core.tool_context import ToolContext
    from qwen_dual.protocol.shapes import TextBlock

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


class AgentTask(Struct, frozen=True):
    """What a model wants an agent to do.

    Attributes:
        prompt: all that the agent is told.
        description: the same in a few words, for people.
        agent: who is to do it.
        background: whether the call returns at once; None where the call says nothing.
    """

    prompt: str
    description: str
    agent: str = DEFAULT_AGENT
    background: bool | None = None


class Agents(Protocol):
    """Runs the agents of a session."""

    async def run(self, task: AgentTask, context: ToolContext) -> ToolResult:
        """Has ``task`` done, or begun where it runs in the background.

        Cancelled, it ends the agent before it lets go; ``partial`` then has what it had come to.

        Args:
            task: what is wanted.
            context: of the call that wants it.

        Raises:
            NotAllowed: the answer to a request of the agent's was to stop the whole turn.
        """
        ...

    def partial(self, call_id: str) -> ToolResult | None:
        """What the agent of a call had come to when it was ended; it is told once."""
        ...


class Beside(Protocol):
    """What goes on beside the turns of a session, such as agents in the background."""

    @property
    def pending(self) -> bool:
        """Whether there is anything to tell the model, or something to be waited for."""
        ...

    async def news(self) -> Sequence[TextBlock]:
        """What the model is told before its turn ends; nothing where there is nothing.

        It was told to everybody else by then. Where nobody is there to prompt the model again, it
        waits for what goes on.
        """
        ...


@runtime_checkable
class BeginsLanes(Protocol):
    """A tool whose calls have events of their own, told under the id of the call."""

    def lane_of(self, call_id: str) -> str:
        """The id for a call that the model named ``call_id``: one that no other lane has."""
        ...


@runtime_checkable
class OtherNames(Protocol):
    """A tool that models call by other names too.

    Attributes:
        other_names: those.
    """

    other_names: tuple[str, ...]
