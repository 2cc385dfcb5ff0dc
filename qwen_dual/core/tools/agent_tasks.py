"""What the core and the tools know of sub-agents at work: a task, and who has it done.

Nothing of this is imported before a model asks for one; what there is, ``agents`` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from qwen_dual.core.tools.agents import DEFAULT_AGENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import TextBlock


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
