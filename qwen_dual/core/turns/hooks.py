"""Where others have a say in a session, and what they may say: the points at which it waits for hooks.

Before a prompt (and before a command becomes one), before a call (and while it asks for leave), after
calls, around a change of the list of to-dos, at the end of a turn. What a hook is, and how it is run, ``qwen_dual.hooks`` knows; what becomes of what it says,
the core decides: it may forbid anything, and allow only what no rule and no guard stands before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct

from qwen_dual.core.actor import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.protocol.shapes import Suggestion

MOST_BLOCKED_ENDS = 8
"""How often in a row the end of a turn may be put off, unless the settings say otherwise."""

PROMPT_CONTEXT = "<qwen:user-prompt-submit-context>\n{}\n</qwen:user-prompt-submit-context>"
"""What the model is told with a prompt that the person did not say; no bracket is left in it."""


class HookSaid(Struct, frozen=True):
    """What the hooks of one moment came to, the strictest of them first.

    Attributes:
        decision: ``deny`` also where a prompt, a result or the end of a turn was blocked; empty where
            nobody decided.
        by: who decided.
        reason: why, for the model where it was denied, for the person where it is to be asked.
        updated_input: what a call is to run with instead; None where nobody changed it.
        changed_by: who changed it.
        context: what the model is told besides, with who says so.
        stop: who wants nothing more to be done in this turn; None for nobody.
        stop_reason: why.
    """

    decision: Literal["", "allow", "ask", "deny"] = ""
    by: Actor = Actor("hook")
    reason: str = ""
    updated_input: dict[str, Any] | None = None
    changed_by: Actor = Actor("hook")
    context: str = ""
    stop: Actor | None = None
    stop_reason: str = ""


NOTHING = HookSaid()


class HookedCall(Struct, frozen=True):
    """A call, as hooks are told of it."""

    tool_name: str
    tool_use_id: str
    tool_input: dict[str, Any]
    agent: str | None = None


class Listed(Struct, frozen=True):
    """One item of the list of to-dos, as hooks are told of it."""

    id: str
    content: str
    status: str


class TodoChange(Struct, frozen=True):
    """What becomes of one item of the list.

    Attributes:
        item: as it is to be.
        before: the status that it had; None for one that is new.
    """

    item: Listed
    before: str | None


class HookedAgent(Struct, frozen=True):
    """A sub-agent, as hooks are told of it.

    Attributes:
        id: the call that it works for.
        type: which one it is.
        mode: the approval mode that it works in, now.
    """

    id: str
    type: str
    mode: Callable[[], str]


class Hooks(Protocol):
    """All hooks of a session. None of its methods raises, and each ends: what hangs is ended.

    Cancelled, they end what they have started before they let go.

    Attributes:
        most_blocked_ends: how often in a row ``before_end`` is heard.
    """

    most_blocked_ends: int

    def of_agent(self, agent: HookedAgent) -> Hooks:
        """The same hooks, as they are told of what a sub-agent does."""
        ...

    async def agent_begins(self) -> HookSaid:
        """The sub-agent that they are told of begins, and its model has not been sent anything."""
        ...

    async def before_prompt(self, text: str) -> HookSaid:
        """Somebody submitted ``text``, and the model has not been sent it."""
        ...

    async def before_expansion(self, command: str, arguments: str, text: str) -> HookSaid:
        """A slash command has become a prompt, which has not been sent.

        Args:
            command: its name, without the slash.
            arguments: what stood behind the name.
            text: the prompt in words.
        """
        ...

    async def before_call(self, call: HookedCall) -> HookSaid:
        """The model wants ``call``, and no rule forbids it."""
        ...

    async def denied(self, call: HookedCall, reason: str) -> None:
        """A model that judges calls denied ``call``; nothing that is said of it counts.

        Args:
            call: as it was judged.
            reason: ``classifier_blocked``, or ``classifier_unavailable``.
        """
        ...

    async def before_todos(
        self, changes: Sequence[TodoChange], todos: Sequence[Listed], agent: str | None
    ) -> HookSaid:
        """The list of to-dos is to change; a no keeps it as it was.

        Args:
            changes: the items that are new or done.
            todos: the list as it is to be.
            agent: whose list it is; None for the main agent.
        """
        ...

    async def after_todos(
        self, changes: Sequence[TodoChange], todos: Sequence[Listed], agent: str | None
    ) -> None:
        """It has changed; nothing that is said of it counts."""
        ...

    async def on_request(self, call: HookedCall, suggestions: Sequence[Suggestion]) -> HookSaid:
        """Somebody is being asked whether ``call`` may run; the first answer counts."""
        ...

    async def after_call(
        self, call: HookedCall, result: ToolResult, seconds: float | None
    ) -> HookSaid:
        """``call`` has run; its result has not been told.

        Args:
            call: as it ran.
            result: what it came to.
            seconds: how long it ran.
        """
        ...

    async def after_calls(self, calls: Sequence[tuple[HookedCall, ToolResult]]) -> HookSaid:
        """All calls of a message have their results, and the model has not been sent them."""
        ...

    async def before_end(self, text: str, *, again: bool) -> HookSaid:
        """The model is done.

        Args:
            text: its last words.
            again: whether it goes on only because the end was put off before.
        """
        ...
