"""Makes a conversation that has grown too long fit again: a summary for the old, the rest as it was.

The model writes the summary, of a long one portion by portion. Where it cannot, results of tools are
cut instead, so that a session never ends for its length. Decides and builds; the turn publishes what
happened. What looks at each message runs in a thread: there may be tens of thousands.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field

from qwen_dual.core.conversation.conversation import (
    BYTES_PER_TOKEN,
    IMAGE_TOKENS,
    estimate,
    size_of,
)
from qwen_dual.core.models.model import ModelRequest, RetryWait, TokenUsage
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol.blocks import image_line, text_in
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwen_dual.core.models.model import Model
    from qwen_dual.protocol.shapes import Message

THRESHOLD = 0.7
"""The part of the context window at which a conversation is summarised."""

KEPT = 0.3
"""The part of the conversation that stays as it was: its end."""

ROOM = 0.5
"""The part of the context window that a compacted conversation may take at the most."""

LONGEST_RESULT = 1 << 16
SHORTEST_RESULT = 400
"""Characters that a result keeps however little room there is."""

NOTE_CHARS = 64
"""More than the note on what was left out takes, in bytes too: a cut that saves less is not made."""

RESULT_CHARS = 2000
"""Characters of a result that the summary is written from."""

LONGEST_TEXT = 1 << 24
SHORTEST_TEXT = 2_000
"""Characters that what was said keeps where it alone is too much."""

MOST_PORTIONS = 8
"""Calls that one summary takes at the most; what is in the middle of a longer one is left out."""

MANY_MESSAGES = 200
MANY_CHARS = 500_000
"""Beyond these a conversation is looked at in a thread: it takes more than a few milliseconds."""

SUMMARY_MARK = "The conversation so far, summarised:"

INSTRUCTION = """Summarise the conversation below for yourself, so that you can go on with the work \
without it. Keep what is needed and nothing else: what the person wants (their words where the \
wording matters), what was decided and why, which files were read or changed and how, commands that \
were run with their outcome, errors and how they were solved, what is still open and the next step. \
Write plain text under short headings. Do not address the person and do not call tools.

{before}<conversation>
{conversation}
</conversation>"""

BEFORE = """What came before it was summarised already; take over what of this is still needed:

<summary>
{summary}
</summary>

"""


class Compacted(Struct, frozen=True):
    """A shorter conversation.

    Attributes:
        messages: what takes the place of the old ones.
        summary: what the model wrote; empty where results were cut instead.
        usage: tokens of the call that wrote it.
    """

    messages: list[Message]
    summary: str = ""
    usage: TokenUsage = field(default_factory=TokenUsage)


def split(messages: Sequence[Message], most: float = math.inf) -> int:
    """Where the end that is kept begins; 0 where there is nothing to summarise.

    A result is never parted from its call.

    Args:
        messages: the conversation.
        most: tokens that the end may have, unless its last message alone has more.
    """
    sizes = _sizes(messages)
    room = min(sum(sizes) // BYTES_PER_TOKEN * KEPT, most)
    kept, best = 0, 0
    for index in range(len(messages) - 1, 0, -1):
        kept += sizes[index] // BYTES_PER_TOKEN
        if not _holds_results(messages[index]):
            if best and kept > room:
                break
            best = index
    return best


async def summarise(
    model: Model,
    messages: Sequence[Message],
    system: str,
    waits: Callable[[RetryWait], object] = lambda wait: None,
) -> Compacted | None:
    """A conversation with its older part summarised; None where there is no older part.

    Args:
        model: writes the summary.
        messages: the conversation.
        system: the system prompt.
        waits: told of each further try of a call.

    Raises:
        ModelError: a call failed.
    """
    room = int(model.context_window * ROOM)
    at, portions = await in_thread(lambda: _plan(messages, room), only_if=is_long(messages))
    if at == 0:
        return None
    summary, usage = "", TokenUsage()
    for portion in portions:
        before = BEFORE.format(summary=summary) if summary else ""
        told = INSTRUCTION.format(before=before, conversation=portion)
        request = ModelRequest(system, [_user([{"type": "text", "text": told}])])
        written, took = await _written(model, request, waits)
        summary = written or summary
        usage = usage.plus(took)
    if not summary:
        return None
    blocks = _summary_blocks(messages, at, _shortened(summary, room))
    rest = await fitted(messages[at:], room - estimate(blocks))
    if rest[0]["role"] == "user":
        rest[0] = _user([*blocks, *rest[0]["content"]])
    else:
        rest.insert(0, _user(blocks))
    return Compacted(rest, summary, usage)


async def _written(
    model: Model, request: ModelRequest, waits: Callable[[RetryWait], object]
) -> tuple[str, TokenUsage]:
    """The text of one answer, and what it took."""
    from qwen_dual.core.models.single_answer import SingleAnswer  # not for the start

    answer = SingleAnswer()
    await answer.read(model, request, waits)
    return answer.text.strip(), answer.usage


def _plan(messages: Sequence[Message], tokens: int) -> tuple[int, list[str]]:
    """Where what is kept begins, and the text of what comes before in portions of so many tokens."""
    at = split(messages, tokens / 2)
    limit = tokens * BYTES_PER_TOKEN
    portions: list[list[str]] = [[]]
    size = 0
    for part in _transcript(messages[:at]):
        took = len(encode(part))
        if took > limit:
            part = _shortened(part, len(part) * limit // took)
            took = limit
        if portions[-1] and size + took > limit:
            portions.append([])
            size = 0
        portions[-1].append(part)
        size += took
    out = len(portions) - MOST_PORTIONS
    if out > 0:
        count = sum(map(len, portions[1 : 1 + out]))
        portions[1 : 1 + out] = []
        portions[1].insert(0, f"[… {count} messages and results left out …]")
    return at, ["\n\n".join(portion) for portion in portions]


def _summary_blocks(messages: Sequence[Message], at: int, summary: str) -> list[dict[str, Any]]:
    """What takes the place of the messages before ``at``."""
    blocks = [{"type": "text", "text": f"{SUMMARY_MARK}\n\n{summary}"}]
    request = _latest_request(messages, at)
    if request is not None:
        text = f"The request being worked on:\n\n{request}"
        blocks.append({"type": "text", "text": text})
    return blocks


def fit(messages: Sequence[Message], tokens: int) -> list[Message]:
    """``messages`` within about ``tokens``: the longest results are cut until they fit.

    Then texts that would fill a quarter of it are cut. Where that is not enough the oldest messages
    go, up to a place where a conversation can begin, and at last all long texts are cut.
    """
    kept = list(messages)
    sizes = _sizes(kept)
    size = _cut(kept, sizes, tokens, LONGEST_RESULT, SHORTEST_RESULT, _cut_results)
    quarter = max(tokens * BYTES_PER_TOKEN // 4, SHORTEST_TEXT)
    size = _cut(kept, sizes, tokens, LONGEST_TEXT, quarter, _cut_texts)
    start = 0
    for index in range(1, len(kept)):
        if size // BYTES_PER_TOKEN <= tokens:
            break
        if kept[index]["role"] == "user" and not _holds_results(kept[index]):
            size -= sum(sizes[start:index])
            start = index
    kept, sizes = kept[start:], sizes[start:]
    _cut(kept, sizes, tokens, quarter, SHORTEST_TEXT, _cut_texts)
    return kept


async def fitted(messages: Sequence[Message], tokens: int) -> list[Message]:
    """What ``fit`` makes of ``messages``; the loop does not wait for it where they are many."""
    return await in_thread(lambda: fit(messages, tokens), only_if=is_long(messages))


def is_long(messages: Sequence[Message]) -> bool:
    """Whether looking at each of ``messages`` would hold up a key."""
    if len(messages) > MANY_MESSAGES:
        return True
    blocks = (cast("dict[str, Any]", block) for message in messages for block in message["content"])
    return sum(len(block.get("text", block.get("content", ""))) for block in blocks) > MANY_CHARS


def _cut(
    messages: list[Message],
    sizes: list[int],
    tokens: int,
    limit: int,
    shortest: int,
    cut: Callable[[Message, int], Message],
) -> int:
    """Cuts what is longest until ``messages`` have ``tokens``, in place; bytes that are left."""
    size = sum(sizes)
    while size // BYTES_PER_TOKEN > tokens and limit > shortest:
        limit = max(limit // 2, shortest)
        for index, message in enumerate(messages):
            if sizes[index] <= limit:
                continue
            shorter = cut(message, limit)
            if shorter is not message:
                messages[index] = shorter
                took = size_of(shorter)
                size += took - sizes[index]
                sizes[index] = took
    return size


def _sizes(messages: Sequence[Message]) -> list[int]:
    return [size_of(message) for message in messages]


def _latest_request(messages: Sequence[Message], before: int) -> str | None:
    """What the person asked last, when that is in the part that is summarised."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message["role"] == "user" and not _holds_results(message):
            if index >= before:
                return None
            said = (each["text"] for each in reversed(message["content"]) if each["type"] == "text")
            return next(said, "")[: RESULT_CHARS * 10]
    return None


def _transcript(messages: Sequence[Message]) -> Iterator[str]:
    """What is summarised, block by block, as text."""
    for message in messages:
        for block in cast("list[dict[str, Any]]", message["content"]):
            kind = block["type"]
            if kind == "text":
                yield f"{message['role']}: {block['text']}"
            elif kind == "tool_use":
                arguments = _shortened(encode(block["input"]).decode().strip(), RESULT_CHARS)
                yield f"call: {block['name']} {arguments}"
            elif kind == "tool_result":
                outcome = "error" if block["is_error"] else "result"
                yield f"{outcome}: {_shortened(text_in(block['content']), RESULT_CHARS)}"
            elif kind == "image":
                yield f"{message['role']}: {image_line(block)}"


def _cut_results(message: Message, limit: int) -> Message:
    blocks = cast("list[dict[str, Any]]", message["content"])
    if not any(block["type"] == "tool_result" and _is_longer(block, limit) for block in blocks):
        return message
    cut = [
        {**block, "content": _shortened(text_in(block["content"]), limit)}
        if block["type"] == "tool_result"
        else block
        for block in blocks
    ]
    return cast("Message", {"role": message["role"], "content": cut})


def _is_longer(result: dict[str, Any], limit: int) -> bool:
    """Whether a result holds more than ``limit`` characters, or an image."""
    content = result["content"]
    return not isinstance(content, str) or len(content) > limit


def _cut_texts(message: Message, limit: int) -> Message:
    """``message`` with nothing that was said or given to a call longer than ``limit``."""
    blocks = cast("list[dict[str, Any]]", message["content"])
    cut = [_shorter(block, limit) for block in blocks]
    if all(map(operator.is_, cut, blocks)):
        return message
    return cast("Message", {"role": message["role"], "content": cut})


def _shorter(block: dict[str, Any], limit: int) -> dict[str, Any]:
    if block["type"] == "text" and len(block["text"]) > limit + NOTE_CHARS:
        return {**block, "text": _shortened(block["text"], limit)}
    if block["type"] == "image" and limit < IMAGE_TOKENS * BYTES_PER_TOKEN:
        return {"type": "text", "text": f"{image_line(block)} left out"}
    if block["type"] == "tool_use":
        given = {
            name: _shortened(value, limit) if isinstance(value, str) else value
            for name, value in block["input"].items()
        }
        if given != block["input"]:
            return {**block, "input": given}
    return block


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit + NOTE_CHARS:
        return text
    half = limit // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def _holds_results(message: Message) -> bool:
    return any(block["type"] == "tool_result" for block in message["content"])


def _user(content: Sequence[Any]) -> Message:
    return cast("Message", {"role": "user", "content": list(content)})
