"""Sends commands and waits for what tells that they arrived, in both kinds of program."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from qwen_dual.host.errors import CommandRejected, HostTimeout, NotSupported
from qwen_dual.host.promise import Promise
from qwen_dual.host.records import Receipt, Resolution
from qwen_dual.host.turns import Submitted, cancelled
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from qwen_dual.host.event import Event
    from qwen_dual.host.feed import Feed
    from qwen_dual.host.hosted import Hosted
    from qwen_dual.host.mcp import McpServer
    from qwen_dual.host.records import Allow, Greeting, Result
    from qwen_dual.host.rewind import RewindPoints, Rewound

T = TypeVar("T")
CONFIRMATION = "confirmation_response"
DENIAL_SETTLE = 2.0
"""Seconds after which a denial counts as taken by a program with the base protocol alone: Qwen Code 0.24
confirms an approval, and of a denial says nothing."""


class Commands:
    """The way to one program.

    Args:
        process: what carries the lines.
        feed: what the events say of them.
        timeout: seconds until a command has to be acknowledged.
    """

    def __init__(self, process: Hosted, feed: Feed, timeout: float) -> None:
        self._process = process
        self._feed = feed
        self._tracker = feed.tracker
        self._timeout = timeout

    @property
    def greeting(self) -> Greeting:
        """Who is hosted."""
        return self._tracker.greeting

    @property
    def state(self) -> str:
        """What the session is doing."""
        return self._tracker.state

    def check_running(self) -> None:
        """Raises ``SessionExited`` where nothing can be sent any more."""
        if self._process.finished:
            raise self._process.gone()

    async def submit(
        self,
        text: str,
        when_busy: str,
        content: Sequence[Mapping[str, Any]] = (),
        *,
        review: bool = False,
        images: bool = False,
    ) -> tuple[Submitted, Receipt]:
        """Submits and waits for the receipt, or for what takes its place."""
        self.check_running()
        # To a program that does not know what a review is, the prompt would go as it is.
        if review and "get_draft" not in self.greeting.supported_commands:
            raise NotSupported("submit with review", self.greeting.agent)
        told, turns = self.greeting.told, self._tracker.turns
        if when_busy == "steer" and "edit_queued" not in self.greeting.supported_commands:
            raise NotSupported("submit with when_busy: steer", self.greeting.agent)
        submitted = Submitted(new_uuid(), text)
        command: dict[str, Any] = {"type": "submit", "text": text}
        if told:
            command |= {"id": submitted.id, "when_busy": when_busy}
            command |= {"review": True} if review else {}
            command |= {"include": ["images"]} if images else {}
            if content:
                command["content"] = list(content)
        elif content:
            raise NotSupported("submit with content", self.greeting.agent)
        elif not text.strip():
            raise CommandRejected("submit", "empty", "the text of a submit must not be empty")
        elif when_busy == "reject" and self._tracker.state != "idle":
            raise CommandRejected("submit", "busy", f"the session is {self._tracker.state}")
        turns.add(submitted)
        taken = False
        try:
            await self.send(command)
            receipt = await self.within("receipt for submit", submitted.receipt.wait())
            taken = receipt.status not in ("rejected", "duplicate")
        finally:
            if not taken:
                turns.drop(submitted)
        if not taken:
            raise CommandRejected("submit", receipt.code or receipt.status, receipt.message)
        return submitted, receipt

    async def submit_as(self, submitted: Submitted, fields: dict[str, Any]) -> Receipt:
        """Submits under an id of the caller's; the receipt, whatever it says."""
        self.check_running()
        turns = self._tracker.turns
        turns.add(submitted)
        taken = False
        try:
            await self.send({"type": "submit", "id": submitted.id, **fields})
            receipt = await self.within("receipt for submit", submitted.receipt.wait())
            taken = receipt.status != "rejected"
        finally:
            if not taken:
                turns.drop(submitted)
        return receipt

    def done(self, submitted: Submitted, result: Result) -> None:
        """What was submitted has ended, as its receipt says."""
        self._tracker.turns.drop(submitted)
        submitted.end(result, None)

    async def cancel(self, submitted: Submitted) -> bool:
        """Takes a prompt out of the queue; False if it is not there any more."""
        try:
            await self.command("cancel", {"target": submitted.id})
        except CommandRejected:
            return False
        self._tracker.turns.drop(submitted)
        submitted.review.keep(Receipt(submitted.id, "cancelled", derived=True))
        submitted.end(cancelled(submitted), None)
        return True

    async def approve(self, request_id: str, how: Allow) -> Resolution:
        """Allows a call."""
        more: dict[str, Any] = {}
        if how.updated_input is not None:
            more["updated_input"] = dict(how.updated_input)
        if how.remember is not None:
            more["remember"] = how.remember
        if how.mode is not None:
            more["mode"] = how.mode
        if more and not self.greeting.told:
            raise NotSupported(f"{next(iter(more))} of an approval", self.greeting.agent)
        return await self._answer(request_id, allowed=True, more=more)

    async def deny(self, request_id: str, reason: str | None) -> Resolution:
        """Refuses a call."""
        more = {} if reason is None else {"message": reason}
        return await self._answer(request_id, allowed=False, more=more)

    async def command(
        self, kind: str, fields: dict[str, Any], command_id: str | None = None
    ) -> Receipt:
        """Sends any command that the program knows, under an id of its own unless given."""
        if kind not in self.greeting.supported_commands:
            raise NotSupported(kind, self.greeting.agent)
        self.check_running()
        receipt = await self._round_trip({"type": kind, **fields}, command_id)
        if receipt.status == "rejected":
            raise CommandRejected(kind, receipt.code, receipt.message)
        return receipt

    async def mcp_status(self) -> list[McpServer]:
        """What the MCP servers are now."""
        complete = self._tracker.mcp_complete
        await self.command("mcp_status", {})
        await self.within("mcp", complete.wait())
        return list(self._tracker.mcp_servers.values())

    async def ask(self, kind: str, fields: dict[str, Any]) -> Event:
        """The event that answers a command, which comes with its receipt and names its id."""
        command_id = new_uuid()
        told: Promise[Event] = Promise()
        self._tracker.asked[command_id] = told
        try:
            await self.command(kind, fields, command_id)
            return await self.within(f"answer to {kind}", told.wait())
        finally:
            self._tracker.asked.pop(command_id, None)

    async def rewind_points(self) -> RewindPoints:
        """The prompts that one can go back to."""
        told = self._tracker.rewind_points
        await self.command("rewind_points", {})
        return await self.within("rewind_points", told.wait())

    async def rewind(self, fields: dict[str, Any]) -> Rewound:
        """Goes back, or previews it; what it did is told after its receipt."""
        command_id = new_uuid()
        done: Promise[Rewound] = Promise()
        self._tracker.rewinds[command_id] = done
        try:
            await self.command("rewind", fields, command_id)
            return await self.within("rewound", done.wait())
        finally:
            self._tracker.rewinds.pop(command_id, None)

    async def _answer(self, request_id: str, *, allowed: bool, more: dict[str, Any]) -> Resolution:
        known = self._tracker.resolved(request_id)
        if known is not None:
            return known
        self.check_running()
        if request_id not in self._tracker.pending:
            message = f"there is no request {request_id!r}"
            raise CommandRejected(CONFIRMATION, "unknown_request", message)
        answer = {"type": CONFIRMATION, "request_id": request_id, "allowed": allowed, **more}
        promise = self._tracker.resolution(request_id)
        receipt = await self._round_trip(answer)
        if receipt.status == "rejected" and receipt.code != "unknown_request":
            raise CommandRejected(CONFIRMATION, receipt.code, receipt.message)
        if not self.greeting.told and not allowed:
            with anyio.move_on_after(DENIAL_SETTLE):
                await promise.wait()
            self._feed.assume_denied(request_id)
        found = await self.within("control_response", promise.wait())
        in_time = receipt.status != "rejected" and found.allowed is allowed
        return replace(found, in_time=in_time)

    async def _round_trip(self, command: dict[str, Any], command_id: str | None = None) -> Receipt:
        command_id = command_id or new_uuid()
        if not self.greeting.told:
            await self.send(command)
            return Receipt(command_id, "unconfirmed", derived=True)
        promise = self._tracker.receipt(command_id)
        try:
            await self.send({**command, "id": command_id})
            return await self.within(f"receipt for {command['type']}", promise.wait())
        finally:
            self._tracker.receipts.pop(command_id, None)

    async def send(self, command: Mapping[str, Any]) -> None:
        """Hands over a command when the program is sure to read it."""
        await self._process.ready_for_commands()
        self.check_running()
        try:
            self._process.send(encode(command))
        except OSError as error:
            raise self._process.gone() from error

    async def within(self, what: str, waiting: Awaitable[T]) -> T:
        """What comes of ``waiting``.

        Raises:
            HostTimeout: it did not come in the session's time; ``what`` names it.
        """
        with anyio.move_on_after(self._timeout):
            return await waiting
        raise HostTimeout(what, self._timeout, self._tracker.state)
