"""Makes a conversation that has grown too long fit again: a summary for the old, the rest as it was.

The model writes the summary. Where it cannot, results of tools are cut instead, so that a session
never ends for its length. Decides and builds; the turn publishes what happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.core.conversation import BYTES_PER_TOKEN, estimate
from qwen_dual.core.model import ModelRequest, TextDelta, ThoughtSoFar, TokenUsage
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.model import Model
    from qwen_dual.protocol.shapes import Message

THRESHOLD = 0.7
"""The part of the context window at which a conversation is summarised."""

KEPT = 0.3
"""The part of the conversation that stays as it was: its end."""

ROOM = 0.5
"""The part of the context window that a compacted conversation may take at the most."""

SHORTEST_RESULT = 400
"""Characters that a result keeps however little room there is."""

NOTE_CHARS = 64
"""More than the note on what was left out takes, in bytes too: a cut that saves less is not made."""

RESULT_CHARS = 2000
"""Characters of a result that the summary is written from."""

SUMMARY_MARK = "The conversation so far, summarised:"

INSTRUCTION = """Summarise the conversation below for yourself, so that you can go on with the work \
without it. Keep what is needed and nothing else: what the person wants (their words where the \
wording matters), what was decided and why, which files were read or changed and how, commands that \
were run with their outcome, errors and how they were solved, what is still open and the next step. \
Write plain text under short headings. Do not address the person and do not call tools.

<conversation>
{conversation}
</conversation>"""


@dataclass(frozen=True, slots=True)
class Compacted:
    """A shorter conversation.

    Attributes:
        messages: what takes the place of the old ones.
        summary: what the model wrote; empty where results were cut instead.
        usage: tokens of the call that wrote it.
    """

    messages: list[Message]
    summary: str = ""
    usage: TokenUsage = field(default_factory=TokenUsage)


def split(messages: Sequence[Message]) -> int:
    """Where the end that is kept begins; 0 where there is nothing to summarise.

    A result is never parted from its call.
    """
    room = estimate(messages) * KEPT
    kept, best = 0.0, 0
    for index in range(len(messages) - 1, 0, -1):
        kept += estimate(messages[index : index + 1])
        if not _holds_results(messages[index]):
            if best and kept > room:
                break
            best = index
    return best


async def summarise(model: Model, messages: Sequence[Message], system: str) -> Compacted | None:
    """A conversation with its older part summarised; None where there is no older part.

    Raises:
        ModelError: the call failed.
    """
    at = split(messages)
    if at == 0:
        return None
    limit = int(model.context_window * ROOM * BYTES_PER_TOKEN)
    told = INSTRUCTION.format(conversation=_transcript(messages[:at], limit))
    request = ModelRequest(system, [_user([{"type": "text", "text": told}])])
    pieces: list[str] = []
    usage = TokenUsage()
    async for delta in model.stream(request):
        if isinstance(delta, TextDelta):
            pieces.append(delta.text)
        elif isinstance(delta, ThoughtSoFar):
            pieces.clear()
        elif isinstance(delta, TokenUsage):
            usage = delta
    summary = "".join(pieces).strip()
    if not summary:
        return None
    blocks = [{"type": "text", "text": f"{SUMMARY_MARK}\n\n{summary}"}]
    rest = list(messages[at:])
    request_text = _latest_request(messages, at)
    if request_text is not None:
        blocks.append({"type": "text", "text": f"The request being worked on:\n\n{request_text}"})
    if rest[0]["role"] == "user":
        rest[0] = _user([*blocks, *rest[0]["content"]])
    else:
        rest.insert(0, _user(blocks))
    return Compacted(fit(rest, int(model.context_window * ROOM)), summary, usage)


def fit(messages: Sequence[Message], tokens: int) -> list[Message]:
    """``messages`` within about ``tokens``: the longest results are cut until they fit.

    What a person or the model said is left whole; where that alone is too much, the oldest
    messages go, up to a place where a conversation can begin.
    """
    fitted = list(messages)
    limit = 1 << 16
    while estimate(fitted) > tokens and limit > SHORTEST_RESULT:
        limit = max(limit // 2, SHORTEST_RESULT)
        fitted = [_cut_results(message, limit) for message in fitted]
    while estimate(fitted) > tokens:
        start = next(
            (
                index
                for index in range(1, len(fitted))
                if fitted[index]["role"] == "user" and not _holds_results(fitted[index])
            ),
            None,
        )
        if start is None:
            break
        del fitted[:start]
    return fitted


def _latest_request(messages: Sequence[Message], before: int) -> str | None:
    """What the person asked last, when that is in the part that is summarised."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message["role"] == "user" and not _holds_results(message):
            if index >= before:
                return None
            block = cast("dict[str, Any]", message["content"][-1])
            return str(block.get("text", ""))[: RESULT_CHARS * 10]
    return None


def _transcript(messages: Sequence[Message], limit: int) -> str:
    """What is summarised, as text; its middle is left out where it is longer than ``limit``."""
    parts: list[str] = []
    for message in messages:
        for block in cast("list[dict[str, Any]]", message["content"]):
            kind = block["type"]
            if kind == "text":
                parts.append(f"{message['role']}: {block['text']}")
            elif kind == "tool_use":
                arguments = _shortened(encode(block["input"]).decode().strip(), RESULT_CHARS)
                parts.append(f"call: {block['name']} {arguments}")
            elif kind == "tool_result":
                outcome = "error" if block["is_error"] else "result"
                parts.append(f"{outcome}: {_shortened(block['content'], RESULT_CHARS)}")
    return _shortened("\n\n".join(parts), limit)


def _cut_results(message: Message, limit: int) -> Message:
    blocks = cast("list[dict[str, Any]]", message["content"])
    if not any(
        block["type"] == "tool_result" and len(block["content"]) > limit for block in blocks
    ):
        return message
    cut = [
        {**block, "content": _shortened(block["content"], limit)}
        if block["type"] == "tool_result"
        else block
        for block in blocks
    ]
    return cast("Message", {"role": message["role"], "content": cut})


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit + NOTE_CHARS:
        return text
    half = limit // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def _holds_results(message: Message) -> bool:
    return any(block["type"] == "tool_result" for block in message["content"])


def _user(content: Sequence[Any]) -> Message:
    return cast("Message", {"role": "user", "content": list(content)})
