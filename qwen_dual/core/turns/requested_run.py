"""One call of a message on its way from the model's words to its result.

What becomes of it, and when, ``calls`` decides; here is what is known of it, and how that is worded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct, field

from qwen_dual.core.failures import describe
from qwen_dual.core.tools.tool import DescribesRequest, Display, Shown, ToolResult
from qwen_dual.core.turns.outcome import Outcome
from qwen_dual.core.turns.refusals import DECLINED, DENIED, INTERRUPTED, SKIPPED
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.sanitise import one_line
from qwen_dual.protocol.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.models.answer import RequestedCall
    from qwen_dual.core.permissions.approvals import Decision, Pending
    from qwen_dual.core.permissions.auto_judge import Judgement
    from qwen_dual.core.tools.tool import Call, Tool
    from qwen_dual.protocol.shapes import Preview, PreviewWarning


class RequestedRun(Struct, eq=False):
    """A call that the model has made.

    Attributes:
        requested: as it made it.
        tool: whose it is, once its arguments are checked.
        call: likewise; while it asks about something on its way, that.
        rules: what is proposed to allow it for good.
        pending: the request that it waits for.
        error: why it cannot be run, for the model.
        note: that, for a person, in a few words.
        why: likewise, in full.
        result: what it came to.
        denied: whether it was not allowed.
        forbidden: whether nobody could have allowed it: a rule or plan mode stands in the way.
        reason: what was said of that.
        previewed: whether what it does was shown.
        began: when it was started, monotonic seconds.
        took: how long it ran, in seconds, where others had a say after that.
        changes: what the model is told of an input that is not the one it gave.
        ran: what it came to before anybody else had a say.
        context: what hooks have the model told with its result.
        asked_by: who wants it to be asked about, and why.
        changed_by: who changed its input, for whoever is asked.
        doubt: which rule may deny it, likewise.
        judged: what a model said that judged it.
        display: what its tool is called, known before its arguments are checked.
        finished: set once there is a result.
    """

    requested: RequestedCall
    tool: Tool | None = None
    call: Call | None = None
    rules: tuple[str, ...] = ()
    pending: Pending | None = None
    error: str = ""
    note: str = "invalid call"
    why: str = ""
    result: ToolResult | None = None
    denied: bool = False
    forbidden: bool = False
    reason: str | None = None
    previewed: bool = False
    began: float | None = None
    took: float | None = None
    changes: str = ""
    ran: ToolResult | None = None
    context: str = ""
    asked_by: str = ""
    changed_by: str = ""
    doubt: str = ""
    judged: Judgement | None = None
    display: Display | None = None
    finished: anyio.Event = field(default_factory=anyio.Event)

    @property
    def refused(self) -> ToolResult:
        """The result of one that cannot be run."""
        return ToolResult(self.error, is_error=True, shown=Shown(visible(self.why), note=self.note))

    @property
    def word(self) -> str:
        """What a person calls its tool."""
        known = self.tool.display if self.tool is not None else self.display
        return (known or Display.of(self.requested.name)).word

    @property
    def lane(self) -> str:
        """Which calls it may run beside: those of the same kind."""
        return self.tool.kind if self.tool is not None and self.call is not None else "none"

    def request(self, call: Call, preview: Preview | None) -> dict[str, Any]:
        """What whoever may allow ``call`` is asked (``shapes.PermissionRequest``)."""
        request = {
            "subtype": "can_use_tool",
            "tool_name": self.requested.name,
            "tool_use_id": self.requested.id,
            "input": self.requested.arguments,
            "permission_suggestions": list(call.suggestions) or None,
            "blocked_path": call.outside,
            "preview": preview,
            "rule": ", ".join(self.rules) or None,
            "rules": list(self.rules) or None,
        }
        return (
            {**request, **call.request_fields()} if isinstance(call, DescribesRequest) else request
        )

    def remarked(self, call: Call, preview: Preview | None) -> Preview | None:
        """``preview`` with who changed the call, or wants it to be asked, and why no model decided.

        Where there was none it is the exact input.
        """
        said: list[PreviewWarning] = [
            {"kind": "hook", "message": one_line(" ".join(text.split()))}
            for text in (self.changed_by, self.asked_by)
            if text
        ]
        if self.doubt:
            said.append({"kind": "rule", "message": one_line(self.doubt)})
        if self.judged is not None:
            said.append({"kind": "auto", "message": one_line(f"Auto mode: {self.judged.reason}")})
        if not said:
            return preview
        if preview is None:
            from qwen_dual.protocol.previews import warnings_of

            text = encode(self.requested.arguments).decode()
            preview = {"kind": "text", "title": call.title, "text": text}
            preview["warnings"] = warnings_of(preview)
        return {**preview, "warnings": [*said, *preview.get("warnings", ())]}

    def take_change(self, by: Actor, told: str) -> None:
        """Notes who has changed the input, to what (as JSON)."""
        who = str(by) if by.kind == "hook" else "The person"
        self.changes = f"{who} changed the input to: {told}"
        self.changed_by = f"{by} changed the input." if by.kind == "hook" else ""

    def refusal(self, decision: Decision) -> str:
        """What the model is told of a call that ``decision`` did not allow."""
        if decision.by.kind in ("interrupt", "shutdown"):
            return INTERRUPTED
        if decision.by.kind == "policy" and decision.message:  # no person has said anything
            return decision.message
        if decision.by.kind == "hook":
            return f"{decision.by} did not allow this call: {decision.message or 'no reason given'}"
        text = DECLINED if self.tool is not None and self.tool.kind == "question" else DENIED
        text = getattr(self.call, "declined", text)
        return f"{text} They said: {decision.message}" if decision.message else text

    def failed(self, error: Exception) -> str:
        """The result of a call whose tool raised ``error``."""
        return f"{self.requested.name} failed: {describe(error)}."


def outcome_of_runs(jobs: Iterable[RequestedRun], *, stopped: bool) -> Outcome:
    """What all calls of a message came to, each of which has its result.

    Args:
        jobs: in the order of the calls.
        stopped: whether somebody wants nothing more to be done in the turn.
    """
    outcome, ran, told = Outcome(), False, False
    for job in jobs:
        result, requested = job.result, job.requested
        assert result is not None
        outcome.results.append(
            events.result_block(requested.id, result.content, is_error=result.is_error)
        )
        if job.judged is not None:
            outcome.add_usage(job.judged.usage)
        if job.denied or job.forbidden:
            outcome.denials.append(
                {
                    "tool_name": requested.name,
                    "tool_use_id": requested.id,
                    "tool_input": requested.arguments,
                }
            )
        ran = ran or (not job.denied and result.content != SKIPPED)
        told = told or bool(job.reason)
    outcome.stopped = stopped or (bool(outcome.denials) and not ran and not told)
    return outcome
