"""Whether a call may run, must ask, or is refused: by the policy, by hooks, and in auto mode by a judge.

Each may only tighten what the one before it left open: what the policy refuses is not asked about, and
what a hook wants to be asked is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.models.model import TokenUsage
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.permissions.policy import Verdict
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.permissions.judge import Judge
    from qwen_dual.core.tools.tool import Call, Tool
    from qwen_dual.core.tools.tool_context import Services
    from qwen_dual.core.turns.call_input import CallInput
    from qwen_dual.core.turns.hooked_calls import CallHooks
    from qwen_dual.core.turns.requested_run import RequestedRun
    from qwen_dual.protocol.events import Event

BLOCKED = (
    "Blocked by auto mode policy: {reason} Do not do the same by other means: another tool, a script, an "
    "alias, an encoding, a changed configuration. Other work, and ways that are safe, go on. If it has to "
    "be done, say so and let the person decide."
)


class Verdicts:
    """The verdicts on the calls of a session.

    Args:
        policy: has the first word, and the last.
        call_input: takes what hooks change.
        services: have the judge.
        publish: takes the event bodies.
        on_stop: called where a hook stops the turn.
        lane: the call that the agent works for whose calls they are; None for the main agent.
    """

    def __init__(
        self,
        policy: Judge,
        call_input: CallInput,
        services: Services,
        publish: Callable[[Event], object],
        on_stop: Callable[[Decision], object],
        lane: str | None = None,
    ) -> None:
        self._policy = policy
        self._input = call_input
        self._services = services
        self._publish = publish
        self._on_stop = on_stop
        self._lane = lane

    async def on(
        self,
        job: RequestedRun,
        tool: Tool,
        call: Call,
        hooks: CallHooks | None,
        *,
        asked: bool = False,
    ) -> Verdict:
        """The verdict on a call as it is now.

        Args:
            job: whose call it is.
            tool: likewise.
            call: that, or what it became.
            hooks: who has a say.
            asked: whether somebody has answered already: then no judge decides it.
        """
        verdict = self._policy.judge(tool, call)
        if verdict.action != "refuse" and hooks is not None:
            verdict = await self._heard(job, tool, verdict, hooks)
        job.doubt = verdict.reason if verdict.action == "ask" else ""
        if verdict.action == "ask" and not asked and self._policy.mode == "auto":
            verdict = await self._judged(job, hooks)
        return verdict

    async def _heard(
        self, job: RequestedRun, tool: Tool, verdict: Verdict, hooks: CallHooks
    ) -> Verdict:
        """The verdict once hooks have had their say of a call."""
        said = await hooks.before(job)
        if said.stop is not None:
            self._on_stop(Decision(False, said.stop, said.stop_reason or said.reason, stop=True))
        if said.decision == "deny" or said.stop is not None:
            return hooks.refusal(said)
        updated = said.updated_input
        if updated is not None and updated != job.requested.arguments and tool.kind != "question":
            await self._input.change(job, tool, updated, said.changed_by)
            if job.error or job.call is None:
                return Verdict("refuse", job.error)
            verdict = self._policy.judge(tool, job.call)
        return hooks.weigh(job, verdict, said)

    async def _judged(self, job: RequestedRun, hooks: CallHooks | None) -> Verdict:
        """The verdict on a call that must ask, once a model has judged it where it may."""
        tool, call, requested = job.tool, job.call, job.requested
        judge = self._services.judge()
        if judge is None or tool is None or call is None or job.asked_by:
            return Verdict("ask")
        if not self._policy.may_be_judged(tool, call):
            return Verdict("ask")
        made = await judge.judge(requested.name, requested.arguments or {})
        job.judged = made
        self._publish(events.auto_verdict(requested.id, requested.name, made.fields()))
        if made.usage != TokenUsage():
            self._publish(self._services.meter.count(made.model, made.usage, self._lane))
        now = self._policy.judge(tool, call)
        if now.action != "ask" or self._policy.mode != "auto":
            return now  # the mode, or a rule, is another by now
        if made.verdict == "allow" and not self._policy.may_be_judged(tool, call):
            return Verdict("ask")  # by a rule that came meanwhile
        if made.verdict == "deny":
            if hooks is not None:
                await hooks.denied(job, "classifier_blocked")
            reason = _sentence(made.reason)
            return Verdict("refuse", BLOCKED.format(reason=reason), f"Auto mode: {reason}")
        return Verdict(made.verdict)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
