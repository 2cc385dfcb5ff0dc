"""Events in, finished blocks and live state out: what the screen shows, without a screen.

Holds no terminal and draws nothing. The block that is being written is ``open_block``'s.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwen_dual.core.tools.tool import Display
from qwen_dual.frontends.tui.state import outcome as outcomes
from qwen_dual.frontends.tui.state.agents import Lanes
from qwen_dual.frontends.tui.state.blocks import (
    FoldedAgents,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    SessionBlock,
    expanded,
)
from qwen_dual.frontends.tui.state.live_state import (
    Work,
    answered,
    request_of,
    retry_of,
    sender_of,
)
from qwen_dual.frontends.tui.state.open_block import OpenBlock
from qwen_dual.frontends.tui.state.running_calls import RunningCalls
from qwen_dual.frontends.tui.state.sent_prompts import SentPrompts
from qwen_dual.frontends.tui.state.todo import TodoBlock
from qwen_dual.protocol.api_error import begins_api_error
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.frontends.tui.state.blocks import Block, ExpandedBlock
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ToolOutcome


class View:
    """The reducer; an observer of the bus.

    Args:
        changed: called when there is something new to draw, once until ``take``.
        now: a monotonic clock in seconds.
        display_of: how the tool with a name is called before a person.
        colour_of: the colour of the sub-agent with a name; empty for none.

    Attributes:
        work: what is still moving.
        context_tokens: of the last message; 0 where it is not known.
        folded: what Ctrl+O shows whole.
        sent_as: prompts that the person saw with placeholders when they were sent.
    """

    def __init__(
        self,
        changed: Callable[[], object] = lambda: None,
        now: Callable[[], float] = time.monotonic,
        display_of: Callable[[str], Display] = Display.of,
        colour_of: Callable[[str], str] = lambda agent: "",
    ) -> None:
        self.work = Work()
        self.context_tokens = 0
        self.folded: ExpandedBlock | FoldedAgents | None = None
        self._last_said: list[str] = []  # the same of the last message that has any
        self.sent_as = SentPrompts()
        self._changed = changed
        self._now = now
        self._display_of = display_of
        self._dirty = False
        self._finished: list[Block] = []
        self._open = OpenBlock()
        self._pieces = self._open.pieces
        self._said: list[str] = []  # the texts of the message
        self._commanded = ""  # the command that was run last
        self._lanes = Lanes(display_of, now, colour_of)  # all else is the main agent's
        self._calls = RunningCalls(lambda: self.work, display_of, now)

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        kind = event["type"]
        agent = event.get("parent_tool_use_id")
        if agent is not None and kind not in _CONTROL:
            if kind == "stream_event":
                if event["event"]["type"] == "content_block_delta":
                    return
                self._lanes.stream(agent, event["event"])
            else:
                self._finished += self._lanes.take(event, agent)
            self.work.agents = self._lanes.at_work
        elif kind == "stream_event":
            inner = event["event"]
            if inner["type"] == "content_block_delta":
                delta = inner["delta"]
                if delta["type"] == "text_delta":
                    self._pieces.append(delta["text"])
                elif delta["type"] == "thinking_delta":
                    self._pieces.append(delta["thinking"])
                else:
                    self.work.chars += self._calls.write(inner["index"], delta)
            else:
                self._stream(inner)
        else:
            handler = _HANDLERS.get(kind)
            if handler is not None:
                handler(self, event)
        if not self._dirty:
            self._dirty = True
            self._changed()

    def take(self) -> list[Block]:
        """What was finished since the last call, in order."""
        self._dirty = False
        self._drain()
        finished, self._finished = self._finished, []
        if finished:
            self.work.todos_at_end = isinstance(finished[-1], TodoBlock)
        return finished

    def put_back(self, blocks: Sequence[Block]) -> None:
        """Gives back what ``take`` gave: the next one begins with it."""
        self._finished = [*blocks, *self._finished]

    def settle(self) -> None:
        """Ends what is open, as if nothing more would come of it."""
        self._end_block()
        self._show_failure()

    def tail(self, chars: int) -> tuple[str, bool]:
        """The open end of the answer, at least ``chars`` of it, and whether it is a thought."""
        self._drain()
        return self._open.tail(chars)

    @property
    def begins_message(self) -> bool:
        """Whether the open text is the first of its message."""
        return self._open.first

    @property
    def goes_on(self) -> bool:
        """Whether the open text goes on right below what of it is finished."""
        return self._open.goes_on

    @property
    def last_answer(self) -> str:
        """The text of the model's last message that has any."""
        return "\n\n".join(map(sanitise, self._last_said))

    # -- the stream ------------------------------------------------------------------------

    def _stream(self, inner: Event) -> None:
        kind = inner["type"]
        if kind == "message_start":
            self._show_failure()
            self._open.first = True
            self._said = []
            self.work.retry = None
        elif kind == "content_block_start":
            self._end_block()
            block = inner["content_block"]
            self._open.begin(block["type"])
            if block["type"] == "tool_use":
                self._calls.begin(inner["index"], block)
        elif kind == "content_block_stop" or kind == "message_stop":
            self._end_block()

    def _drain(self) -> None:
        """Looks at the deltas that came in since the last time."""
        self._finished += self._open.drain()
        self._count()

    def _end_block(self) -> None:
        blocks, thought = self._open.end()
        self._finished += blocks
        self._count()
        if thought:
            self.folded = expanded("thinking", thought)
        self._calls.end_block()

    def _count(self) -> None:
        self.work.chars += self._open.chars
        self._open.chars = 0

    def _show_failure(self) -> None:
        """No result told more about it."""
        self._finished += self._open.take_failure()

    # -- whole events ----------------------------------------------------------------------

    def _assistant(self, event: Event) -> None:
        message = event["message"]
        usage = message["usage"]
        written = usage.get("output_tokens", 0)
        tokens = usage.get("input_tokens", 0) + written
        if tokens:
            self.context_tokens = tokens
        if written:
            self.work.tokens += written
            self.work.chars = 0
        self._lanes.called(message["content"])
        for block in message["content"]:
            if block["type"] == "tool_use":
                self._calls.called(block)
            elif block["type"] == "text" and not begins_api_error(block["text"]):
                self._said.append(block["text"])
                self._last_said = self._said

    def _user(self, event: Event) -> None:
        for block in event["message"]["content"]:
            if block["type"] == "text":
                self._end_block()
                self._show_failure()
                if event.get("origin") == "agent":  # how one in the background ended
                    self._finished += self._lanes.reported(block["text"])
                    continue
                remote, asked = sender_of(event.get("origin")), self._commanded != ""
                self._prompt(block["text"], remote=remote, asked=asked)
            elif block["type"] == "tool_result":
                self._tool_result(block, event.get("tool_use_result") or {})

    def _prompt(self, text: str, *, remote: str = "", asked: bool = False) -> None:
        shown, whole = outcomes.shown_prompt(text, asked=asked, known=self.sent_as.take(text))
        self.folded = whole or self.folded
        self._finished.append(PersonBlock(shown, remote))

    def _tool_result(self, block: Event, outcome: ToolOutcome) -> None:
        lane = self._lanes.ended(block["tool_use_id"], failed=block["is_error"])
        finished, whole = self._calls.end(block, outcome, lane)
        self._finished.append(finished)
        if lane is not None:
            self.folded = FoldedAgents()
        else:
            self.folded = whole or self.folded

    def _result(self, event: Event) -> None:
        self._end_block()
        self._commanded = ""
        if event["num_turns"]:
            self.work.tools.clear()
            self._lanes.clear()
            self.work.agents = self._lanes.at_work
        error = event.get("error")
        if self._open.failure and error is not None:
            from qwen_dual.frontends.tui.state.remedies import failure_notice  # not for the start

            self._open.take_failure()
            self._finished.append(NoticeBlock("error", failure_notice(error)))
        self._show_failure()
        if (notice := outcomes.end_notice(event["stop_reason"])) is not None:
            self._finished.append(notice)

    def _request(self, event: Event) -> None:
        request = request_of(event, self._display_of, self._lanes.name_of)
        self.work.requests[request.request_id] = request
        if request.kind in ("diff", "plan") and not request.agent:
            self._calls.of(request.tool_use_id, request.tool_name).show_request(request)

    def _response(self, event: Event) -> None:
        response = event["response"]
        request = self.work.requests.pop(response["request_id"], None)
        if response["subtype"] != "success" or request is None:
            return
        allowed = response["response"]["allowed"]
        call = self.work.tools.get(request.tool_use_id)  # none for what a prompt needs leave for
        if not allowed and not request.agent and call is not None:
            shown, whole = outcomes.shown_prompt(response["response"].get("message", ""), "reason")
            call.deny(request, shown.strip())
            self.folded = whole or self.folded
        if by := sender_of(response.get("resolved_by")):
            self._finished.append(RemoteBlock(answered(request, allowed=allowed), by))

    # -- what the system tells ---------------------------------------------------------------

    def _system(self, event: Event) -> None:
        subtype, data = event["subtype"], event["data"]
        if (handler := _SYSTEM_HANDLERS.get(subtype)) is not None:
            handler(self, data)
            return
        if ended := self._lanes.system_event(subtype, data):
            self._finished += ended
            self.folded = FoldedAgents()
        self.work.agents = self._lanes.at_work

    def _state(self, data: Event) -> None:
        self.work.follow_state(data, self._now())

    def _queue(self, data: Event) -> None:
        self.work.follow_queue(data, self.sent_as)

    def _progress(self, data: Event) -> None:
        self._calls.progress(data)

    def _slash_command(self, data: Event) -> None:
        self._end_block()
        self._show_failure()
        command = f"/{data['command']} {data['args']}".rstrip()
        self._prompt(command, remote=sender_of(data["origin"]))
        self._commanded = data["command"]

    def _notice(self, data: Event) -> None:
        self._finished.append(NoticeBlock(data["level"], sanitise(data["text"])))

    def _mode_changed(self, data: Event) -> None:
        self._changed_to("approval mode", data)

    def _model_changed(self, data: Event) -> None:
        self._changed_to("model", data)

    def _changed_to(self, what: str, data: Event) -> None:
        # What a command did is said by its answer.
        commanded, self._commanded = self._commanded, ""
        by = sender_of(data.get("origin"))
        if by and commanded != what.replace(" ", "-"):
            self._finished.append(RemoteBlock(f"set the {what} to {sanitise(data['to'])}", by))

    def _model_retry(self, data: Event) -> None:
        self.work.retry = retry_of(data, self._now())

    def _hook_started(self, data: Event) -> None:
        self.work.follow_hook(data, runs=True)

    def _hook_response(self, data: Event) -> None:
        self.work.follow_hook(data, runs=False)

    def _session_changed(self, data: Event) -> None:
        self.folded = None
        self._last_said = []
        self.sent_as.clear()
        self.context_tokens = 0
        self._finished.append(SessionBlock())

    def _compacted(self, data: Event) -> None:
        self.context_tokens = data["tokens_after"]
        if data["trigger"] != "manual":  # else the command answers with the same
            text = (
                f"conversation compacted: {data['tokens_before']} → {data['tokens_after']} tokens"
            )
            self._finished.append(NoticeBlock("quiet", text))

    def _rewound(self, data: Event) -> None:
        if data["conversation"]:
            self.folded, self._last_said, self.context_tokens = None, [], data["context_tokens"]
        if self._commanded not in ("rewind", "rollback"):  # else the command answers with the same
            self._finished.append(outcomes.rewound_block(data))
        self._commanded = ""


_CONTROL = ("control_request", "control_response")

_HANDLERS: dict[str, Callable[[View, Event], None]] = {
    "assistant": View._assistant,
    "user": View._user,
    "result": View._result,
    "control_request": View._request,
    "control_response": View._response,
    "system": View._system,
}

_SYSTEM_HANDLERS: dict[str, Callable[[View, Event], None]] = {
    "state": View._state,
    "queue": View._queue,
    "tool_progress": View._progress,
    "slash_command": View._slash_command,
    "notice": View._notice,
    "mode_changed": View._mode_changed,
    "model_changed": View._model_changed,
    "model_retry": View._model_retry,
    "hook_started": View._hook_started,
    "hook_response": View._hook_response,
    "session_changed": View._session_changed,
    "compact_boundary": View._compacted,
    "rewound": View._rewound,
}
"""By subtype; what is in none of them may be about an agent."""
