"""Which sub-agents a session has at work, for its recorder; what they do goes to ``lanes``.

Nothing of that is imported before one of them says something.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.fs.reasons import reason
from qwen_dual.protocol.agents import NAMELESS, AgentCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from qwen_dual.chats.chain import OpenChat, Stamp
    from qwen_dual.chats.lanes import LaneRecorder
    from qwen_dual.protocol.events import Event


class SubAgents:
    """Those of one session.

    Args:
        stamp: what every record says.
        on_failure: called once, with a text for a person, when nothing more of them is saved.
    """

    def __init__(self, stamp: Stamp, on_failure: Callable[[str], object]) -> None:
        self._stamp = stamp
        self._on_failure = on_failure
        self._calls = AgentCalls()
        self._recorder: LaneRecorder | None = None
        self._failed = False

    def called(self, blocks: Iterable[Event]) -> None:
        """Takes the blocks of a message of the main agent: who is to work stands in the calls."""
        self._calls.called(blocks, None)

    def path_of(self, agent: str) -> str:
        """The file of a sub-agent that is at work; empty where it has none."""
        return "" if self._recorder is None else self._recorder.path_of(agent)

    def take(self, event: Event, agent: str, chat: OpenChat | None) -> None:
        """Takes an event of the sub-agent that works for the call ``agent``; its deltas are left out."""
        kind = event["type"]
        if kind == "stream_event" or chat is None or self._failed:
            return
        try:
            if self._recorder is None:
                from qwen_dual.chats.lanes import LaneRecorder

                self._recorder = LaneRecorder(chat.file, chat.session_id, self._stamp)
            self._recorder.take(event, agent, self._calls.of(agent))
        except OSError as error:
            self._fail(error)
        if kind == "assistant":
            self._calls.called(event["message"]["content"], agent)
        elif kind == "user":
            for block in event["message"]["content"]:
                if block["type"] == "tool_result":
                    self._answered(block["tool_use_id"], agent, failed=block["is_error"])
        elif kind == "system":
            self.system_event(event["subtype"], event["data"])

    def shown(self, result: dict[str, Any]) -> dict[str, Any]:
        """The ``toolCallResult`` of the main agent's call, as the reference shows one of an agent."""
        call_id, failed = result["callId"], result["status"] == "error"
        call = self._calls.of(call_id)
        self._answered(call_id, None, failed=failed)
        if call is NAMELESS:
            return result
        display: dict[str, Any] = {
            "type": "task_execution",
            "subagentName": call.name,
            "taskDescription": call.description,
            "taskPrompt": call.prompt,
            "status": "failed" if failed else "background" if call.background else "completed",
            "toolCalls": [],
        }
        return {**result, "resultDisplay": display}

    def system_event(self, subtype: str, data: Event) -> None:
        """Takes what the system tells: that one goes on in the background, or ended there."""
        ended = self._calls.system_event(subtype, data)
        if ended is not None:
            self._ended(ended, data["status"])

    def _answered(self, call_id: str, caller: str | None, *, failed: bool) -> None:
        """A call has its result: whoever worked for it is done, unless in the background."""
        if self._calls.answered(call_id, caller, failed=failed):
            self._ended(call_id, "failed" if failed else "completed")

    def turn_ended(self) -> None:
        """Only what goes on in the background is still at work."""
        self._calls.turn_ended()
        self._close(self._calls.knows)

    def close(self) -> None:
        """The session, or the program, ends."""
        self._calls.clear()
        self._close()
        self._recorder = None

    def _ended(self, call_id: str, status: str) -> None:
        if self._recorder is not None:
            try:
                self._recorder.ended(call_id, status)
            except OSError as error:
                self._fail(error)

    def _close(self, keep: Callable[[str], bool] = lambda agent: False) -> None:
        if self._recorder is not None:
            try:
                self._recorder.close(keep)
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        """What the sub-agents do is not saved any more; the session is."""
        if self._failed:
            return
        self._failed, self._recorder = True, None
        where, why = error.filename or "a file", reason(error)
        self._on_failure(
            f"what sub-agents do is not saved any more — {os.fspath(where)}: {why}. "
            "The session is, with their results; mend that and start again to have the rest saved."
        )
