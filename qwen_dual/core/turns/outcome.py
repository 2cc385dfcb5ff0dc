"""What calls came to: for the model, and for whoever shows it how each ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.core.models.model import TokenUsage
from qwen_dual.protocol import MAX_RESULT_BYTES
from qwen_dual.protocol.ansi import without_colours
from qwen_dual.protocol.blocks import (
    MAX_IMAGE_CHARS,
    image_block,
    image_line,
    is_image,
    joined,
    media_type_of,
    text_block,
    why_unusable,
    with_text,
)
from qwen_dual.protocol.codec import bound_text, escaped_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.protocol.shapes import ImageBlock, ResultContent, TextBlock, ToolOutcome

MIN_OUTPUT_BYTES = 4_000
"""What the output may take however long the text is."""

MIN_BLOCK_BYTES = 300
"""What a block of text may take after others that took all the room."""

MAX_BLOCKS = 200
"""Blocks of one result; the text of more is left out with them."""


class Outcome(Struct):
    """What became of the calls of one message.

    Attributes:
        results: the ``tool_result`` blocks, in the order of the calls.
        denials: tool name, id and input of each call that was not allowed.
        stopped: every call was denied without a reason, so there is nothing to tell the model.
        usage: the tokens that it took to judge them.
    """

    results: list[dict[str, Any]] = field(default_factory=list)
    denials: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False
    usage: TokenUsage = TokenUsage()

    def add_usage(self, usage: TokenUsage) -> None:
        """Counts tokens that it took to judge a call."""
        self.usage = TokenUsage(
            self.usage.input_tokens + usage.input_tokens,
            self.usage.output_tokens + usage.output_tokens,
            self.usage.cache_read_input_tokens + usage.cache_read_input_tokens,
        )

    def add_text(self, text: str) -> None:
        """Tells the model ``text`` with the last result."""
        last = self.results[-1]
        last["content"] = with_text(last["content"], after=f"\n\n{text}")


def content_of(result: ToolResult, scrub: Callable[[str], str]) -> ResultContent:
    """What of a result the model gets, and the wire: without secrets, bounded, and usable.

    A tool may hand on what others gave it. An image is checked here once, since one that a service
    refuses would be refused again with each later request of the conversation.

    Args:
        result: what the tool gave.
        scrub: takes secrets out.
    """
    if isinstance(result.content, str):
        return bound_text(scrub(result.content))
    blocks: list[TextBlock | ImageBlock] = []
    room, room_for_images = MAX_RESULT_BYTES, MAX_IMAGE_CHARS
    for block in result.content[:MAX_BLOCKS]:
        if is_image(block) and block["type"] == "image":
            data = block["source"]["data"]
            why = why_unusable(block, room_for_images)
            if not why:
                room_for_images -= len(data)
                blocks.append(image_block(media_type_of(data) or "", data))
                continue
            text = f"{image_line(block)} was left out: {why}."
        else:
            text = scrub(str(block.get("text", "")))
            if not text.strip():  # services refuse an empty block
                continue
        text = bound_text(text, max(room, MIN_BLOCK_BYTES))
        room -= escaped_size(text)
        blocks.append(text_block(text))
    if (left := len(result.content) - MAX_BLOCKS) > 0:
        blocks.append(text_block(f"[… {left} more blocks left out …]"))
    return joined(blocks)


def outcome_of(
    result: ToolResult, text: str, scrub: Callable[[str], str], seconds: float | None
) -> ToolOutcome:
    """The ``tool_use_result`` for a result.

    Args:
        result: what the tool gave.
        text: of it, what the model gets.
        scrub: takes secrets out.
        seconds: how long the call ran; None where it did not.
    """
    outcome: ToolOutcome = {}
    shown = result.shown
    if shown is not None:
        output = _scrubbed(shown.output, scrub)
        if output != text:
            room = max(MIN_OUTPUT_BYTES, MAX_RESULT_BYTES - escaped_size(text))
            outcome["output"] = bound_text(output, room)
        if shown.exit_code is not None:
            outcome["exit_code"] = shown.exit_code
        if shown.signal:
            outcome["signal"] = shown.signal
        if shown.note:
            outcome["note"] = shown.note
    if seconds is not None:
        outcome["duration_ms"] = round(seconds * 1000)
    return outcome


def _scrubbed(output: str, scrub: Callable[[str], str]) -> str:
    """``output`` without secrets: a colour in the middle of one would hide it."""
    bare = without_colours(output)
    clean = scrub(bare)
    return output if clean == bare else clean
