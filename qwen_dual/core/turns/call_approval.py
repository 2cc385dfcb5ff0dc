"""Whether the calls of an agent may run: judged, and where they must ask, answered by whoever is first.

The one way to a call that may run is ``CallApproval.obtain``, which returns it; all else raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.tools.tool import DecidedCall, NotAllowed, Shown, ToolResult
from qwen_dual.core.turns.previews import planned_preview
from qwen_dual.core.turns.refusals import CHANGED_TOO
from qwen_dual.core.turns.verdicts import Verdicts
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.permissions.approvals import Approvals, Decision
    from qwen_dual.core.permissions.judge import Judge
    from qwen_dual.core.tools.tool import Call
    from qwen_dual.core.tools.tool_context import Services
    from qwen_dual.core.turns.call_input import CallInput
    from qwen_dual.core.turns.hook_slot import HookSlot
    from qwen_dual.core.turns.hooked_calls import CallHooks
    from qwen_dual.core.turns.requested_run import RequestedRun
    from qwen_dual.protocol.events import Event


class CallRefused(Exception):
    """A call that cannot be run, or that nobody could allow.

    Attributes:
        result: what it comes to instead.
    """

    def __init__(self, result: ToolResult) -> None:
        super().__init__(str(result.content))
        self.result = result


class CallApproval:
    """Obtains leave for the calls of one agent.

    Args:
        policy: decides what must ask.
        approvals: where it asks.
        call_input: takes what whoever is asked changes.
        services: what a call has of its session besides.
        publish: takes the event bodies.
        slot: who else has a say.
        agent: the call that the agent works for; None for the main agent.

    Attributes:
        stop: the answer that nothing more of the turn is to be done; None while nobody gave such a one.
    """

    def __init__(
        self,
        policy: Judge,
        approvals: Approvals,
        call_input: CallInput,
        services: Services,
        publish: Callable[[Event], object],
        slot: HookSlot,
        agent: str | None,
    ) -> None:
        self._policy = policy
        self._approvals = approvals
        self._input = call_input
        self._services = services
        self._publish = publish
        self._slot = slot
        self._agent = agent
        self._hooked: CallHooks | None = None
        self._verdicts = Verdicts(policy, call_input, services, publish, self._stop_with, agent)
        self.stop: Decision | None = None

    @property
    def hooks(self) -> CallHooks | None:
        """What hooks have to do with calls; None without any, and then nothing of it is imported."""
        if self._hooked is None and self._slot.current is not None:
            from qwen_dual.core.turns.hooked_calls import CallHooks

            self._hooked = CallHooks(self._slot, self._policy, self._approvals, self._agent)
        return self._hooked

    async def obtain(self, job: RequestedRun, jobs: Sequence[RequestedRun]) -> Call:
        """The call that may run, which need not be the one that was asked for.

        Args:
            job: a call whose input was checked.
            jobs: all calls of its message.

        Raises:
            CallRefused: it cannot be run, or nobody could allow it.
            NotAllowed: whoever was asked said no.
            CannotBeDone: it turned out when it was to be shown.
        """
        if job.call is None or job.tool is None:
            raise CallRefused(job.refused)
        verdict = await self._verdicts.on(job, job.tool, job.call, self.hooks)
        while verdict.action == "ask":
            decision = await self.ask(job, job.call, jobs)
            if not decision.allowed:
                raise NotAllowed(decision)
            if isinstance(job.call, DecidedCall):
                job.call = job.call.decided(decision)
                break
            updated, before = decision.updated_input, job.call
            if updated is None or updated == job.requested.arguments:
                break
            await self._input.change(job, job.tool, updated, decision.by)
            if job.error:
                raise CallRefused(job.refused)
            verdict = await self._verdicts.on(job, job.tool, job.call, self.hooks, asked=True)
            answered = job.tool.kind == "question"  # then the input is an answer, not the arguments
            if not answered and job.requested.arguments is not updated:
                continue  # a hook has made something else of it, which nobody has allowed
            # What another process has made of it nobody has seen: the leave covers no more.
            unseen = not decision.by.at_keyboard and not answered
            if verdict.action == "ask" and not (
                unseen and self._policy.asks_for_more(job.tool, job.call, before)
            ):
                break
        if verdict.action == "refuse":
            job.forbidden = True
            shown = Shown(verdict.shown) if verdict.shown else None
            raise CallRefused(ToolResult(verdict.reason, is_error=True, shown=shown))
        return job.call

    async def ask(self, job: RequestedRun, call: Call, jobs: Sequence[RequestedRun]) -> Decision:
        """What whoever is first says of ``call``, which ``job`` is about; what lasts is remembered.

        Raises:
            CannotBeDone: nor need anybody be asked.
        """
        services = self._services
        preview = await planned_preview(job, call, jobs, services.room, services.scrub)
        job.previewed = preview is not None
        if self.stop is not None:
            return self.stop
        preview = job.remarked(call, preview)
        if (hooks := self.hooks) is None:
            job.pending = self._approvals.ask(job.request(call, preview), self._agent)
            decision = await job.pending.wait()
        else:
            request = job.request(call, preview)
            job.pending = self._approvals.ask(request, self._agent, undecided=True)
            async with anyio.create_task_group() as group:
                group.start_soon(hooks.answer, job, call, job.pending)
                decision = await job.pending.wait()
                group.cancel_scope.cancel()
        job.pending = None
        if decision.allowed and decision.by.kind != "policy":
            services.person_decided()
        if decision.allowed and decision.remember is not None:
            if decision.updated_input not in (None, job.requested.arguments):
                self._publish(events.notice(CHANGED_TOO, "warning"))
            else:
                for rule in job.rules:
                    services.remember(rule, decision.remember, decision.by)
        return decision

    async def ask_on_the_way(
        self, job: RequestedRun, about: Call, jobs: Sequence[RequestedRun]
    ) -> Decision:
        """Asks about what the running ``job`` has come upon; nobody's room is taken meanwhile."""
        assert job.tool is not None
        call, rules, running = job.call, job.rules, self._services.room.running
        self._input.take(job, job.tool, about)
        running.release()
        try:
            return await self.ask(job, about, jobs)
        finally:
            job.call, job.rules = call, rules
            with anyio.CancelScope(shield=True):
                await running.acquire()

    def _stop_with(self, decision: Decision) -> None:
        self.stop = decision
