"""Turns and what the session is doing: as the program tells it, or as its events show it.

Pure: events in, promises kept. ``ReportedTurns`` is for programs with receipts, states and results,
``DerivedTurns`` for those that only have the base protocol. ``tracker`` chooses.
"""

from __future__ import annotations

from collections import deque
from itertools import zip_longest
from typing import TYPE_CHECKING, Protocol

from qwen_dual.host.calls import text_in
from qwen_dual.host.errors import CommandRejected
from qwen_dual.host.promise import Promise
from qwen_dual.host.queue import QueuedPrompt
from qwen_dual.host.records import Receipt, Result
from qwen_dual.protocol.api_error import begins_api_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from qwen_dual.host.event import Event
    from qwen_dual.host.records import Request

SESSION_ENDED = "session_ended"
"""The code of a prompt that was taken and then not run, because the program ends."""

CANCELLED = "cancelled"
"""The code of one that somebody took out of the queue, and what its result then says."""


class Submitted:
    """What this host submitted: its receipt and its result, when they are there."""

    def __init__(self, command_id: str, text: str) -> None:
        self.id = command_id
        self.text = text
        self.receipt: Promise[Receipt] = Promise()
        self.review: Promise[Receipt] = Promise()
        self.result: Promise[Result] = Promise()
        self.ended_by: Event | None = None
        self.joined = ""  # the turn that it has joined

    def end(self, result: Result, event: Event | None) -> None:
        """Keeps the promise of a result."""
        self.ended_by = event
        self.result.keep(result)

    def fail(self, error: Callable[[], Exception]) -> None:
        """Says that neither will come."""
        self.receipt.fail(error)
        self.review.fail(error)
        self.result.fail(error)


def cancelled(submitted: Submitted) -> Result:
    """The result of a prompt that was taken out of the queue."""
    return Result("", False, CANCELLED, command_id=submitted.id, derived=True)


class Turns(Protocol):
    """What both ways have in common."""

    @property
    def state(self) -> str:
        """What the session does when it waits for nobody, in the words of the ``state`` event."""

    @property
    def queued(self) -> int:
        """How many prompts wait."""

    @property
    def queue(self) -> tuple[QueuedPrompt, ...]:
        """The first of them."""

    def add(self, submitted: Submitted) -> None:
        """Something is about to be submitted."""

    def drop(self, submitted: Submitted) -> None:
        """It was not taken."""

    def feed(self, event: Event) -> None:
        """Takes an event."""

    def denied(self, request: Request, event: Event) -> None:
        """A request was resolved as not allowed."""

    def fail(self, error: Callable[[], Exception]) -> None:
        """The program is gone: nothing will come any more."""


class ReportedTurns:
    """The program says what it does; a turn is known by the id of its submit.

    A prompt that joined the turn of another ends with that.

    Args:
        is_others: tells whether what an event says of a command is another host's.
    """

    def __init__(self, is_others: Callable[[Mapping[str, Any]], bool] = lambda told: False) -> None:
        self._is_others = is_others
        self.state = "idle"
        self.queued = 0
        self.queue: tuple[QueuedPrompt, ...] = ()
        self._open: dict[str, Submitted] = {}
        self._lists = False  # the program tells of the queue by itself

    def add(self, submitted: Submitted) -> None:
        """Waits for its id; sent once more, both have the one result."""
        if (known := self._open.get(submitted.id)) is not None:
            submitted.result = known.result
        self._open[submitted.id] = submitted

    def drop(self, submitted: Submitted) -> None:
        """Waits no longer."""
        self._open.pop(submitted.id, None)

    def feed(self, event: Event) -> None:
        """Takes states, receipts and results; what a sub-agent comes to is no turn's."""
        if event.parent_tool_use_id is not None:
            return
        if event.type == "result":
            result = Result.of(event)
            for command_id in self._ended_by(event, result):
                submitted = self._open.pop(command_id, None)
                if submitted is not None:
                    submitted.receipt.keep(Receipt(submitted.id, "accepted", derived=True))
                    submitted.end(result, event)
        elif event.type == "user" and event.get("steered") is True:
            submitted = self._open.get(text_in(event.raw, "command_id"))
            if submitted is not None:
                submitted.joined = text_in(event.raw, "turn_id")
        elif event.type == "system" and event.subtype == "state":
            state, queued = event.data.get("state"), event.data.get("queued")
            self.state = state if isinstance(state, str) else self.state
            self.queued = queued if isinstance(queued, int) else self.queued
            if not self._lists:
                self.queue = QueuedPrompt.all_in(event.data.get("queue"))
        elif event.type == "system" and event.subtype == "queue":
            self._lists = True
            self.queue = QueuedPrompt.all_in(event.data.get("prompts"))
        elif event.type == "system" and event.subtype == "command_receipt":
            if self._is_others(event.data):
                return
            receipt = Receipt.of(event)
            submitted = self._open.get(receipt.id)
            if submitted is not None:
                self._received(submitted, receipt)

    def _ended_by(self, event: Event, result: Result) -> Iterator[str]:
        """The ids of this host's prompts that a result is of."""
        if not self._is_others(event.raw):
            yield result.command_id or ""
        by = event.get("steered_by")
        hosts = by if isinstance(by, list) else []
        for command_id, host in zip_longest(result.steered, hosts[: len(result.steered)]):
            if not self._is_others({"host": host}):
                yield command_id

    def _received(self, submitted: Submitted, receipt: Receipt) -> None:
        if receipt.status == "held":
            submitted.receipt.keep(receipt)
            return
        submitted.review.keep(receipt)  # without a look at it first the only one
        if receipt.status == "refused":
            self.drop(submitted)
            why = receipt.message or "the person refused it"
            submitted.result.fail(lambda: CommandRejected("submit", "refused", why))
        elif receipt.status != "rejected":
            submitted.receipt.keep(receipt)
        elif not submitted.receipt.done:
            submitted.receipt.keep(receipt)
            self.drop(submitted)
        elif receipt.code == CANCELLED:
            self.drop(submitted)
            submitted.end(cancelled(submitted), None)
        elif receipt.code != SESSION_ENDED:  # of that, the exit tells with all its data
            self.drop(submitted)
            submitted.result.fail(lambda: CommandRejected("submit", receipt.code, receipt.message))

    def denied(self, request: Request, event: Event) -> None:
        """The result will say what came of it."""

    def fail(self, error: Callable[[], Exception]) -> None:
        """Fails what is open."""
        for submitted in self._open.values():
            submitted.fail(error)
        self._open.clear()


class DerivedTurns:
    """The events show it.

    * A prompt was taken when a ``user`` event repeats its text; one that is sent while a turn runs
      counts as queued. A slash command makes no turn, so nothing shows that it was taken.
    * A turn ends with the ``message_stop`` of a message without tool calls, or when every call of a
      message was denied. An answer that tells of a failed call is a failure.
    * A turn that this host interrupts ends so, or when no further event comes for a second; one whose
      calls it denies when nothing is said of it for two seconds: a ``turn_ended`` of the library's own
      stands where it was seen.
    """

    def __init__(self) -> None:
        self._word = "idle"
        self._waiting: deque[Submitted] = deque()
        self._busy = False
        self._stopping = False
        self._current: Submitted | None = None
        self._texts: list[str] = []
        self._calls: set[str] = set()
        self._denied: set[str] = set()
        self._usage: dict[str, object] = {}

    @property
    def state(self) -> str:
        """What the session is doing."""
        return self._word

    @property
    def queued(self) -> int:
        """Prompts of this host that wait for the end of a turn."""
        return len(self._waiting)

    @property
    def queue(self) -> tuple[QueuedPrompt, ...]:
        """The same prompts, as the ``state`` event would list them."""
        return tuple(QueuedPrompt(one.id, one.text[:200], "input") for one in self._waiting)

    def add(self, submitted: Submitted) -> None:
        """Waits for its text."""
        if submitted.text.startswith("/"):
            submitted.receipt.keep(Receipt(submitted.id, "unconfirmed", derived=True))
            submitted.end(Result("", False, "unknown", command_id=submitted.id, derived=True), None)
            return
        self._waiting.append(submitted)
        if self._busy or len(self._waiting) > 1:
            position = len(self._waiting)
            submitted.receipt.keep(Receipt(submitted.id, "queued", position=position, derived=True))

    def drop(self, submitted: Submitted) -> None:
        """Waits no longer."""
        if submitted in self._waiting:
            self._waiting.remove(submitted)

    def feed(self, event: Event) -> None:
        """Takes everything that the main agent says."""
        if event.parent_tool_use_id is not None:
            return
        if event.type == "user":
            self._user(event)
        elif event.type == "stream_event":
            self._stream(event)
        elif event.type == "assistant":
            for block in event.blocks:
                if block.get("type") == "tool_use":
                    self._calls.add(str(block.get("id")))
            if event.text:
                self._texts.append(event.text)
            message = event.get("message")
            usage = message.get("usage") if isinstance(message, dict) else None
            self._usage = usage if isinstance(usage, dict) else {}

    def denied(self, request: Request, event: Event) -> None:
        """The turn is over when nothing of its message may run."""
        if request.parent_tool_use_id is not None:
            return
        self._denied.add(request.tool_use_id)
        if self._busy and self._calls and self._calls <= self._denied:
            self._end("denied", event)

    def interrupting(self) -> None:
        """The turn that runs is being stopped, so its end is no ordinary one."""
        self._stopping = self._busy

    def interrupted(self, event: Event) -> None:
        """Ends the turn that runs: it was stopped, and nothing says so."""
        if self._busy:
            self._end("interrupted", event)

    def fail(self, error: Callable[[], Exception]) -> None:
        """Fails what is open."""
        for submitted in (self._current, *self._waiting):
            if submitted is not None:
                submitted.fail(error)
        self._current = None
        self._waiting.clear()

    def _user(self, event: Event) -> None:
        said = event.text.strip()
        if not said:
            return
        if self._busy:
            self._end("end_turn", event)
        self._busy, self._word = True, "thinking"
        for submitted in self._waiting:
            if said.startswith(submitted.text.strip()):
                self._waiting.remove(submitted)
                submitted.receipt.keep(Receipt(submitted.id, "accepted", derived=True))
                self._current = submitted
                break

    def _stream(self, event: Event) -> None:
        if event.subtype == "message_start":
            self._busy, self._word = True, "thinking"
            self._texts, self._usage = [], {}
            self._calls, self._denied = set(), set()
        elif event.subtype == "content_block_start":
            block = event.data.get("content_block")
            kind = block.get("type") if isinstance(block, dict) else None
            self._word = "responding" if kind == "text" else "thinking"
        elif event.subtype == "message_stop" and self._busy:
            if self._calls:
                self._word = "running_tool"
            else:
                self._end("end_turn", event)

    def _end(self, stop_reason: str, event: Event) -> None:
        if self._stopping:
            stop_reason, self._stopping = "interrupted", False
        text = "".join(self._texts)
        failed = stop_reason == "end_turn" and begins_api_error(text)
        submitted, self._current = self._current, None
        self._busy, self._word = False, "idle"
        if submitted is not None:
            result = Result(
                text=text,
                is_error=failed,
                stop_reason="error" if failed else stop_reason,
                error=text.strip() if failed else "",
                usage=dict(self._usage),
                command_id=submitted.id,
                derived=True,
            )
            submitted.end(result, event)
