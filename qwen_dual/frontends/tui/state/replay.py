"""An earlier conversation on the screen: its events through the view once more. Pure.

Recorded messages come whole, without the stream that once brought them; the view gets it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import MarkBlock, PictureBlock
from qwen_dual.frontends.tui.state.live_state import Work
from qwen_dual.protocol import events as build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.frontends.tui.state.view import View
    from qwen_dual.protocol.events import Event

MAX_BLOCKS = 200
"""How much of it is shown: the end."""


MAX_PICTURES = 8
"""How many images of it are drawn: the latest."""


def replay(
    view: View, events: Sequence[Event], pictures: Callable[[Event], Sequence[Block]] | None = None
) -> None:
    """Gives ``view`` the end of an earlier conversation, as if it had just happened.

    What was left open (a call without a result, a request) is not taken over.

    Args:
        view: shows it.
        events: of it.
        pictures: gives the images that an event tells of, where they are drawn.
    """
    before, work = view.take(), view.work
    view.work = Work()
    streamed = any(event["type"] == "stream_event" for event in events)
    blocks: list[Block] = []
    for event in events:
        for one in (event,) if streamed else with_stream(event):
            view(one)
        if pictures is not None and (drawn := pictures(event)):
            blocks += [*view.take(), *drawn]
    view.settle()
    blocks += view.take()
    left_out = max(0, sum(isinstance(block, PictureBlock) for block in blocks) - MAX_PICTURES)
    shown = []
    for block in blocks:
        if isinstance(block, PictureBlock) and left_out:
            left_out -= 1
        elif not isinstance(block, MarkBlock):
            shown.append(block)  # a mark is of another stream, with numbers of its own
    view.work = work
    view.put_back([*before, *shown[-MAX_BLOCKS:]])


def with_stream(event: Event) -> Iterator[Event]:
    """``event``, and before it, where it is a whole message, the stream that once brought it."""
    if event["type"] == "assistant":
        message = event["message"]
        yield build.message_start(message["id"], message["model"])
        for index, block in enumerate(message["content"]):
            yield from _block(index, block)
    yield event


def _block(index: int, block: Event) -> Iterator[Event]:
    kind = block["type"]
    if kind == "text":
        yield build.block_start(index, {"type": "text", "text": ""})
        yield build.text_delta(index, block["text"])
        yield build.block_stop(index)
    elif kind == "thinking":
        yield build.block_start(index, {"type": "thinking", "thinking": "", "signature": ""})
        yield build.thinking_delta(index, block["thinking"])
        yield build.block_stop(index)
