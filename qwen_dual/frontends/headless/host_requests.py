"""Requests of ours to the program at the other end of stdin whose answers something waits for.

A message of an MCP server that runs in that program is one. What can go wrong (an error, no answer in
time, an end of the input, a line that would be too long) is told to whoever waits as ``HostFailed``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct, field

from qwen_dual.core.errors import HostFailed
from qwen_dual.frontends.headless.lines import LINE_BYTES
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.control import ControlResponse
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.handle import SessionHandle

LEFT = "the program at the other end has left"


class _Waiting(Struct):
    """A request that is out."""

    done: anyio.Event = field(default_factory=anyio.Event)
    response: dict[str, Any] | None = None
    error: str = ""


class HostRequests:
    """The requests that are out.

    Args:
        session: whose id the requests carry.
        send: takes messages for the other side.
    """

    def __init__(self, session: SessionHandle, send: Callable[[Event], object]) -> None:
        self._handle = session
        self._send = send
        self._waiting: dict[str, _Waiting] = {}
        self._closed = False

    async def ask(self, request: dict[str, Any], timeout: float | None) -> dict[str, Any]:
        """Sends ``request`` and returns what it is answered with.

        When the caller is cancelled, or the time is up, the other side is told to wait no more.

        Args:
            request: with its ``subtype``.
            timeout: seconds; None for as long as it takes.

        Raises:
            HostFailed: there is no answer that can be used.
        """
        if self._closed:
            raise HostFailed(LEFT)
        request_id = new_uuid()
        message: Event = {"type": "control_request", "request_id": request_id, "request": request}
        message["session_id"] = self._handle.latest.id
        size = len(encode(message))
        if size > LINE_BYTES:
            raise HostFailed(f"the message takes {size:,} bytes; a line may have {LINE_BYTES:,}")
        waiting = self._waiting[request_id] = _Waiting()
        self._send(message)
        try:
            with anyio.move_on_after(timeout):
                await waiting.done.wait()
        finally:
            # Popped here alone, so that an answer that comes with the timeout still counts.
            del self._waiting[request_id]
            if not waiting.done.is_set() and not self._closed:
                self._cancel(request_id)
        if waiting.response is None:
            raise HostFailed(waiting.error or f"there was no answer within {timeout:g} s")
        return waiting.response

    def answered(self, response: ControlResponse) -> bool:
        """Takes an answer; False when it is to no request of these."""
        waiting = self._waiting.get(response.request_id)
        if waiting is None or waiting.done.is_set():
            return False
        if response.error:
            waiting.error = response.error
        else:
            waiting.response = response.response
        waiting.done.set()
        return True

    def close(self) -> None:
        """Nobody can answer any more: what waits fails, and so does what comes."""
        self._closed = True
        for waiting in self._waiting.values():
            if not waiting.done.is_set():
                waiting.error = LEFT
                waiting.done.set()

    def _cancel(self, request_id: str) -> None:
        message: Event = {"type": "control_cancel_request", "request_id": request_id}
        message["session_id"] = self._handle.latest.id
        self._send(message)
