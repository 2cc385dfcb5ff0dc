"""Everything a host knows of a session, from its events alone. Synchronous, and does no I/O."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from qwen_dual.host.agents import Agents
from qwen_dual.host.calls import text_in
from qwen_dual.host.draft import Drafts
from qwen_dual.host.event import LOCAL, Event, Skipped
from qwen_dual.host.mcp import McpServer, take
from qwen_dual.host.present import PresentHost, present_in
from qwen_dual.host.promise import Promise
from qwen_dual.host.records import UNKNOWN, Greeting, Receipt, Request, Resolution
from qwen_dual.host.rewind import RewindPoints, Rewound
from qwen_dual.host.turns import DerivedTurns, ReportedTurns
from qwen_dual.host.usage import ModelUsage

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.host.turns import Turns

REMEMBERED = 256
"""Resolved requests that are kept, for answers that come late."""


ANSWERS = ("sessions", "completions", "models", "modes", "export")
"""What answers a command, and names its id."""


class Tracker:
    """Follows one session.

    Attributes:
        started: kept with the ``session_start``.
        greeting: who is hosted; ``UNKNOWN`` before that.
        session_id: the session; changes when the person begins another.
        model: the model in force; empty for a program that does not say.
        approval_mode: the approval mode likewise.
        agents: the sub-agents.
        pending: the requests that wait for an answer, the oldest first.
        receipts: what waits for a receipt, by the command's id.
        lost: events of the program that never came here.
        mcp_servers: the MCP servers by name, as far as the program tells of them.
        mcp_complete: kept with the next event that tells of all of them.
        requested: kept with the next request that waits for an answer.
        rewind_points: kept with the next event that tells of the prompts to go back to.
        usage: what the last model call took; None before the first.
        asked: what waits for the event that answers a command, by its id.
        rewinds: what waits for what a ``rewind`` did, by the command's id.
        drafts: what waits for what the person is typing.
        hosts: those that share the session, as far as it tells.
        events: how many came.
        last_event: what the last one was.
        ended: ``session_end`` came.
        on_request: called with each new request.
        on_resolved: called with the id of each request that was resolved.
    """

    def __init__(self) -> None:
        self.started: Promise[Greeting] = Promise()
        self.greeting = UNKNOWN
        self.session_id: str | None = None
        self.model = ""
        self.approval_mode = ""
        self.turns: Turns = DerivedTurns()
        self.agents = Agents()
        self.pending: dict[str, Request] = {}
        self.receipts: dict[str, Promise[Receipt]] = {}
        self.lost = 0
        self.mcp_servers: dict[str, McpServer] = {}
        self.mcp_complete: Promise[None] = Promise()
        self.rewind_points: Promise[RewindPoints] = Promise()
        self.requested: Promise[Request] = Promise()
        self.asked: dict[str, Promise[Event]] = {}
        self.rewinds: dict[str, Promise[Rewound]] = {}
        self.drafts = Drafts()
        self.usage: ModelUsage | None = None
        self.hosts: tuple[PresentHost, ...] = ()
        self.events = 0
        self.last_event = ""
        self.ended = False
        self.on_request: Callable[[Request], None] | None = None
        self.on_resolved: Callable[[str], None] | None = None
        self._last_seq: int | None = None
        self._answers: dict[str, Promise[Resolution]] = {}
        self._resolved: OrderedDict[str, Resolution] = OrderedDict()
        self._gone: Callable[[], Exception] | None = None

    @property
    def state(self) -> str:
        """What the session is doing, in the words of the ``state`` event."""
        return "awaiting_approval" if self.pending else self.turns.state

    def feed(self, event: Event) -> Skipped | None:
        """Takes the next event; what is missing right before it is returned, if anything is."""
        if event.type == LOCAL:
            return None
        self.events += 1
        self.last_event = event.kind
        self.session_id = event.session_id or self.session_id
        missing = self._count(event)
        if event.type == "system":
            self._system(event)
        elif event.type == "control_request":
            self._request(event)
        elif event.type == "control_response":
            self._response(event)
        elif event.type == "user" and self._is_prompt(event) and not self.greeting.told:
            self.drop_requests()  # a new prompt runs: they were dismissed, and nothing said so
        elif event.type == "assistant" and not self.greeting.told:
            self.usage = ModelUsage.derived(event, self.usage) or self.usage
        self.agents.feed(event)
        self.turns.feed(event)
        return missing

    def receipt(self, command_id: str) -> Promise[Receipt]:
        """The promise of a command's receipt; the caller takes it out of ``receipts`` again."""
        promise = self.receipts[command_id] = Promise()
        if self._gone is not None:
            promise.fail(self._gone)
        return promise

    def resolution(self, request_id: str) -> Promise[Resolution]:
        """The promise of a request's end, which may be kept already."""
        known = self._resolved.get(request_id)
        if known is None:
            promise = self._answers.setdefault(request_id, Promise())
        else:
            promise = Promise()
            promise.keep(known)
        if self._gone is not None:
            promise.fail(self._gone)
        return promise

    def resolved(self, request_id: str) -> Resolution | None:
        """How a request ended, if that is known."""
        return self._resolved.get(request_id)

    def finish(self, error: Callable[[], Exception]) -> None:
        """The program is gone: whoever waits gets ``error()``."""
        self._gone = error
        self.started.fail(error)
        self.turns.fail(error)
        self.agents.fail(error)
        self.mcp_complete.fail(error)
        self.rewind_points.fail(error)
        self.requested.fail(error)
        for rewind in self.rewinds.values():
            rewind.fail(error)
        for asked in self.asked.values():
            asked.fail(error)
        self.drafts.fail(error)
        for receipt in self.receipts.values():
            receipt.fail(error)
        for answer in self._answers.values():
            answer.fail(error)
        self.receipts.clear()
        self._answers.clear()
        self.drop_requests()

    def assume_denied(self, request_id: str) -> Request | None:
        """Resolves a request whose denial was sent and not confirmed; None if it was resolved."""
        request = self._pop(request_id)
        if request is not None:
            self._resolve(Resolution(request_id, allowed=False))
        return request

    def drop_requests(self) -> None:
        """Nobody waits for an answer any more, though no event says so."""
        for request_id in tuple(self.pending):
            self._pop(request_id)
            self._keep_promise(Resolution(request_id, None))
            if self.on_resolved is not None:
                self.on_resolved(request_id)

    @staticmethod
    def _is_prompt(event: Event) -> bool:
        return bool(event.text) and event.parent_tool_use_id is None

    def _count(self, event: Event) -> Skipped | None:
        seq = event.seq
        if seq is None or event.data.get("resumed"):
            return None  # a greeting that is told again; a gap behind it says what is missing
        last, missing = self._last_seq, None
        if event.type == "system" and event.subtype == "gap":
            dropped = event.data.get("dropped")
            self.lost += dropped if isinstance(dropped, int) else 0
        elif last is not None and seq > last + 1:
            self.lost += seq - last - 1
            missing = Skipped(
                seq - last - 1, last + 1, seq - 1, where="channel", offset=event.offset
            )
        # A request that is told again has a number that was there before.
        self._last_seq = seq if last is None else max(last, seq)
        return missing

    def _system(self, event: Event) -> None:
        if event.subtype == "session_start":
            if not self.started.done:
                self.greeting = Greeting.of(event)
                self.model, self.approval_mode = self.greeting.model, self.greeting.approval_mode
                if self.greeting.told:
                    self.turns = ReportedTurns(self.greeting.is_others)
            self.started.keep(self.greeting)
        elif event.subtype == "usage":
            self.usage = ModelUsage.of(event)
        elif event.parent_tool_use_id is not None:
            return  # a sub-agent's model and mode are its own
        elif event.subtype == "model_changed":
            self.model = text_in(event.data, "to") or self.model
        elif event.subtype == "mode_changed":
            self.approval_mode = text_in(event.data, "to") or self.approval_mode
        elif event.subtype == "hosts_changed":
            self.hosts = present_in(event)
        elif event.subtype == "mcp":
            take(self.mcp_servers, event)
            if event.data.get("complete") is True:
                done, self.mcp_complete = self.mcp_complete, Promise()
                done.keep(None)
        elif event.subtype == "rewind_points":
            told, self.rewind_points = self.rewind_points, Promise()
            told.keep(RewindPoints.of(event))
        elif event.subtype in ("rewound", "rewind_preview"):
            rewind = self.rewinds.pop(text_in(event.data, "command_id"), None)
            if rewind is not None:
                rewind.keep(Rewound.of(event))
        elif event.subtype in ANSWERS:
            asked = self.asked.pop(text_in(event.data, "command_id"), None)
            if asked is not None:
                asked.keep(event)
        elif event.subtype == "draft":
            self.drafts.feed(event)
        elif event.subtype == "session_end":
            self.ended = True
        elif event.subtype == "command_receipt" and not self.greeting.is_others(event.data):
            receipt = Receipt.of(event)
            self.drafts.receipt(receipt.id)
            promise = self.receipts.pop(receipt.id, None)
            if promise is not None:
                promise.keep(receipt)

    def _request(self, event: Event) -> None:
        if not isinstance(event.get("request_id"), str):
            return  # nobody could answer it
        request = Request.of(event)
        if request.id not in self.pending and request.id not in self._resolved:
            request = replace(request, agent=self.agents.request(request))
            self.pending[request.id] = request
            told, self.requested = self.requested, Promise()
            told.keep(request)
            if self.on_request is not None:
                self.on_request(request)

    def _response(self, event: Event) -> None:
        response = event.get("response")
        if not isinstance(response, dict):
            return
        request_id = response.get("request_id")
        if not isinstance(request_id, str):
            return
        if response.get("subtype") == "error":
            late = self._resolved.get(request_id) or Resolution(request_id, None)
            self._keep_promise(late)
            return
        inner = response.get("response")
        allowed = inner.get("allowed") is True if isinstance(inner, dict) else None
        by = response.get("resolved_by")
        request = self._pop(request_id)
        reason = text_in(inner, "message") if isinstance(inner, dict) else ""
        by = by if isinstance(by, str) else None
        self._resolve(Resolution(request_id, allowed, by, reason=reason))
        if request is not None and allowed is False:
            self.turns.denied(request, event)

    def _pop(self, request_id: str) -> Request | None:
        """The request, which waits no longer."""
        request = self.pending.pop(request_id, None)
        if request is not None:
            self.agents.resolved(request)
        return request

    def _resolve(self, resolution: Resolution) -> None:
        self._resolved[resolution.request_id] = resolution
        if len(self._resolved) > REMEMBERED:
            self._resolved.popitem(last=False)
        self._keep_promise(resolution)
        if self.on_resolved is not None:
            self.on_resolved(resolution.request_id)

    def _keep_promise(self, resolution: Resolution) -> None:
        promise = self._answers.pop(resolution.request_id, None)
        if promise is not None:
            promise.keep(resolution)
