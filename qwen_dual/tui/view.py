"""Events in, finished blocks and live state out: what the screen shows, without a screen.

Holds no terminal and draws nothing. A delta costs an append; its text is looked at when somebody
asks for what is finished, so that the cost of an event does not grow with the answer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qwen_dual.tui.blocks import (
    AnswerBlock,
    ExpandedBlock,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    SessionBlock,
    ThoughtBlock,
)
from qwen_dual.tui.live_state import Queued, RunningTool, Work, request_of, telling_argument
from qwen_dual.tui.outcome import finished_tool
from qwen_dual.tui.sanitise import StreamSanitiser, sanitise
from qwen_dual.tui.stream import BlockSplitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event
    from qwen_dual.tui.blocks import Block

THOUGHT_LINES = 3
"""How many lines of the model's reasoning stay in the transcript."""

MAX_SHOWN_REQUEST = 200
"""Characters of a request's title that the transcript repeats."""


class View:
    """The reducer; an observer of the bus.

    Args:
        changed: called when there is something new to draw, once until ``take``.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        changed: Callable[[], object] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.work = Work()
        self.context_tokens = 0
        self.folded: ExpandedBlock | None = None
        self._changed = changed
        self._now = now
        self._dirty = False
        self._finished: list[Block] = []
        self._pieces: list[str] = []  # of the open block, not yet looked at
        self._kind = ""  # of the open block
        self._first = True  # the next answer block begins a message
        self._splitter = BlockSplitter()
        self._sanitiser = StreamSanitiser()
        self._thought: list[str] = []
        self._calls: dict[int, RunningTool] = {}  # whose arguments come in, by block index

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        kind = event["type"]
        if kind == "stream_event":
            inner = event["event"]
            if inner["type"] == "content_block_delta":
                delta = inner["delta"]
                if delta["type"] == "text_delta":
                    self._pieces.append(delta["text"])
                elif delta["type"] == "thinking_delta":
                    self._pieces.append(delta["thinking"])
                elif inner["index"] in self._calls:
                    self._calls[inner["index"]].argument_chars += len(delta["partial_json"])
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
        return finished

    def tail(self, chars: int) -> tuple[str, bool]:
        """The open end of the answer, at least ``chars`` of it, and whether it is a thought."""
        self._drain()
        if self._kind != "thinking":
            return self._splitter.tail(chars), False
        parts: list[str] = []
        for part in reversed(self._thought):
            if chars <= 0:
                break
            parts.append(part)
            chars -= len(part)
        return "".join(reversed(parts)), True

    @property
    def begins_message(self) -> bool:
        """Whether the open text is the first of its message."""
        return self._first

    # -- the stream ------------------------------------------------------------------------

    def _stream(self, inner: Event) -> None:
        kind = inner["type"]
        if kind == "message_start":
            self._first = True
        elif kind == "content_block_start":
            self._end_block()
            block = inner["content_block"]
            self._kind = block["type"]
            self._sanitiser = StreamSanitiser()
            if self._kind == "tool_use":
                call = RunningTool(block["id"], sanitise(block["name"]))
                self.work.tools[call.tool_use_id] = self._calls[inner["index"]] = call
        elif kind == "content_block_stop" or kind == "message_stop":
            self._end_block()

    def _drain(self) -> None:
        """Looks at the deltas that came in since the last time."""
        if not self._pieces:
            return
        text = self._sanitiser.feed("".join(self._pieces))
        self._pieces = []
        if not text:
            return
        if self._kind == "thinking":
            self._thought.append(text)
        else:
            self._answer(self._splitter.feed(text))

    def _end_block(self) -> None:
        self._drain()
        if self._kind == "thinking":
            self._end_thought()
        elif self._kind == "text":
            self._answer(self._splitter.finish())
        self._kind = ""
        self._calls.clear()

    def _answer(self, pieces: list[Any]) -> None:
        for piece in pieces:
            self._finished.append(AnswerBlock(piece.text, self._first, piece.joined))
            self._first = False

    def _end_thought(self) -> None:
        text = "".join(self._thought).strip()
        self._thought = []
        if not text:
            return
        lines = [line for line in text.split("\n") if line.strip()]
        shown = tuple(lines[:THOUGHT_LINES])
        hidden = len(lines) - len(shown)
        self._finished.append(ThoughtBlock(shown, hidden))
        if hidden:
            self.folded = ExpandedBlock("thinking", text)

    # -- whole events ----------------------------------------------------------------------

    def _assistant(self, event: Event) -> None:
        message = event["message"]
        usage = message["usage"]
        tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
        if tokens:
            self.context_tokens = tokens
        for block in message["content"]:
            if block["type"] == "tool_use":
                call = self._call(block["id"], block["name"])
                call.title = telling_argument(block["input"])

    def _user(self, event: Event) -> None:
        for block in event["message"]["content"]:
            if block["type"] == "text":
                self._end_block()
                remote = event.get("origin") == "input"
                self._finished.append(PersonBlock(sanitise(block["text"]), remote))
            elif block["type"] == "tool_result":
                self._tool_result(block)

    def _tool_result(self, block: Event) -> None:
        call = self.work.tools.pop(block["tool_use_id"], None)
        if call is None:
            call = RunningTool(block["tool_use_id"], "tool")
        seconds = None if call.started is None else self._now() - call.started
        text = sanitise(block["content"])
        finished = finished_tool(call, text, is_error=block["is_error"], seconds=seconds)
        self._finished.append(finished)
        if text and (finished.hidden or finished.diff):
            self.folded = ExpandedBlock(f"{call.name}  {call.title}".rstrip(), text)

    def _result(self, event: Event) -> None:
        self._end_block()
        if event["num_turns"]:
            self.work.tools.clear()
        if event["stop_reason"] == "interrupted":
            self._finished.append(NoticeBlock("quiet", "interrupted"))
        elif event["stop_reason"] == "max_turns":
            text = "The turn ended at the most model calls that a turn may make."
            self._finished.append(NoticeBlock("warning", text))

    def _request(self, event: Event) -> None:
        request = request_of(event)
        self.work.requests[request.request_id] = request
        if request.kind == "diff":
            call = self._call(request.tool_use_id, request.tool_name)
            call.diff = request.text

    def _response(self, event: Event) -> None:
        response = event["response"]
        request = self.work.requests.pop(response["request_id"], None)
        if response["subtype"] != "success" or request is None:
            return
        allowed = response["response"]["allowed"]
        if not allowed:
            self._call(request.tool_use_id, request.tool_name).denied = True
        if response.get("resolved_by") == "input":
            verb = "allowed" if allowed else "did not allow"
            what = f"{request.tool_name}  {request.argument}"[:MAX_SHOWN_REQUEST]
            self._finished.append(RemoteBlock(f"{verb} {what}".rstrip()))

    def _system(self, event: Event) -> None:
        data = event["data"]
        subtype = event["subtype"]
        if subtype == "state":
            self._state(data)
        elif subtype == "tool_progress":
            self._progress(data)
        elif subtype == "notice":
            if "command" in data:  # typed in the middle of a turn, so there was no user event
                self._finished.append(PersonBlock(sanitise(data["command"])))
            self._finished.append(NoticeBlock(data["level"], sanitise(data["text"])))
        elif subtype == "mode_changed" or subtype == "model_changed":
            if data.get("origin") == "input":
                what = "approval mode" if subtype == "mode_changed" else "model"
                self._finished.append(RemoteBlock(f"set the {what} to {sanitise(data['to'])}"))
        elif subtype == "session_changed":
            self.folded = None
            self.context_tokens = 0
            self._finished.append(SessionBlock())
        elif subtype == "compact_boundary":
            text = (
                f"conversation compacted: {data['tokens_before']} → {data['tokens_after']} tokens"
            )
            self._finished.append(NoticeBlock("quiet", text))

    def _state(self, data: Event) -> None:
        work = self.work
        work.state = sanitise(data["state"])
        work.queued = data["queued"]
        work.queue = tuple(
            Queued(sanitise(item["text"]), item["origin"] == "input")
            for item in data.get("queue", ())
        )
        if data["turn_id"] is None:
            work.since = None
        elif work.since is None:
            work.since = self._now()

    def _progress(self, data: Event) -> None:
        call = self._call(data["tool_use_id"], data["tool_name"])
        if data["status"] == "started":
            call.started = self._now()
            call.title = sanitise(data["text"]) or call.title
        else:
            call.show_output(data["text"])

    def _call(self, tool_use_id: str, name: str) -> RunningTool:
        call = self.work.tools.get(tool_use_id)
        if call is None:
            call = self.work.tools[tool_use_id] = RunningTool(tool_use_id, sanitise(name))
        return call


_HANDLERS: dict[str, Callable[[View, Event], None]] = {
    "assistant": View._assistant,
    "user": View._user,
    "result": View._result,
    "control_request": View._request,
    "control_response": View._response,
    "system": View._system,
}
