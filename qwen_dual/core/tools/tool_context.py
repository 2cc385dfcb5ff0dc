"""What a call of a tool gets while it runs: who it is, and the ways to everybody else.

There is one for each call. A tool is made for a workspace; whatever belongs to the session or to the
call (its events, its questions, the model) reaches it by this alone, so that the same tool serves a
session, an agent within one, and a command that a person entered.
"""

from __future__ import annotations

import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct, field

from qwen_dual.core.models.metering import Meter
from qwen_dual.core.models.model import ModelRequest, TokenUsage
from qwen_dual.core.tools.room import Room
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from typing import Any

    from anyio.abc import TaskGroup

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.models.model import Model, RetryWait
    from qwen_dual.core.permissions.approvals import Decision
    from qwen_dual.core.permissions.auto_judge import AutoJudge
    from qwen_dual.core.tools.agent_tasks import Beside
    from qwen_dual.core.tools.ports import Keeper
    from qwen_dual.core.tools.tool import Call, Kind, ToolResult
    from qwen_dual.core.turns.hooks import Hooks
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Message

log = logging.getLogger(__name__)


class ToolContext(Struct, frozen=True):
    """What reaches ``Call.run``.

    Attributes:
        call_id: the call, as events name it (``tool_use_id``).
        agent: the call that the agent works for which made this one; None for the main agent.
        report: takes the latest lines of the call's output, at any rate, each time anew.
        publish: takes the body of an event about the call, which is told in its agent's lane.
        ask: asks whoever answers about what only now turned out to be needed: a call that is shown
            but not run. What is answered is the tool's to follow: it goes on, does without, or
            raises ``NotAllowed``.
        ask_model: one answer of the model in force, outside of the conversation, given what it is
            to be (the system prompt) and a prompt; raises ``ModelError``.
        spawn: begins work that goes on beside the call, and after its result; the session cancels
            it when it ends, and a failure of it ends nothing else.
        hooks: who has a say in what it does beyond the call itself; None without any.
        began: when the call was told to run, by ``time.monotonic``: it may be looked around first.
    """

    call_id: str
    agent: str | None
    report: Callable[[str], object]
    publish: Callable[[Event], object]
    ask: Callable[[Call], Awaitable[Decision]]
    ask_model: Callable[[str, str], Awaitable[str]]
    spawn: Callable[[Callable[[], Awaitable[object]]], object]
    hooks: Hooks | None = None
    began: float = field(default_factory=time.monotonic)


class Services:
    """What the calls of a session have of it besides its events and questions.

    Args:
        model: the one in force.
        publish: takes the body of an event.
        meter: counts what models take; without it one of its own.

    Attributes:
        beside: what goes on beside its turns, of which the model is told; None as long as nothing did.
        stop_agent: ends the agent that works for a call alone; False where none does.
        keeper: gives what keeps what a call may change, as soon as one may; None where nothing does.
        judge: gives what judges calls in auto mode.
        person_decided: called when somebody allowed a call.
        remember: called with a rule, the scope that an answer asked for, and who answered.
        scrub: takes secrets out of what a tool printed.
        room: for how many of them there is room at a time, whichever agent's they are.
    """

    def __init__(
        self,
        model: Callable[[], Model],
        publish: Callable[[Event], object],
        meter: Meter | None = None,
    ) -> None:
        self.meter = meter or Meter()
        self.keeper: Callable[[], Keeper | None] = lambda: None
        self._model = model
        self._publish = publish
        self.judge: Callable[[], AutoJudge | None] = lambda: None
        self.person_decided: Callable[[], object] = lambda: None
        self.remember: Callable[[str, str, Actor], object] = lambda rule, scope, by: None
        self.scrub: Callable[[str], str] = str
        self.room = Room()
        self._group: TaskGroup | None = None
        self._early: list[Callable[[], Awaitable[object]]] | None = []  # None once it has run
        self._spent = TokenUsage()
        self._denied: list[dict[str, Any]] = []
        self.beside: Beside | None = None
        self.stop_agent: Callable[[str], bool] = lambda call_id: False

    def spend(self, usage: TokenUsage, denials: Sequence[dict[str, Any]] = ()) -> None:
        """Counts what an agent took and was not allowed, for the turn that runs, or the next one."""
        self._spent = self._spent.plus(usage)
        self._denied += denials

    def take_spent(self) -> tuple[TokenUsage, Sequence[dict[str, Any]]]:
        """What agents took, and were not allowed, since this was called last."""
        found = (self._spent, self._denied)
        self._spent, self._denied = TokenUsage(), []
        return found

    @property
    def active(self) -> bool:
        """Whether the session runs, so that work can be spawned."""
        return self._group is not None

    async def ask_model(self, system: str, prompt: str, purpose: str = "tool") -> str:
        """One answer of the model in force, kept nowhere; its tokens and further tries are told.

        Args:
            system: what the model is to be.
            prompt: what it is asked.
            purpose: ``tool`` or ``hook``, for whoever counts.

        Raises:
            ModelError: there is none.
        """
        from qwen_dual.core.models.single_answer import SingleAnswer  # not for the start

        asked: Message = {"role": "user", "content": [{"type": "text", "text": prompt}]}
        model, answer = self._model(), SingleAnswer()
        try:
            await answer.read(model, ModelRequest(system, [asked]), self._publish_wait)
        finally:
            if answer.usage != TokenUsage():
                self._publish(events.side_call(purpose, model.name, answer.usage.fields()))
                self._publish(self.meter.count(model.name, answer.usage))
        return answer.text

    def _publish_wait(self, wait: RetryWait) -> None:
        self._publish(events.system("model_retry", wait.fields()))

    async def run(self, kind: Kind, call: Call, context: ToolContext) -> ToolResult:
        """Runs ``call``, of a tool of this kind; what it may change is kept first."""
        keeper = self.keeper() if kind in ("edit", "execute") else None
        if keeper is None:
            return await call.run(context)
        async with keeper.keeping(call):
            return await call.run(context)

    def spawn(self, work: Callable[[], Awaitable[object]]) -> None:
        """Begins ``work``, as soon as the session runs; after that nothing is begun."""
        if self._group is not None:
            self._group.start_soon(_supervised, work)
        elif self._early is not None:  # a command may come before the session's task has begun
            self._early.append(work)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this is entered, work can be spawned; what is left of it is cancelled after."""
        async with anyio.create_task_group() as self._group:
            early, self._early = self._early or (), None
            for work in early:
                self.spawn(work)
            try:
                yield
            finally:
                self._group.cancel_scope.cancel()
                self._group = None


async def _supervised(work: Callable[[], Awaitable[object]]) -> None:
    try:
        await work()
    except Exception:
        log.exception("what a call had begun failed")
