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
    AnswerBlock,
    FoldedAgents,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    SessionBlock,
    expanded,
)
from qwen_dual.frontends.tui.state.live_state import (
    RunningTool,
    Work,
    answered,
    request_of,
    retry_of,
    sender_of,
    telling_argument,
)
from qwen_dual.frontends.tui.state.open_block import OpenBlock
from qwen_dual.frontends.tui.state.remedies import failure_notice
from qwen_dual.frontends.tui.state.todo import TodoBlock, todos_of
from qwen_dual.protocol.api_error import begins_api_error
from qwen_dual.protocol.blocks import images_in, text_in
from qwen_dual.protocol.sanitise import coloured, sanitise
from qwen_dual.protocol.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.frontends.tui.state.blocks import Block, ExpandedBlock, ThoughtBlock
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
        self.sent_as: dict[str, str] = {}
        self._changed = changed
        self._now = now
        self._display_of = display_of
        self._dirty = False
        self._finished: list[Block] = []
        self._open = OpenBlock()
        self._pieces = self._open.pieces
        self._failure: list[AnswerBlock | ThoughtBlock] = []  # until the result says what it was
        self._said: list[str] = []  # the texts of the message
        self._commanded = ""  # the command that was run last
        self._lanes = Lanes(display_of, now, colour_of)  # all else is the main agent's
        self._calls: dict[int, RunningTool] = {}  # whose arguments come in, by block index

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
                elif inner["index"] in self._calls:
                    size = len(delta["partial_json"])
                    self._calls[inner["index"]].argument_chars += size
                    self.work.chars += size
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
                self._calls[inner["index"]] = self._call(block["id"], block["name"])
        elif kind == "content_block_stop" or kind == "message_stop":
            self._end_block()

    def _drain(self) -> None:
        """Looks at the deltas that came in since the last time."""
        self._add(self._open.drain())
        self._count()

    def _end_block(self) -> None:
        blocks, thought = self._open.end()
        self._add(blocks)
        self._count()
        if thought:
            self.folded = expanded("thinking", thought)
        self._calls.clear()

    def _count(self) -> None:
        self.work.chars += self._open.chars
        self._open.chars = 0

    def _add(self, blocks: Sequence[AnswerBlock | ThoughtBlock]) -> None:
        for block in blocks:
            # How a failed call shows on the wire; what follows in the message belongs to it.
            failed = isinstance(block, AnswerBlock) and begins_api_error(block.text)
            if failed or self._failure:
                self._failure.append(block)
            else:
                self._finished.append(block)

    def _show_failure(self) -> None:
        """No result told more about it: shows the text as it came."""
        self._finished += self._failure
        self._failure = []

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
                call = self._call(block["id"], block["name"])
                call.title = visible(telling_argument(block["input"]))
                if call.display.checklist:
                    call.todos = todos_of(block["input"].get(call.display.checklist))
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
        shown, whole = outcomes.shown_prompt(text, asked=asked, known=self.sent_as.pop(text, ""))
        self.folded = whole or self.folded
        self._finished.append(PersonBlock(shown, remote))

    def _tool_result(self, block: Event, outcome: ToolOutcome) -> None:
        call = self.work.tools.pop(block["tool_use_id"], None)
        if call is None:
            call = RunningTool(block["tool_use_id"], "", self._display_of(""))
        lane = self._lanes.ended(call.tool_use_id, failed=block["is_error"])
        if call.todos is not None and not block["is_error"]:
            self.work.todos = call.todos
            self._finished.append(TodoBlock(call.todos))
            return
        seconds = None if call.started is None else self._now() - call.started
        text = coloured(outcome.get("output", text_in(block["content"])))
        finished = outcomes.finished_tool(
            call,
            text,
            is_error=block["is_error"],
            outcome=outcome,
            seconds=seconds,
            counted=not images_in(block["content"]),
            lane=lane,
        )
        self._finished.append(finished)
        if lane is not None:
            self.folded = FoldedAgents()
            return
        title = f"{call.display.word}  {call.title}".rstrip()
        if finished.hidden and finished.diff:
            self.folded = expanded(title, call.diff, diff=True)
        elif finished.hidden and text:
            self.folded = expanded(title, text, clean=sanitise)

    def _result(self, event: Event) -> None:
        self._end_block()
        self._commanded = ""
        if event["num_turns"]:
            self.work.tools.clear()
            self._lanes.clear()
            self.work.agents = self._lanes.at_work
        error = event.get("error")
        if self._failure and error is not None:
            self._failure = []
            self._finished.append(NoticeBlock("error", failure_notice(error)))
        self._show_failure()
        if event["stop_reason"] == "interrupted":
            self._finished.append(NoticeBlock("quiet", "interrupted"))
        elif event["stop_reason"] == "max_turns":
            text = (
                "No more model calls in this session (model.maxSessionTurns); /clear begins anew."
            )
            self._finished.append(NoticeBlock("warning", text))

    def _request(self, event: Event) -> None:
        request = request_of(event, self._display_of, self._lanes.name_of)
        self.work.requests[request.request_id] = request
        if request.kind in ("diff", "plan") and not request.agent:
            self._call(request.tool_use_id, request.tool_name).show_request(request)

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

    def _system(self, event: Event) -> None:
        data = event["data"]
        subtype = event["subtype"]
        if subtype == "state":
            self.work.follow_state(data, self._now())
        elif subtype == "queue":
            self.work.follow_queue(data, self._as_sent)
        elif subtype == "tool_progress":
            self._progress(data)
        elif subtype == "slash_command":
            self._end_block()
            self._show_failure()
            command = f"/{data['command']} {data['args']}".rstrip()
            self._prompt(command, remote=sender_of(data["origin"]))
            self._commanded = data["command"]
        elif subtype == "notice":
            self._finished.append(NoticeBlock(data["level"], sanitise(data["text"])))
        elif subtype == "mode_changed" or subtype == "model_changed":
            what = "approval mode" if subtype == "mode_changed" else "model"
            # What a command did is said by its answer.
            commanded, self._commanded = self._commanded, ""
            by = sender_of(data.get("origin"))
            if by and commanded != what.replace(" ", "-"):
                self._finished.append(RemoteBlock(f"set the {what} to {sanitise(data['to'])}", by))
        elif subtype == "model_retry":
            self.work.retry = retry_of(data, self._now())
        elif subtype == "hook_started" or subtype == "hook_response":
            self.work.follow_hook(data, runs=subtype == "hook_started")
        elif subtype == "session_changed":
            self.folded = None
            self._last_said = []
            self.sent_as.clear()
            self.context_tokens = 0
            self._finished.append(SessionBlock())
        elif subtype == "compact_boundary":
            self.context_tokens = data["tokens_after"]
            if data["trigger"] != "manual":  # else the command answers with the same
                text = f"conversation compacted: {data['tokens_before']} → {data['tokens_after']} tokens"
                self._finished.append(NoticeBlock("quiet", text))
        elif subtype == "rewound":
            self._rewound(data)
        else:
            if ended := self._lanes.told(subtype, data):
                self._finished += ended
                self.folded = FoldedAgents()
            self.work.agents = self._lanes.at_work

    def _rewound(self, data: Event) -> None:
        if data["conversation"]:
            self.folded, self._last_said, self.context_tokens = None, [], data["context_tokens"]
        if self._commanded not in ("rewind", "rollback"):  # else the command answers with the same
            self._finished.append(outcomes.rewound_block(data))
        self._commanded = ""

    def _as_sent(self, begin: str) -> str:
        """How the person saw the prompt that begins so."""
        found = (shown for whole, shown in self.sent_as.items() if whole.startswith(begin))
        return next(found, begin)

    def _progress(self, data: Event) -> None:
        call = self._call(data["tool_use_id"], data["tool_name"])
        if data["status"] == "started":
            call.started = self._now()
            call.title = sanitise(data["text"]) or call.title
            preview = data.get("preview") or {}
            if preview.get("kind") == "diff":
                call.diff = preview["text"]
        else:
            call.show_output(data["text"])

    def _call(self, tool_use_id: str, name: str) -> RunningTool:
        new = RunningTool(tool_use_id, name, self._display_of(sanitise(name)))
        return self.work.tools.setdefault(tool_use_id, new)


_CONTROL = ("control_request", "control_response")

_HANDLERS: dict[str, Callable[[View, Event], None]] = {
    "assistant": View._assistant,
    "user": View._user,
    "result": View._result,
    "control_request": View._request,
    "control_response": View._response,
    "system": View._system,
}
