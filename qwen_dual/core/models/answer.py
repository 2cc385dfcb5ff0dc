"""A model's deltas to the events of one message. Pure: deltas in, event bodies out.

One ``assistant`` event covers one run of blocks of one kind; block indexes start at 0 again after
each. Does not decide what follows: the turn reads ``blocks`` and ``calls`` when it is finished.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.core.models.arguments import read, read_long
from qwen_dual.core.models.model import (
    Finished,
    TextDelta,
    ThinkingDelta,
    ThoughtSoFar,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.long_json import LONG

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.core.models.model import ModelDelta, ToolSpec
    from qwen_dual.protocol.events import Event

_END = 1_000_000
"""Characters at the end of a text in which calls are looked for."""


class RequestedCall(Struct, frozen=True):
    """A tool call as the model asked for it.

    Attributes:
        arguments: what they say by the tool's schema, see ``arguments``; None where they say no
            object.
        raw: the text of the arguments.
        cut_off: the answer reached the limit of its tokens before the arguments were whole.
    """

    id: str
    name: str
    arguments: dict[str, Any] | None
    raw: str
    cut_off: bool = False


class Answer:
    """One message of the model while it comes in.

    Args:
        model: the model's name, for the events.
        emit: called with each event body, in order.
        on_kind: called with ``text``, ``thinking`` or ``tool_use`` when a run of that kind begins.
        tools: what can be called, by its name.

    Attributes:
        blocks: the finished content blocks.
        calls: the tool calls among them.
        usage: the tokens, as far as they are known.
        cut_off: it reached the limit of its tokens.
    """

    def __init__(
        self,
        model: str,
        emit: Callable[[Event], object],
        on_kind: Callable[[str], object] = lambda kind: None,
        tools: Mapping[str, ToolSpec] | None = None,
    ) -> None:
        self.model = model
        self.blocks: list[dict[str, Any]] = []
        self.calls: list[RequestedCall] = []
        self.usage = TokenUsage()
        self.cut_off = False
        self._emit = emit
        self._on_kind = on_kind
        self._tools = tools or {}
        self._next_id = events.new_uuid()
        self._started = False
        self._finished = False
        self._kind = ""  # of the run that is open
        self._run: list[dict[str, Any]] = []
        self._pieces: list[str] | None = None  # of the block that is open
        self._signature = ""
        self._call: ToolCallStart | None = None
        self._known_arguments: tuple[str, dict[str, Any] | None] | None = None

    @property
    def started(self) -> bool:
        """Whether any content has come."""
        return self._started

    @property
    def text(self) -> str:
        """All text blocks so far, joined; the open one included."""
        parts = [block["text"] for block in self.blocks if block["type"] == "text"]
        if self._kind == "text" and self._pieces:
            parts.append("".join(self._pieces))
        return "".join(parts)

    @property
    def may_hold_calls(self) -> bool:
        """Whether a call may stand at its end. Most hold none, and the patterns take 3 ms of a start."""
        text = self.text
        if len(text) > _END:
            text = text[-_END:]
        return any(sign in text for sign in "<[{")

    @property
    def is_long(self) -> bool:
        """Whether what is open holds so much that ``long_answers`` ends it."""
        return self._pieces is not None and sum(map(len, self._pieces)) > LONG

    @property
    def open_text(self) -> str:
        """What the open block consists of so far; held as one text from then on."""
        if self._pieces is None:
            return ""
        self._pieces[:] = ["".join(self._pieces)]
        return self._pieces[0]

    def call_reader(self) -> Callable[[], dict[str, Any] | None] | None:
        """What reads the arguments of the call that is open, in a thread; None where none is."""
        if self._call is None:
            return None
        raw, schema = self.open_text, self._schema(self._call)

        def read_all() -> dict[str, Any] | None:
            arguments = read_long(raw, schema)
            self._known_arguments = raw, arguments
            return arguments

        return read_all

    def _schema(self, call: ToolCallStart) -> Mapping[str, Any] | None:
        tool = self._tools.get(call.name)
        return None if tool is None else tool.parameters

    def hold(self, text: str) -> None:
        """Holds ``text`` itself in place of the last pieces, of which it consists: none are joined."""
        held, rest = self._pieces or [], len(text)
        at = len(held)
        while at and rest > 0:
            at -= 1
            rest -= len(held[at])
        if rest == 0:
            held[at:] = [text]

    def is_ended_by(self, delta: ModelDelta) -> bool:
        """Whether ``delta`` begins another block than the one that is open."""
        if isinstance(delta, ToolCallStart):
            return self._pieces is not None
        other = {"text": ThinkingDelta, "thinking": TextDelta}.get(self._kind)
        return other is not None and isinstance(delta, other)

    def feed(self, delta: ModelDelta) -> None:
        """Takes one delta and emits what follows from it."""
        # Ordered by frequency: text deltas are the hot path.
        if isinstance(delta, TextDelta):
            if delta.text:
                self._enter("text")
                self._add(delta.text)
                self._emit(events.text_delta(len(self._run), delta.text))
        elif isinstance(delta, ThinkingDelta):
            if delta.text or delta.signature:
                self._enter("thinking")
                self._signature += delta.signature
                if delta.text:
                    self._add(delta.text)
                    self._emit(events.thinking_delta(len(self._run), delta.text))
        elif isinstance(delta, ToolCallArguments):
            if self._call is not None and delta.partial_json:
                self._add(delta.partial_json)
                self._emit(events.json_delta(len(self._run), delta.partial_json))
        elif isinstance(delta, ToolCallStart):
            self._enter("tool_use")
            self._close_block()
            self._open_call(delta)
        elif isinstance(delta, ThoughtSoFar):
            self._take_text_for_thinking()
        elif isinstance(delta, TokenUsage):
            self.usage = delta
        elif isinstance(delta, Finished):
            self.cut_off = True

    def finish(self) -> None:
        """Closes what is open: the block, the run (with the usage), the message. Idempotent."""
        if self._finished:
            return
        self._finished = True
        if not self._started:
            return
        self._close_run(last=True)
        self._emit(events.message_stop())

    def close_block(self) -> None:
        """Ends the block that is open, so that what is left for ``close`` is to tell the run."""
        self._close_block(cut_off=self.cut_off)

    def close(self) -> None:
        """Ends the last run, so that all that is left for ``finish`` is to end the message."""
        if self._started and not self._finished:
            self._close_run(last=True)

    def fail(self, text: str) -> list[dict[str, Any]]:
        """Says in a block of its own that the call failed; returns the blocks before it."""
        self._close_block()
        kept = list(self.blocks)
        self.feed(TextDelta(f"\n\n{text}" if kept else text))
        self.finish()
        return kept

    def start(self) -> None:
        """Opens the message; ``feed`` does so by itself at the first content."""
        if not self._started:
            self._started = True
            self._emit(events.message_start(self._next_id, self.model))

    def _take_text_for_thinking(self) -> None:
        """Events stay as they went out; what follows from the answer takes it for thinking."""
        self._close_run(last=False)
        self._kind = ""
        self.blocks = [
            {"type": "thinking", "thinking": block["text"], "signature": ""}
            if block["type"] == "text"
            else block
            for block in self.blocks
        ]

    def _add(self, piece: str) -> None:
        if self._pieces is not None:
            self._pieces.append(piece)

    def _enter(self, kind: str) -> None:
        if self._kind == kind and (self._pieces is not None or kind == "tool_use"):
            return
        self.start()
        if self._kind != kind:
            self._close_run(last=False)
            self._kind = kind
            self._on_kind(kind)
        if kind != "tool_use":
            block = (
                {"type": "text", "text": ""}
                if kind == "text"
                else {"type": "thinking", "thinking": "", "signature": ""}
            )
            self._pieces = []
            self._emit(events.block_start(len(self._run), block))

    def _open_call(self, call: ToolCallStart) -> None:
        self._call = call = self._known(call)
        self._pieces = []
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        self._emit(events.block_start(len(self._run), block))

    def _known(self, call: ToolCallStart) -> ToolCallStart:
        """The call by its tool's own name, and with an id that is no other lane's."""
        tool = self._tools.get(call.name)
        if tool is None:  # a tool may be called by ``other_names`` too
            called = (t for t in self._tools.values() if call.name in getattr(t, "other_names", ()))
            tool = next(called, None)
        if tool is None:
            return call
        # The events of what it sets to work are told under the id of the call.
        lane_of: Callable[[str], str] | None = getattr(tool, "lane_of", None)
        return replace(call, name=tool.name, id=call.id if lane_of is None else lane_of(call.id))

    def _close_block(self, *, cut_off: bool = False) -> None:
        if self._pieces is None:
            return
        text = "".join(self._pieces)
        self._pieces = None
        block: dict[str, Any]
        if self._kind == "text":
            block = {"type": "text", "text": text}
        elif self._kind == "thinking":
            block = {"type": "thinking", "thinking": text, "signature": self._signature}
            self._signature = ""
        else:
            block = self._finished_call(text, cut_off=cut_off)
        self._emit(events.block_stop(len(self._run)))
        self._run.append(block)
        self.blocks.append(block)

    def _finished_call(self, raw: str, *, cut_off: bool) -> dict[str, Any]:
        call = self._call
        assert call is not None
        self._call = None
        # Of what was cut off only the whole is taken: half of a file's content reads as well.
        cut_off = cut_off and not _is_object(raw)
        schema = self._schema(call)
        known, self._known_arguments = self._known_arguments, None
        if known is not None and known[0] is raw:
            arguments = None if cut_off else known[1]
        else:
            arguments = None if cut_off else read(raw, schema)
        self.calls.append(RequestedCall(call.id, call.name, arguments, raw, cut_off))
        return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments or {}}

    def _close_run(self, *, last: bool) -> None:
        self._close_block(cut_off=last and self.cut_off)
        if not self._run:
            return
        self._emit(
            events.assistant(
                self._next_id,
                self.model,
                self._run,
                stop_reason="tool_use" if self._kind == "tool_use" else None,
                usage=self._wire_usage() if last else {"input_tokens": 0, "output_tokens": 0},
            )
        )
        self._run = []
        self._next_id = events.new_uuid()

    def _wire_usage(self) -> dict[str, int]:
        usage = self.usage
        if usage == TokenUsage():  # a call that failed told no numbers
            return {"input_tokens": 0, "output_tokens": 0}
        return usage.fields()


def _is_object(raw: str) -> bool:
    try:
        return isinstance(decode(raw), dict)
    except NotJson:
        return False
