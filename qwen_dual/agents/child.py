"""One agent at work: its conversation, its turn in a lane of the session's events, and what comes of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Literal

import anyio
from msgspec import Struct

from qwen_dual.agents import endings
from qwen_dual.core.actor import INTERRUPT, Actor
from qwen_dual.core.conversation.context import ContextKeeper
from qwen_dual.core.conversation.conversation import Conversation
from qwen_dual.core.failures import describe
from qwen_dual.core.models.model import ModelError, TokenUsage
from qwen_dual.core.permissions.modes import Reminder
from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.core.tools.tool import NotAllowed, ToolResult
from qwen_dual.core.turns.hook_slot import HookSlot
from qwen_dual.core.turns.turn import Turn
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_block

if TYPE_CHECKING:
    from qwen_dual.agents.judge import AgentJudge
    from qwen_dual.agents.slots import Slot
    from qwen_dual.agents.spec import AgentSpec
    from qwen_dual.agents.toolbox import Toolbox
    from qwen_dual.core.models.model import Model
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.agent_tasks import AgentTask
    from qwen_dual.core.turns.hooks import HookedAgent
    from qwen_dual.protocol.events import Event

log = logging.getLogger(__name__)

State = Literal["waiting", "running", "completed", "failed", "stopped"]


class Equipment(Struct, frozen=True):
    """What one agent works with.

    Attributes:
        model: answers.
        system: what it is told first.
        tools: what it can call.
        judge: what of that may run.
        text_calls: whether calls that the model wrote as text are run.
    """

    model: Model
    system: str
    tools: Toolbox
    judge: AgentJudge
    text_calls: bool = False


class Child:
    """One agent, from its call until its result.

    Args:
        session: within which it works.
        spec: what it is.
        task: what it is to do.
        lane: the call that it works for, under which its events are told.
        parent: who called it; None for the main agent.
        slot: its own among those that work at a time.
        beside: whether it works in the background.

    Attributes:
        number: by which a person names it.
        state: what it is at.
        began: seconds since the epoch.
        ended: likewise; None while it works.
        calls: how many calls of tools it has made.
        usage: the tokens it took, once it has ended.
        result: what came of it, once it has ended.
        silent: whether nothing more of it is told, since its conversation is over.
        prompt: the uuid of the prompt in whose turn it was set to work; empty before the first.
        forgotten: whether the conversation went back to before that, so that the model knows nothing
            of it.
    """

    def __init__(
        self,
        session: Session,
        spec: AgentSpec,
        task: AgentTask,
        lane: str,
        *,
        number: int,
        parent: Child | None,
        slot: Slot,
        beside: bool,
    ) -> None:
        self.spec = spec
        self.task = task
        self.lane = lane
        self.number = number
        self.parent = parent
        self.slot = slot
        self.beside = beside
        self.depth: int = 1 if parent is None else parent.depth + 1
        self.state: State = "waiting"
        self.began = time.time()
        self.ended: float | None = None
        self.calls = 0
        self.usage = TokenUsage()
        self.result: ToolResult | None = None
        self._session = session
        self._bus = session.bus
        self._scope = anyio.CancelScope()
        self._stopped = False
        self.silent = False
        self.prompt = session.points.latest
        self.forgotten = False

    @property
    def task_id(self) -> str:
        """How the model and hosts name it."""
        return f"{self.spec.name}-{self.lane}"

    @property
    def at_work(self) -> bool:
        """Whether it has not ended."""
        return self.ended is None

    def works_for(self, other: Child) -> bool:
        """Whether it is ``other``, or was set to work by it or by one of those it set to work."""
        return self is other or (self.parent is not None and self.parent.works_for(other))

    def stop(self, *, quietly: bool = False) -> None:
        """Ends it alone; with ``quietly`` nothing more of it is told."""
        self._stopped = True
        self.silent = self.silent or quietly
        self._scope.cancel()

    def publish(self, body: Event) -> object:
        """Tells an event of its lane."""
        if not self.silent:
            if body["type"] == "assistant":
                content = body["message"]["content"]
                self.calls += sum(block["type"] == "tool_use" for block in content)
            self._bus.publish(body, self.lane)
        return None

    async def run(self, equipment: Equipment) -> ToolResult:
        """Does the task; the result stands in ``result`` too, when it is cancelled as well.

        Raises:
            NotAllowed: a person wants nothing more to be done in the turn.
        """
        slot = HookSlot(self._session.hooks, self._hooked(equipment))
        with self._session.calls.of_agent(
            self.lane, equipment.tools, equipment.judge, slot, self.publish
        ) as calls:
            conversation, turn_id = Conversation(), events.new_uuid()
            context = ContextKeeper(conversation, self.publish, lambda _: None)
            context.meter, context.lane = self._session.services.meter, self.lane
            context.meter.agents[self.lane] = self.spec.name
            tools = equipment.tools.offered
            context.remind = Reminder(lambda: equipment.judge.mode, lambda: turn_id, tools)
            turn = Turn(
                Prompt(self.task.prompt, Actor("agent", self.spec.name)),
                turn_id=turn_id,
                model=equipment.model,
                context=context,
                tools=tools,
                calls=calls,
                publish=self.publish,
                bus=self._bus,
                set_state=lambda _: None,
                max_turns=self.spec.max_turns,
                text_calls=equipment.text_calls,
            )
            why = endings.INTERRUPTED
            try:
                why = await self._bounded(turn, equipment.system, slot)
            finally:
                turn.close_open()
                self._end(turn, why)
        stop = calls.stopped_by
        if stop is not None and stop.by.kind != "hook" and not self.beside and not self._stopped:
            raise NotAllowed(stop)
        assert self.result is not None
        return self.result

    async def _bounded(self, turn: Turn, system: str, slot: HookSlot) -> str:
        """Has the turn run within its bounds; why it ended."""
        seconds = None if self.spec.max_minutes is None else self.spec.max_minutes * 60
        why = endings.STOPPED
        with self._scope:
            async with self.slot:
                self.state = "running"
                with anyio.move_on_after(seconds) as bound:
                    why = await self._work(turn, system, slot)
                if bound.cancelled_caught:
                    why = endings.TIMED_OUT
        return why if not self._stopped else endings.STOPPED

    async def _work(self, turn: Turn, system: str, slot: HookSlot) -> str:
        content = [text_block(self.task.prompt)]
        self.publish({"type": "user", "message": {"role": "user", "content": content}})
        try:
            hooks = slot.current
            if hooks is not None:
                said = await hooks.agent_begins()
                if said.stop is not None or said.decision == "deny":
                    who, why = said.stop or said.by, said.stop_reason or said.reason
                    turn.error = {"message": f"{who} did not let it begin: {why or 'no reason'}"}
                    return endings.FAILED
                content += [text_block(said.context)] if said.context else []
            return await turn.run(content, system)
        except Exception as error:
            log.exception("the agent %s failed", self.spec.name)
            turn.fail(ModelError(f"internal error: {describe(error)}"))
            return endings.FAILED

    def _end(self, turn: Turn, why: str) -> None:
        self._session.approvals.deny(INTERRUPT, lambda pending: pending.agent == self.lane)
        self.ended = time.time()
        self.usage = TokenUsage(
            turn.usage["input_tokens"],
            turn.usage["output_tokens"],
            turn.usage["cache_read_input_tokens"],
        )
        self._session.services.spend(self.usage, [*map(self._mine, turn.denials)])
        self._session.services.meter.agents.pop(self.lane, None)
        problem = "" if turn.error is None else str(turn.error.get("message") or "")
        self.result = endings.result_of(self.spec, why, turn.final_text, problem)
        ended: State = "failed" if self.result.is_error else "completed"
        self.state = "stopped" if why in (endings.STOPPED, endings.INTERRUPTED) else ended

    def _mine(self, denial: dict[str, Any]) -> dict[str, Any]:
        """A call that was not allowed, as this agent's: others may have one of the same id."""
        return {**denial, "parent_tool_use_id": self.lane}

    def _hooked(self, equipment: Equipment) -> HookedAgent:
        from qwen_dual.core.turns.hooks import HookedAgent

        return HookedAgent(self.lane, self.spec.name, lambda: equipment.judge.mode)
