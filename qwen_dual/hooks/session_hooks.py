"""The points at which the core waits for hooks: what each is told, and what is made of what they say."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Final

import anyio
from msgspec import to_builtins
from msgspec.structs import replace

from qwen_dual.core.turns.hooks import MOST_BLOCKED_ENDS, NOTHING, PROMPT_CONTEXT
from qwen_dual.hooks.combine import combined
from qwen_dual.hooks.inputs import of_batch, of_call, of_response, of_todo
from qwen_dual.protocol.blocks import text_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.core.turns.hooks import HookedAgent, HookedCall, HookSaid, Listed, TodoChange
    from qwen_dual.hooks.display import Displayed
    from qwen_dual.hooks.engine import Engine
    from qwen_dual.hooks.inputs import Facts
    from qwen_dual.hooks.output import HookOutput
    from qwen_dual.protocol.shapes import Suggestion

BATCH_SECONDS: Final = 15
"""How long hooks may take over all calls of a message."""

MAX_EXPANSION_CONTEXT: Final = 10_000
"""Characters that all hooks together may add to the prompt of a command."""

MAX_WAITING_CONTEXT: Final = 40_000
"""Characters that wait to be told with the next prompt."""


class SessionHooks:
    """``core.turns.hooks.Hooks`` for one session.

    Args:
        engine: runs them.
        facts: what each input says.
        names: what a tool is called besides, for matchers.
        usage: how full the model's window is, as fields of ``Stop``.
        came_by: how the session that goes on came about: ``clear`` or ``resume``.

    Attributes:
        most_blocked_ends: how often in a row the end of a turn may be put off.
        engine: runs them.
        facts: what each input says.
        displayed: what tells of the model's words, once a hook is there for them.
        agent: the sub-agent that they are told of; None for the main one.
    """

    def __init__(
        self,
        engine: Engine,
        facts: Facts,
        names: Callable[[str], Iterable[str]],
        usage: Callable[[], Mapping[str, Any]],
        came_by: Callable[[], str],
    ) -> None:
        self.most_blocked_ends = MOST_BLOCKED_ENDS
        self.engine = engine
        self.displayed: Displayed | None = None
        self.facts = facts
        self._names = names
        self._usage = usage
        self.came_by = came_by
        self.agent: HookedAgent | None = None
        self._pending: list[tuple[str, str]] = []
        self._starting = anyio.Lock()
        self._waiting: list[str] = []

    def of_agent(self, agent: HookedAgent) -> SessionHooks:
        """The same hooks, as they are told of what a sub-agent does."""
        of_agent = copy(self)
        of_agent.agent = agent
        of_agent.facts = replace(self.facts, mode=agent.mode, agent_type=agent.type)
        return of_agent

    # -- the points --------------------------------------------------------------------------

    async def before_prompt(self, text: str) -> HookSaid:
        """``UserPromptSubmit``, after what the session's start has to say."""
        await self._start()
        told = self.facts.of("UserPromptSubmit", prompt=text, submitted_prompt=text)
        said = combined(await self.engine.run("UserPromptSubmit", told))
        if said.decision == "deny" or said.stop is not None:
            return said
        context = "\n\n".join(filter(None, (*self._waiting, said.context)))
        self._waiting.clear()
        marked = PROMPT_CONTEXT.format(without_brackets(context)) if context else ""
        return replace(said, context=marked)

    async def before_expansion(self, command: str, arguments: str, text: str) -> HookSaid:
        """``UserPromptExpansion``."""
        if not self.engine.has("UserPromptExpansion"):
            return NOTHING
        told = self.facts.of(
            "UserPromptExpansion", command_name=command, command_args=arguments, prompt=text
        )
        said = combined(await self.engine.run("UserPromptExpansion", told, (command,)))
        context = without_brackets(said.context.replace("&", "&amp;"))[:MAX_EXPANSION_CONTEXT]
        return replace(said, context=context)

    async def agent_begins(self) -> HookSaid:
        """``SubagentStart``."""
        if self.agent is None or not self.engine.has("SubagentStart"):
            return NOTHING
        told = self.facts.of("SubagentStart", self.agent.id)
        ran = await self.engine.run("SubagentStart", told, (self.agent.type,), agent=self.agent.id)
        said = combined(ran)
        marked = PROMPT_CONTEXT.format(without_brackets(said.context)) if said.context else ""
        return replace(said, context=marked)

    async def before_call(self, call: HookedCall) -> HookSaid:
        """``PreToolUse``."""
        return await self._about("PreToolUse", call)

    async def denied(self, call: HookedCall, reason: str) -> None:
        """``PermissionDenied``."""
        await self._about("PermissionDenied", call, reason=reason)

    async def before_todos(
        self, changes: Sequence[TodoChange], todos: Sequence[Listed], agent: str | None
    ) -> HookSaid:
        """``TodoCreated`` and ``TodoCompleted``, before the list is kept."""
        said = combined(await self._of_todos(changes, todos, agent, "validation"))
        return replace(said, context=without_brackets(said.context))

    async def after_todos(
        self, changes: Sequence[TodoChange], todos: Sequence[Listed], agent: str | None
    ) -> None:
        """The same, once it is."""
        await self._of_todos(changes, todos, agent, "postWrite")

    async def on_request(self, call: HookedCall, suggestions: Sequence[Suggestion]) -> HookSaid:
        """``PermissionRequest``."""
        return await self._about(
            "PermissionRequest", call, permission_suggestions=list(suggestions)
        )

    async def after_call(
        self, call: HookedCall, result: ToolResult, seconds: float | None
    ) -> HookSaid:
        """``PostToolUse``, or ``PostToolUseFailure``."""
        took = {} if seconds is None else {"duration_ms": round(seconds * 1000)}
        if result.is_error:
            error = text_in(result.content)
            return await self._about(
                "PostToolUseFailure", call, error=error, is_interrupt=False, **took
            )
        return await self._about("PostToolUse", call, tool_response=of_response(result), **took)

    async def after_calls(self, calls: Sequence[tuple[HookedCall, ToolResult]]) -> HookSaid:
        """``PostToolBatch``."""
        if not self.engine.has("PostToolBatch"):
            return NOTHING
        told = self.facts.of("PostToolBatch", calls[0][0].agent, tool_calls=of_batch(calls))
        said: list[HookOutput] = []
        with anyio.move_on_after(BATCH_SECONDS):
            said = await self.engine.run("PostToolBatch", told)
        return combined(said)

    async def before_end(self, text: str, *, again: bool) -> HookSaid:
        """``Stop``, after those of ``MessageDisplay`` have heard the last words; ``SubagentStop``."""
        if self.agent is not None:
            return await self._before_agent_ends(self.agent, text, again=again)
        if self.displayed is not None:
            await self.displayed.heard()
        if not self.engine.has("Stop"):
            return NOTHING
        told = self.facts.of(
            "Stop",
            stop_hook_active=again,
            last_assistant_message=text,
            background_tasks=[],
            crons=[],
            **self._usage(),
        )
        return combined(await self.engine.run("Stop", told))

    # -- what begins and ends ----------------------------------------------------------------

    def session_start(self, source: str, model: str) -> None:
        """``SessionStart``; what it has to say goes with the next prompt, which waits for it.

        Args:
            source: how it came about; empty where that shows only when the conversation is there.
            model: the name of the one in force.
        """
        if self.engine.has("SessionStart"):
            self._pending.append((source, model))
            self.engine.spawn(self._start)

    async def _start(self) -> None:
        async with self._starting:
            while self._pending:
                source, model = self._pending.pop(0)
                source = source or self.came_by()
                told = self.facts.of("SessionStart", source=source, model=model)
                said = combined(await self.engine.run("SessionStart", told, (source,)))
                self.add_context(said.context)

    async def notify(self, event: str, about: str, **fields: Any) -> None:
        """Runs the hooks of an event that only hear of it.

        Args:
            event: its name.
            about: what matchers are held against; empty where all hooks run.
            fields: of its input, those too in which it differs from the session as it is now.
        """
        if self.engine.has(event):
            told = {**self.facts.of(event), **fields}
            await self.engine.run(event, told, (about,) if about else (), heard=False)

    def forget(self) -> None:
        """Another conversation begins: what waits was for the one before."""
        self._waiting.clear()

    def add_context(self, context: str) -> None:
        """Has the model told something with the next prompt."""
        if context and sum(map(len, self._waiting)) + len(context) <= MAX_WAITING_CONTEXT:
            self._waiting.append(context)

    async def _of_todos(
        self,
        changes: Sequence[TodoChange],
        todos: Sequence[Listed],
        agent: str | None,
        phase: str,
    ) -> list[HookOutput]:
        """What the hooks of all changes say, one after the other: the first no is enough."""
        every = [to_builtins(item) for item in todos]
        found: list[HookOutput] = []
        for change in changes:
            event = "TodoCreated" if change.before is None else "TodoCompleted"
            if not self.engine.has(event):
                continue
            told = self.facts.of(event, agent, **of_todo(change), all_todos=every, phase=phase)
            heard = phase == "validation"
            found += await self.engine.run(event, told, agent=agent, heard=heard)
            if heard and any(one.decision == "deny" or one.stop for one in found):
                break
        return found

    async def _before_agent_ends(self, agent: HookedAgent, text: str, *, again: bool) -> HookSaid:
        if not self.engine.has("SubagentStop"):
            return NOTHING
        told = self.facts.of(
            "SubagentStop",
            agent.id,
            stop_hook_active=again,
            last_assistant_message=text,
            agent_transcript_path=self.facts.agent_transcript(agent.id),
            background_tasks=[],
            crons=[],
        )
        ran = await self.engine.run("SubagentStop", told, (agent.type,), agent=agent.id)
        return combined(ran)

    async def _about(self, event: str, call: HookedCall, **more: Any) -> HookSaid:
        if not self.engine.has(event):
            return NOTHING
        told = self.facts.of(event, call.agent, **of_call(call), **more)
        names = (call.tool_name, *self._names(call.tool_name))
        return combined(await self.engine.run(event, told, names, agent=call.agent))


def without_brackets(text: str) -> str:
    """``text`` that can neither end nor begin a tag of ours."""
    return text.replace("<", "&lt;").replace(">", "&gt;")
