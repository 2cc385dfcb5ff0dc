"""Requests to the program at the other end: an answer, an error, silence, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.errors import HostFailed
from qwen_dual.frontends.headless.host_requests import LEFT, HostRequests
from qwen_dual.frontends.headless.lines import LINE_BYTES
from qwen_dual.protocol.control import ControlResponse
from qwen_dual.runtime.handle import SessionHandle
from tests.support.fakes import FakeModel, Host

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Side:
    """The other side: what it was sent."""

    def __init__(self) -> None:
        host = Host(FakeModel())
        self.session_id = host.bus.session_id
        self.sent: list[dict[str, Any]] = []
        self._told = anyio.Event()
        self.requests = HostRequests(SessionHandle(host.session), self._take)

    def _take(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        self._told.set()

    async def asked(self) -> str:
        """The id of the first request, once there is one."""
        await self._told.wait()
        return self.sent[0]["request_id"]  # type: ignore[no-any-return]


def run(test: Callable[[Side], Awaitable[None]]) -> None:
    async def main() -> None:
        with anyio.fail_after(20):
            await test(Side())

    anyio.run(main)


def test_an_answer_reaches_whoever_asked() -> None:
    async def test(side: Side) -> None:

        async def answer() -> None:
            request_id = await side.asked()
            assert not side.requests.answered(ControlResponse("another", {"x": 1}))
            assert side.requests.answered(ControlResponse(request_id, {"x": 2}))
            assert not side.requests.answered(ControlResponse(request_id, {"x": 3}))

        async with anyio.create_task_group() as group:
            group.start_soon(answer)
            assert await side.requests.ask({"subtype": "mcp_message"}, 10) == {"x": 2}
        [request] = side.sent
        assert request["type"] == "control_request"
        assert request["request"] == {"subtype": "mcp_message"}
        assert request["session_id"] == side.session_id

    run(test)


def test_an_error_is_told_in_its_words() -> None:
    async def test(side: Side) -> None:

        async def answer() -> None:
            side.requests.answered(ControlResponse(await side.asked(), error="no such server"))

        async with anyio.create_task_group() as group:
            group.start_soon(answer)
            with pytest.raises(HostFailed, match="no such server"):
                await side.requests.ask({"subtype": "mcp_message"}, 10)

    run(test)


def test_silence_ends_with_the_time_and_the_other_side_is_told() -> None:
    async def test(side: Side) -> None:
        with pytest.raises(HostFailed, match="no answer within 0 s"):
            await side.requests.ask({"subtype": "mcp_message"}, 0)
        request, cancel = side.sent
        assert cancel["type"] == "control_cancel_request"
        assert cancel["request_id"] == request["request_id"]
        assert not side.requests.answered(ControlResponse(request["request_id"], {}))

    run(test)


def test_whoever_waits_no_more_says_so() -> None:
    async def test(side: Side) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(side.requests.ask, {"subtype": "mcp_message"}, None)
            await side.asked()
            group.cancel_scope.cancel()
        assert [message["type"] for message in side.sent] == [
            "control_request",
            "control_cancel_request",
        ]

    run(test)


def test_the_end_of_the_input_fails_what_waits_and_what_comes() -> None:
    async def test(side: Side) -> None:

        async def leave() -> None:
            await side.asked()
            side.requests.close()

        async with anyio.create_task_group() as group:
            group.start_soon(leave)
            with pytest.raises(HostFailed, match=LEFT):
                await side.requests.ask({"subtype": "mcp_message"}, 10)
        with pytest.raises(HostFailed, match=LEFT):
            await side.requests.ask({"subtype": "mcp_message"}, 10)
        assert len(side.sent) == 1

    run(test)


def test_what_no_line_can_hold_is_not_sent() -> None:
    async def test(side: Side) -> None:
        with pytest.raises(HostFailed, match="a line may have 65,000"):
            await side.requests.ask({"subtype": "mcp_message", "message": "x" * LINE_BYTES}, 10)
        assert side.sent == []

    run(test)
