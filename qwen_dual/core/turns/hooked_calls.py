"""What hooks say of calls, and what becomes of that: before one runs, while it asks, and after.

What they forbid does not run. What they allow runs without asking only where ``Policy.hook_may_allow``
says that their leave is enough, and an input that they changed is judged like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.permissions.policy import Verdict
from qwen_dual.core.turns.hooks import NOTHING, HookedCall
from qwen_dual.protocol.blocks import with_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.core.permissions.approvals import Approvals, Pending
    from qwen_dual.core.permissions.judge import Judge
    from qwen_dual.core.tools.tool import Call, ToolResult
    from qwen_dual.core.turns.hook_slot import HookSlot
    from qwen_dual.core.turns.hooks import HookSaid
    from qwen_dual.core.turns.outcome import Outcome
    from qwen_dual.core.turns.requested_run import RequestedRun


class CallHooks:
    """The hooks of a session, as far as they are about its calls.

    Args:
        slot: where they are, if there are any.
        policy: says when their leave is enough.
        approvals: where they answer.
        agent: whose calls these are; None for the main agent.
    """

    def __init__(
        self, slot: HookSlot, policy: Judge, approvals: Approvals, agent: str | None
    ) -> None:
        self._slot = slot
        self._policy = policy
        self._approvals = approvals
        self._agent = agent

    async def before(self, job: RequestedRun) -> HookSaid:
        """What they say of a call that is about to be judged."""
        hooks = self._slot.current
        return NOTHING if hooks is None else await hooks.before_call(self._hooked_call(job))

    def refusal(self, said: HookSaid) -> Verdict:
        """The verdict where they forbid a call."""
        if said.stop is not None:
            why = said.stop_reason or said.reason
            return Verdict("refuse", f"{said.stop} stopped this turn: {why or 'no reason given'}")
        return Verdict(
            "refuse", f"{said.by} did not allow this call: {said.reason or 'no reason given'}"
        )

    def weigh(self, job: RequestedRun, verdict: Verdict, said: HookSaid) -> Verdict:
        """The verdict of the policy with what hooks have said, short of a no of theirs.

        Args:
            job: a checked call, with the input that it is to run with.
            verdict: on just that.
            said: by hooks.
        """
        if said.context:
            job.context = f"{job.context}\n\n{said.context}".strip()
        if said.decision == "ask" and verdict.action == "allow":
            verdict = Verdict("ask")
        if said.decision == "ask":
            job.asked_by = f"{said.by} wants this to be asked: {said.reason or 'no reason given'}"
        elif said.decision == "allow" and verdict.action == "ask":
            assert job.tool is not None and job.call is not None
            if self._policy.hook_may_allow(job.tool, job.call):
                return Verdict("allow")
        return verdict

    async def denied(self, job: RequestedRun, reason: str) -> None:
        """Tells them that a model which judges calls denied one: see ``Hooks.denied``."""
        if (hooks := self._slot.current) is not None:
            await hooks.denied(self._hooked_call(job), reason)

    async def answer(self, job: RequestedRun, call: Call, pending: Pending) -> None:
        """Has them answer a request beside everybody else; the first answer counts."""
        hooks = self._slot.current
        if hooks is None or job.tool is None:
            return
        said = await hooks.on_request(self._hooked_call(job), call.suggestions)
        if said.decision == "deny":
            no = Decision(False, said.by, said.reason, stop=said.stop is not None)
            self._approvals.resolve(pending.request_id, no)
        elif said.decision == "allow" and self._policy.hook_may_allow(job.tool, call):
            yes = Decision(True, said.by, updated_input=said.updated_input)
            self._approvals.resolve(pending.request_id, yes)
        self._approvals.decided(pending)

    async def after(self, job: RequestedRun, result: ToolResult) -> tuple[ToolResult, HookSaid]:
        """A result with what they have to say of it."""
        hooks = self._slot.current
        said = NOTHING
        if hooks is not None:
            said = await hooks.after_call(self._hooked_call(job), result, job.took)
        words = [job.context]
        if said.decision == "deny":
            words.append(f"{said.by} objects to this result: {said.reason or 'no reason given'}")
        words.append(said.context)
        told = "\n\n".join(filter(None, words))
        if not told:
            return result, said
        content = with_text(result.content, after=f"\n\n{told}")
        return type(result)(content, result.is_error, result.shown), said

    async def after_all(self, jobs: Iterable[RequestedRun], outcome: Outcome) -> None:
        """What they say of all calls of a message goes with the last result."""
        hooks = self._slot.current
        if hooks is None:
            return
        said = await hooks.after_calls(
            [(self._hooked_call(job), job.result) for job in jobs if job.result is not None]
        )
        if said.decision == "deny" or said.stop is not None:
            why = said.stop_reason or said.reason or "no reason given"
            outcome.results[-1].update(
                content=f"Stopped by {said.stop or said.by}: {why}", is_error=True
            )
            outcome.stopped = True
        if said.context:
            outcome.add_text(said.context)

    def _hooked_call(self, job: RequestedRun) -> HookedCall:
        requested = job.requested
        return HookedCall(requested.name, requested.id, requested.arguments or {}, self._agent)
