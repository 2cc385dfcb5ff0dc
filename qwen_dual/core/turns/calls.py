"""Runs the tool calls of one message as far as ``call_approval`` lets it, and gives each call its result.

Consecutive calls of one kind form a batch; batches run in order, so that a read after a write sees
what was written. Within a batch calls run in parallel, but for edits, which go one at a time. When a
call of a batch was not allowed, the batches after it do not run: they were planned on top of it.

The supervisor of tools: whatever one raises becomes the result of its call, and the turn goes on.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

import anyio
from msgspec.structs import replace

from qwen_dual.core.actor import POLICY
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.tools.tool import (
    CannotBeDone,
    NotAllowed,
    Shown,
    ToolResult,
    only_mode_of,
    partial_of,
)
from qwen_dual.core.tools.tool_context import ToolContext
from qwen_dual.core.turns.hook_slot import HookSlot
from qwen_dual.core.turns.outcome import content_of, outcome_of
from qwen_dual.core.turns.previews import unseen_change
from qwen_dual.core.turns.progress import Progress
from qwen_dual.core.turns.refusals import INTERRUPTED, SKIPPED
from qwen_dual.core.turns.requested_run import RequestedRun, outcome_of_runs
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_in, with_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from qwen_dual.core.models.answer import RequestedCall
    from qwen_dual.core.permissions.approvals import Approvals
    from qwen_dual.core.permissions.judge import Judge
    from qwen_dual.core.tools.tool import Call, Tool
    from qwen_dual.core.tools.tool_context import Services
    from qwen_dual.core.turns.call_approval import CallApproval
    from qwen_dual.core.turns.call_input import CallInput
    from qwen_dual.core.turns.outcome import Outcome
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Preview

log = logging.getLogger(__name__)


class CallRunner:
    """Runs calls for a session; one instance serves all turns.

    Args:
        tools: by name.
        policy: decides what must ask.
        approvals: where it asks.
        publish: takes the event bodies.
        services: what a call has of its session besides.
        agent: the call that the agent works for whose calls these are; None for the main agent.
        hooks: who else has a say; nobody unless given.

    Attributes:
        jobs: the calls that ``run`` was given, and what became of each.
        hooks: who else has a say.
        besides: what a prompt needs leave for, which no model has called.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        policy: Judge,
        approvals: Approvals,
        publish: Callable[[Event], object],
        services: Services,
        agent: str | None = None,
        hooks: HookSlot | None = None,
    ) -> None:
        self._tools = tools
        self._policy = policy
        self._approvals = approvals
        self._publish = publish
        self._services = services
        self._agent = agent
        self.hooks = hooks or HookSlot()
        self._of_agents: list[CallRunner] = []
        self.jobs: list[RequestedRun] = []
        self.besides: list[RequestedRun] = []

    @cached_property
    def _input(self) -> CallInput:
        """What checks what calls are to run with: imported with the first of them."""
        from qwen_dual.core.turns.call_input import CallInput

        return CallInput(self._tools)

    @cached_property
    def _approval(self) -> CallApproval:
        """What says whether calls may run: imported with the first of them."""
        from qwen_dual.core.turns.call_approval import CallApproval

        of = (self._policy, self._approvals, self._input, self._services)
        return CallApproval(*of, self._publish, self.hooks, self._agent)

    @property
    def stopped_by(self) -> Decision | None:
        """Whose answer it was that nothing more is to be done; None while nobody gave such a one."""
        return self._approval.stop

    async def run(self, requested: Iterable[RequestedCall]) -> Outcome:
        """Runs all calls; every one gets exactly one ``tool_result`` event.

        Cancelled, it leaves the unfinished ones to ``abandon``.
        """
        self.jobs = [RequestedRun(call) for call in requested]
        self._approval.stop = None
        for job in self.jobs:
            await self._input.prepare(job)
        refused = False
        for _, batch in groupby(self.jobs, key=lambda job: job.lane):
            jobs = list(batch)
            if refused:
                for job in jobs:
                    self._finish(job, ToolResult(SKIPPED, is_error=True))
                continue
            async with anyio.create_task_group() as group:
                for job in jobs:
                    group.start_soon(self._run_one, job)
            refused = any(job.denied for job in jobs) or self._approval.stop is not None
        outcome = self._outcome()
        if (hooks := self._approval.hooks) is not None and not outcome.stopped:
            await hooks.after_all(self.jobs, outcome)
        return outcome

    def abandon(self) -> Outcome:
        """Gives every unfinished call a result that says it was interrupted."""
        for job in self.jobs:
            if job.result is None:
                partial = job.ran or partial_of(job.call)
                self._finish(job, partial or ToolResult(INTERRUPTED, is_error=True))
        return self._outcome()

    @property
    def last(self) -> RequestedRun:
        """The last of the calls that ``run`` was given, and what became of it."""
        return self.jobs[-1]

    def context(
        self,
        call_id: str,
        report: Callable[[str], object],
        ask: Callable[[Call], Awaitable[Decision]],
    ) -> ToolContext:
        """What reaches the call ``call_id``, whoever made it."""
        of, hooks = self._services, self.hooks.current
        return ToolContext(
            call_id, self._agent, report, self._publish, ask, of.ask_model, of.spawn, hooks
        )

    def recheck(self) -> None:
        """Resolves what the policy has come to allow, or to forbid, without anybody's answer."""
        for runner in self._of_agents:
            runner.recheck()
        for job in (*self.jobs, *self.besides):
            if job.pending is None or job.tool is None or job.call is None:
                continue
            verdict = self._policy.judge(job.tool, job.call)
            over = verdict.action == "refuse" and bool(only_mode_of(job.tool))
            if verdict.action == "allow" or over:
                decision = Decision(not over, POLICY, verdict.reason or None)
                self._approvals.resolve(job.pending.request_id, decision)

    @contextmanager
    def of_agent(
        self,
        agent: str,
        tools: Mapping[str, Tool],
        policy: Judge,
        hooks: HookSlot,
        publish: Callable[[Event], object],
    ) -> Iterator[CallRunner]:
        """What runs the calls of the agent that works for ``agent``, as long as it does.

        It asks where this one asks, what is remembered there counts for both, and both have one room.
        """
        runner = CallRunner(tools, policy, self._approvals, publish, self._services, agent, hooks)
        self._of_agents.append(runner)
        try:
            yield runner
        finally:
            self._of_agents.remove(runner)

    async def _run_one(self, job: RequestedRun) -> None:
        try:
            await self._run_approved(job)
        except CannotBeDone as error:
            self._finish(job, ToolResult(str(error), is_error=True, shown=Shown(error.shown)))
        except Exception as error:
            log.exception("%s failed", job.requested.name)
            if job.result is None:
                await self._finish_heard(job, ToolResult(job.failed(error), is_error=True))

    async def _run_approved(self, job: RequestedRun) -> None:
        from qwen_dual.core.turns.call_approval import CallRefused

        try:
            call = await self._approval.obtain(job, self.jobs)
            result = await self._run_shown(job, call)
        except CallRefused as refused:
            self._finish(job, refused.result)
        except NotAllowed as refused:
            self._deny(job, refused.decision)
        else:
            content = with_text(result.content, before=job.changes)
            await self._finish_heard(job, replace(result, content=content))

    async def _finish_heard(self, job: RequestedRun, result: ToolResult) -> None:
        """Tells the result of a call that ran, once hooks have had their say of it."""
        job.ran = result
        if job.began is not None and (hooks := self._approval.hooks) is not None:
            job.took = time.monotonic() - job.began
            result, said = await hooks.after(job, result)
            if said.stop is not None:
                stop = Decision(False, said.stop, said.stop_reason or None, stop=True)
                self._approval.stop = stop
        self._finish(job, result)

    def _deny(self, job: RequestedRun, decision: Decision) -> None:
        job.denied = True
        job.reason = decision.message
        if decision.stop:
            self._approval.stop = decision
        self._finish(job, ToolResult(job.refusal(decision), is_error=True))

    async def _run_shown(self, job: RequestedRun, call: Call) -> ToolResult:
        """Runs ``call``, of the tool of ``job``, while its progress is shown."""
        assert job.tool is not None
        progress = Progress(job.requested.id, job.requested.name, self._publish)
        stopped: NotAllowed | CannotBeDone | None = None
        result = ToolResult("")
        async with self._services.room.of(job.tool.kind), anyio.create_task_group() as group:
            group.start_soon(progress.run)
            try:
                result = await self._started(job, call, progress)
            except (NotAllowed, CannotBeDone) as error:  # through the group it would be wrapped
                stopped = error
            group.cancel_scope.cancel()
        if stopped is not None:
            raise stopped
        return result

    async def _started(self, job: RequestedRun, call: Call, progress: Progress) -> ToolResult:
        async def ask(about: Call) -> Decision:
            decision = await self._approval.ask_on_the_way(job, about, self.jobs)
            if decision.allowed:
                self._publish_start(job, about)
            return decision

        self._publish_start(job, call, await unseen_change(job, call))
        assert job.tool is not None
        context = self.context(job.requested.id, progress.report, ask)
        return await self._services.run(job.tool.kind, call, context)

    def _publish_start(self, job: RequestedRun, call: Call, preview: Preview | None = None) -> None:
        told = events.tool_progress(
            job.requested.id, job.requested.name, "started", call.title, preview
        )
        self._publish(told)
        job.began = time.monotonic()

    def _finish(self, job: RequestedRun, result: ToolResult) -> None:
        job.finished.set()
        content = content_of(result, self._services.scrub)
        seconds = job.took
        if seconds is None and job.began is not None:
            seconds = time.monotonic() - job.began
        outcome = outcome_of(result, text_in(content), self._services.scrub, seconds)
        if job.judged is not None:
            outcome |= job.judged.outcome(self._services.scrub)
        job.result = ToolResult(content, result.is_error)
        self._publish(
            events.tool_result(
                job.requested.id, content, is_error=result.is_error, outcome=outcome or None
            )
        )

    def _outcome(self) -> Outcome:
        return outcome_of_runs(self.jobs, stopped=self._approval.stop is not None)
