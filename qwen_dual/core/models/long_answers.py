"""Answers of megabytes: what is done with one whole is done in steps, between which keys are taken.

The loop does nothing else while it is at one thing, and to search or encode 20 MB takes tens of
milliseconds. So the text is looked through for secrets before anybody is told of it, and whoever is told
does what is theirs in steps as well (``Bus.behind``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.models.pieces import pieces, text_in
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol.long_json import long_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.core.bus import Bus
    from qwen_dual.core.models.answer import Answer
    from qwen_dual.core.models.model import ModelDelta

BREATH = 0.003
"""Seconds between two steps: to show a key takes the loop several passes."""

PACE = 0.005
"""Seconds between two pieces of a long delta: a frame of the screen has to take all that came since the
last one."""


async def take(answer: Answer, delta: ModelDelta, bus: Bus) -> None:
    """Has a long answer take a delta, or one take a long delta."""
    if answer.is_ended_by(delta):
        await look_through(answer, bus)
        answer.close_block()
        await settled(bus)
    for piece in pieces(delta):
        answer.feed(piece)
        await anyio.sleep(PACE)
    answer.hold(text_in(delta))


async def end(answer: Answer, bus: Bus) -> None:
    """Has a long answer told and saved, one after the other, and waits until it is."""
    await look_through(answer, bus)
    for step in (answer.close_block, answer.close, answer.finish):
        step()
        await settled(bus)


async def look_through(answer: Answer, bus: Bus) -> None:
    """Has it known which secrets stand in the block that is open, and what a call's arguments say."""
    reader = answer.call_reader()
    texts: Iterable[str] = (answer.open_text,)
    if reader is not None:
        texts = long_texts(await in_thread(reader, only_if=answer.is_long))
    for text in texts:
        for _ in bus.secrets.look_through(text):
            await anyio.sleep(BREATH)


async def settled(bus: Bus) -> None:
    """Waits until those who were told of the answer are through with it."""
    await anyio.sleep(BREATH)
    while bus.behind:  # noqa: ASYNC110 - observers are told things, and tell nothing themselves
        await anyio.sleep(BREATH)
