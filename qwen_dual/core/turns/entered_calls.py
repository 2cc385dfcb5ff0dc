"""Calls that no model has made: what a person's own command brings into its prompt.

They go the way of a model's: rules, hooks, questions, the sandbox. They are told as they run, and are
no part of the conversation: what they came to stands in the prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.models.answer import RequestedCall
from qwen_dual.core.tools.tool import ToolResult
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.core.session.state import StatePublisher
    from qwen_dual.core.turns.calls import CallRunner
    from qwen_dual.core.turns.requested_run import RequestedRun
    from qwen_dual.protocol.events import Event


class CallNotAllowed(CommandFailed):
    """A rule, a hook, the approval mode or whoever was asked did not allow a call."""


class EnteredCalls:
    """Runs such calls for a session, one at a time.

    Args:
        runner: makes what runs them, given where it tells of them; called for the first.
        publish: takes the event bodies.
        state: tells what the session does meanwhile.
    """

    def __init__(
        self,
        runner: Callable[[Callable[[Event], object]], CallRunner],
        publish: Callable[[Event], object],
        state: StatePublisher,
    ) -> None:
        self._make = runner
        self._runner: CallRunner | None = None
        self._publish = publish
        self._state = state
        self._started = False
        self._call_id = ""

    async def run(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """What the call comes to; a failure of its work is a result with ``is_error``.

        Args:
            tool: its name; of one that the session does not offer, the result says so.
            arguments: as a model would give them.

        Raises:
            CallNotAllowed: it did not run, and the text says why.
        """
        if self._runner is None:
            self._runner = self._make(self._publish_begun)
        runner = self._runner
        self._started = False
        self._call_id = call_id = f"{events.ENTERED_CALL}{events.new_uuid()}"
        self._state.set("running_tool")
        try:
            outcome = await runner.run([RequestedCall(call_id, tool, dict(arguments), "")])
        except anyio.get_cancelled_exc_class():
            runner.abandon()
            raise
        finally:
            self._call_id = ""  # it was told: from now on somebody else may use it
        # A turn follows, unless its command fails after all.
        self._state.set("thinking")
        result, job = outcome.results[0], runner.jobs[-1]
        if outcome.denials:
            raise CallNotAllowed(_why(job, str(result["content"])))
        shown = None if job.ran is None else job.ran.shown
        return ToolResult(result["content"], bool(result["is_error"]), shown)

    def _publish_begun(self, event: Event) -> None:
        """Tells of a call from its start on: of one that did not run, what asked for it says so."""
        self._started = self._started or event.get("subtype") == "tool_progress"
        if self._started or event["type"] != "user":
            self._publish(event)

    def is_last(self, call_id: str) -> bool:
        """Whether it is the id of the call that runs."""
        return bool(call_id) and call_id == self._call_id

    def recheck(self) -> None:
        """Resolves what the policy has come to allow without anybody's answer."""
        if self._runner is not None:
            self._runner.recheck()


def _why(job: RequestedRun, told: str) -> str:
    """Why a call did not run, for a person; ``told`` is what a model would be told."""
    if job.forbidden:
        return told.partition(". ")[0].removeprefix("Refused: ")
    return f"it was not allowed: {job.reason}" if job.reason else "it was not allowed"
