"""Runs the tool calls of one message: checks, asks, runs, and gives each call its result.

Consecutive calls of one kind form a batch; batches run in order, so that a read after a write sees
what was written. Within a batch calls run in parallel, but for edits, which go one at a time. When a
call of a batch was not allowed, the batches after it do not run: they were planned on top of it.

The supervisor of tools: whatever one raises becomes the result of its call, and the turn goes on.
"""

from __future__ import annotations

import logging
import time
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import anyio
from anyio import to_thread
from msgspec.structs import replace

from qwen_dual.core.actor import POLICY
from qwen_dual.core.approvals import Decision
from qwen_dual.core.outcome import Outcome, content_of, outcome_of
from qwen_dual.core.previews import warned_preview
from qwen_dual.core.progress import Progress
from qwen_dual.core.proposals import rules_for
from qwen_dual.core.refusals import CHANGED_TOO, CUT_OFF, INTERRUPTED, SKIPPED
from qwen_dual.core.requested_run import RequestedRun
from qwen_dual.core.tool import (
    CannotBeDone,
    InvalidArguments,
    NotAllowed,
    Shown,
    ToolResult,
    partial_of,
)
from qwen_dual.core.tool_context import ToolContext
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_in, with_text
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.nesting import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.answer import RequestedCall
    from qwen_dual.core.approvals import Approvals
    from qwen_dual.core.policy import Policy
    from qwen_dual.core.tool import Call, QuestionCall, Tool
    from qwen_dual.core.tool_context import Services
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Preview

log = logging.getLogger(__name__)

MAX_RUNNING = 16
"""Calls of one message that run at a time: each may take threads, processes and descriptors."""

LARGE = 4096
"""Characters of arguments beyond which they are checked in a thread: a command line of that size
is not taken apart between two keys."""


class CallRunner:
    """Runs calls for a session; one instance serves all turns.

    Args:
        tools: by name.
        policy: decides what must ask.
        approvals: where it asks.
        publish: takes the event bodies.
        on_remember: called with a rule, the scope that an answer asked for, and who answered.
        services: what a call has of its session besides.
        scrub: takes secrets out of what a tool printed.
        agent: the call that the agent works for whose calls these are; None for the main agent.

    Attributes:
        besides: what a prompt needs leave for, which no model has called.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        policy: Policy,
        approvals: Approvals,
        publish: Callable[[Event], object],
        on_remember: Callable[[str, str, Actor], object],
        services: Services,
        scrub: Callable[[str], str] = str,
        agent: str | None = None,
    ) -> None:
        self._tools = tools
        self._policy = policy
        self._approvals = approvals
        self._publish = publish
        self.on_remember = on_remember
        self._services = services
        self._scrub = scrub
        self._agent = agent
        self._edits = anyio.Lock()
        self._room = anyio.Semaphore(MAX_RUNNING)
        self._jobs: list[RequestedRun] = []
        self.besides: list[RequestedRun] = []
        self._stop: Decision | None = None

    async def run(self, requested: Iterable[RequestedCall]) -> Outcome:
        """Runs all calls; every one gets exactly one ``tool_result`` event.

        Cancelled, it leaves the unfinished ones to ``abandon``.
        """
        self._jobs = [RequestedRun(call) for call in requested]
        self._stop = None
        for job in self._jobs:
            await self._prepare(job)
        refused = False
        for _, batch in groupby(self._jobs, key=lambda job: job.lane):
            jobs = list(batch)
            if refused:
                for job in jobs:
                    self._finish(job, ToolResult(SKIPPED, is_error=True))
                continue
            async with anyio.create_task_group() as group:
                for job in jobs:
                    group.start_soon(self._run_one, job)
            refused = any(job.denied for job in jobs)
        return self._outcome()

    def abandon(self) -> Outcome:
        """Gives every unfinished call a result that says it was interrupted."""
        for job in self._jobs:
            if job.result is None:
                partial = partial_of(job.call)
                self._finish(job, partial or ToolResult(INTERRUPTED, is_error=True))
        return self._outcome()

    def context(
        self,
        call_id: str,
        report: Callable[[str], object],
        ask: Callable[[Call], Awaitable[Decision]],
    ) -> ToolContext:
        """What reaches the call ``call_id``, whoever made it."""
        ask_model, spawn = self._services.ask_model, self._services.spawn
        return ToolContext(call_id, self._agent, report, self._publish, ask, ask_model, spawn)

    def recheck(self) -> None:
        """Resolves what the policy has come to allow without anybody's answer."""
        for job in (*self._jobs, *self.besides):
            if job.pending is None or job.tool is None or job.call is None:
                continue
            if self._policy.judge(job.tool, job.call).action == "allow":
                decision = Decision(allowed=True, by=POLICY)
                self._approvals.resolve(job.pending.request_id, decision)

    async def _prepare(self, job: RequestedRun) -> None:
        requested = job.requested
        tool = self._tools.get(requested.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            job.error = f"There is no tool {requested.name[:200]!r}. Tools: {known}."
            job.note = "no such tool"
        elif requested.cut_off:
            job.error = CUT_OFF
            job.note = "cut off"
        elif requested.arguments is None:
            raw = requested.raw[:200]
            job.error = (
                f"The arguments of {requested.name} are not a JSON object, or one that nests deeper "
                f"than {MAX_DEPTH}: {raw}"
            )
        else:
            await self._check_sized(job, tool, requested.arguments, len(requested.raw))

    async def _check_sized(
        self, job: RequestedRun, tool: Tool, arguments: dict[str, Any], size: int
    ) -> None:
        """Checks the arguments, large ones off the loop's thread."""
        try:
            if size <= LARGE:
                self._check(job, tool, arguments)
            else:
                await to_thread.run_sync(self._check, job, tool, arguments, abandon_on_cancel=True)
        except Exception as error:
            log.exception("%s failed to check its arguments", job.requested.name)
            job.call = None
            job.error = job.failed(error)

    def _check(self, job: RequestedRun, tool: Tool, arguments: dict[str, Any]) -> None:
        try:
            call = tool.prepare(arguments)
            self._take_call(job, tool, call)
            job.tool = tool
        except InvalidArguments as error:
            job.error = str(error)
            job.call = None

    def _take_call(self, job: RequestedRun, tool: Tool, call: Call) -> None:
        job.call = call
        job.previewed = False
        outside = call.outside is not None
        job.rules = rules_for(tool, call.subject, outside=outside)

    async def _run_one(self, job: RequestedRun) -> None:
        try:
            await self._run_judged(job)
        except CannotBeDone as error:
            self._finish(job, ToolResult(str(error), is_error=True, shown=Shown(error.shown)))
        except Exception as error:
            log.exception("%s failed", job.requested.name)
            if job.result is None:
                self._finish(job, ToolResult(job.failed(error), is_error=True))

    async def _run_judged(self, job: RequestedRun) -> None:
        if job.call is None or job.tool is None:
            self._finish(job, job.refused)
            return
        verdict = self._policy.judge(job.tool, job.call)
        note = ""
        while verdict.action == "ask":
            decision = await self._ask(job, job.call)
            if not decision.allowed:
                self._deny(job, decision)
                return
            if decision.updated_input is None or decision.updated_input == job.requested.arguments:
                break
            before = job.call
            note = await self._change_input(job, job.tool, decision.updated_input)
            if job.error:
                self._finish(job, job.refused)
                return
            verdict = self._policy.judge(job.tool, job.call)
            # What another process has made of it nobody has seen: the leave covers no more.
            unseen = not decision.by.at_keyboard and job.tool.kind != "question"
            if not unseen or not self._policy.asks_for_more(job.tool, job.call, before):
                break
        if verdict.action == "refuse":
            job.forbidden = True
            self._finish(job, ToolResult(verdict.reason, is_error=True))
            return
        try:
            result = await self._run_shown(job, job.tool, job.call)
        except NotAllowed as refused:
            self._deny(job, refused.decision)
            return
        self._finish(job, replace(result, content=with_text(result.content, before=note)))

    async def _ask(self, job: RequestedRun, call: Call) -> Decision:
        preview = await self._preview(job, call)
        job.previewed = preview is not None
        if self._stop is not None:
            return self._stop
        job.pending = self._approvals.ask(job.request(call, preview), self._agent)
        decision = await job.pending.wait()
        job.pending = None
        if decision.allowed and decision.remember is not None:
            if decision.updated_input not in (None, job.requested.arguments):
                self._publish(events.notice(CHANGED_TOO, "warning"))
            else:
                for rule in job.rules:
                    self.on_remember(rule, decision.remember, decision.by)
        return decision

    async def _preview(self, job: RequestedRun, call: Call) -> Preview | None:
        """What ``call`` shows to whoever is asked.

        Raises:
            CannotBeDone: nor can it be once the calls before it have changed what they change.
        """
        while True:
            before = self._unfinished_before(job)
            try:
                async with self._room:
                    return await warned_preview(call)
            except CannotBeDone:
                if before is None:
                    raise
            await before.finished.wait()

    def _unfinished_before(self, job: RequestedRun) -> RequestedRun | None:
        """The nearest call before ``job`` whose work it may be planned on top of."""
        earlier = self._jobs[: self._jobs.index(job)] if job.lane == "edit" else []
        return next((one for one in reversed(earlier) if one.result is None), None)

    async def _change_input(self, job: RequestedRun, tool: Tool, updated: dict[str, Any]) -> str:
        """Takes the input of an answer; returns what to tell the model of it."""
        if tool.kind == "question":  # the input is the answer, and the result says it
            job.call = cast("QuestionCall", job.call).answered(updated)
            return ""
        job.requested = replace(job.requested, arguments=updated)
        told = encode(updated).decode()
        await self._check_sized(job, tool, updated, len(told))
        return f"The person changed the input to: {told}"

    def _deny(self, job: RequestedRun, decision: Decision) -> None:
        job.denied = True
        job.reason = decision.message
        if decision.stop:
            self._stop = decision
        self._finish(job, ToolResult(job.refusal(decision), is_error=True))

    async def _run_shown(self, job: RequestedRun, tool: Tool, call: Call) -> ToolResult:
        """Runs ``call`` while its progress is shown."""
        progress = Progress(job.requested.id, job.requested.name, self._publish)
        stopped: NotAllowed | CannotBeDone | None = None
        result = ToolResult("")
        async with self._room, anyio.create_task_group() as group:
            group.start_soon(progress.run)
            try:
                if tool.kind == "edit":
                    async with self._edits:
                        result = await self._started(job, call, progress)
                else:
                    result = await self._started(job, call, progress)
            except (NotAllowed, CannotBeDone) as error:  # through the group it would be wrapped
                stopped = error
            group.cancel_scope.cancel()
        if stopped is not None:
            raise stopped
        return result

    async def _started(self, job: RequestedRun, call: Call, progress: Progress) -> ToolResult:
        async def ask(about: Call) -> Decision:
            decision = await self._ask_on_the_way(job, about)
            if decision.allowed:
                self._tell_start(job, about)
            return decision

        self._tell_start(job, call, await self._unseen_change(job, call))
        return await call.run(self.context(job.requested.id, progress.report, ask))

    def _tell_start(self, job: RequestedRun, call: Call, preview: Preview | None = None) -> None:
        told = events.tool_progress(
            job.requested.id, job.requested.name, "started", call.title, preview
        )
        self._publish(told)
        job.began = time.monotonic()

    async def _ask_on_the_way(self, job: RequestedRun, about: Call) -> Decision:
        """Asks about what the running ``job`` has come upon; nobody's room is taken meanwhile."""
        assert job.tool is not None
        call, rules = job.call, job.rules
        self._take_call(job, job.tool, about)
        self._room.release()
        try:
            return await self._ask(job, about)
        finally:
            job.call, job.rules = call, rules
            with anyio.CancelScope(shield=True):
                await self._room.acquire()

    async def _unseen_change(self, job: RequestedRun, call: Call) -> Preview | None:
        """The diff of an edit that nobody was asked about, or that an answer has changed."""
        if job.tool is None or job.tool.kind != "edit" or job.previewed:
            return None
        preview = await warned_preview(call)
        return preview if preview is not None and preview["kind"] == "diff" else None

    def _finish(self, job: RequestedRun, result: ToolResult) -> None:
        job.finished.set()
        content = content_of(result, self._scrub)
        seconds = None if job.began is None else time.monotonic() - job.began
        outcome = outcome_of(result, text_in(content), self._scrub, seconds)
        job.result = ToolResult(content, result.is_error)
        self._publish(
            events.tool_result(
                job.requested.id, content, is_error=result.is_error, outcome=outcome or None
            )
        )

    def _outcome(self) -> Outcome:
        outcome = Outcome()
        for job in self._jobs:
            assert job.result is not None
            result = job.result
            outcome.results.append(
                events.result_block(job.requested.id, result.content, is_error=result.is_error)
            )
            if job.denied or job.forbidden:
                outcome.denials.append(
                    {
                        "tool_name": job.requested.name,
                        "tool_use_id": job.requested.id,
                        "tool_input": job.requested.arguments,
                    }
                )
        ran = any(
            not job.denied and job.result.content != SKIPPED for job in self._jobs if job.result
        )
        told = any(job.reason for job in self._jobs)
        plainly = bool(outcome.denials) and not ran and not told
        outcome.stopped = plainly or self._stop is not None
        return outcome
