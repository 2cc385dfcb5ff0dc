"""How much one WebSocket may say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.web.limits import Flood, Limit, LimitedReceive

if TYPE_CHECKING:
    from starlette.types import Message

LIMIT = Limit(burst=3, rate=1.0, burst_bytes=100, byte_rate=10.0, message_bytes=50)


def taken(*messages: tuple[float, Message]) -> int:
    """How many come through that came at these seconds, before it is a flood."""
    now = [0.0]
    waiting = list(messages)

    async def receive() -> Message:
        now[0], message = waiting.pop(0)
        return message

    async def main() -> int:
        limited = LimitedReceive(receive, LIMIT, lambda: now[0])
        for number in range(len(messages)):
            try:
                await limited()
            except Flood:
                return number
        return len(messages)

    return anyio.run(main)


def text(size: int) -> Message:
    return {"type": "websocket.receive", "text": "x" * size}


def test_a_burst_is_let_through_and_no_more() -> None:
    assert taken(*[(0.0, text(1))] * 5) == 3


def test_a_steady_rate_goes_on_for_ever() -> None:
    assert taken(*[(float(second), text(1)) for second in range(100)]) == 100


def test_bytes_count_too_in_either_form() -> None:
    data: Message = {"type": "websocket.receive", "bytes": b"x" * 50}
    assert taken((0.0, data), (0.0, text(50)), (0.0, text(1))) == 2
    assert taken((0.0, data), (0.0, text(50)), (1.0, text(5))) == 3


def test_a_message_that_is_too_long_is_a_flood() -> None:
    assert taken((0.0, text(51))) == 0


def test_what_is_no_message_of_the_page_is_not_counted() -> None:
    ends: Message = {"type": "websocket.disconnect", "code": 1000}
    assert taken(*[(0.0, ends)] * 9) == 9


def test_a_flood_says_what_was_too_much() -> None:
    async def receive() -> Message:
        return text(51)

    async def main() -> None:
        with pytest.raises(Flood, match="51 bytes is longer than 50"):
            await LimitedReceive(receive, LIMIT)()

    anyio.run(main)
