"""The images of a conversation, within what a service takes of one request: the oldest go first. Pure.

A line stands for one that is gone, so that the model knows what it has seen. Many go at once, since what
a service keeps of a conversation is lost from the first change on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from qwen_dual.core.models.model import sees_images
from qwen_dual.protocol.blocks import image_line, joined, text_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.models.model import Model
    from qwen_dual.protocol.shapes import Message

MOST = 40
"""Images that one request has."""

MOST_CHARS = 18 << 20
"""Of base64 that they have together: Gemini takes 20 MB in one request."""

LEFT_OUT = "{line} is no longer shown: {why}."
OLD = "there are newer ones"
REFUSED = "the service did not take it"
COMPACTED = "the conversation was summarised since"

NOT_SEEN = (
    "{model} cannot be shown images: it is told of {what} by name and size only. Choose a model that "
    "sees, or set modalities.image of its generationConfig to true if it does."
)


def old_images_out(messages: Sequence[Message]) -> tuple[list[Message], int]:
    """``messages`` with fewer images where they have too many, and how many went.

    Those of the last message stay: it is what is asked about now.
    """
    sizes = [size for message in messages[:-1] for size in image_sizes(message)]
    last = image_sizes(messages[-1]) if messages else []
    count, chars = len(sizes) + len(last), sum(sizes) + sum(last)
    if count <= MOST and chars <= MOST_CHARS:
        return list(messages), 0
    gone = 0
    while gone < len(sizes) and (count > MOST // 2 or chars > MOST_CHARS // 2):
        count, chars, gone = count - 1, chars - sizes[gone], gone + 1
    return images_out(messages, OLD, most=gone)


def images_out(
    messages: Sequence[Message], why: str, most: int | None = None
) -> tuple[list[Message], int]:
    """``messages`` with lines in place of the first ``most`` images, and how many those were."""
    gone = 0

    def lined(block: Any) -> Any:
        nonlocal gone
        if block["type"] != "image" or (most is not None and gone >= most):
            return block
        gone += 1
        return text_block(LEFT_OUT.format(line=image_line(block), why=why))

    found: list[Message] = []
    for message in messages:
        before, content = gone, []
        for block in message["content"]:
            if block["type"] == "tool_result" and not isinstance(block["content"], str):
                held = gone
                inner = [lined(each) for each in block["content"]]
                content.append({**block, "content": joined(inner)} if gone > held else block)
            else:
                content.append(lined(block))
        changed = {"role": message["role"], "content": content}
        found.append(cast("Message", changed) if gone > before else message)
    return found, gone


def unseen(model: Model, titles: Sequence[str]) -> str:
    """What to say where ``model`` cannot be shown the images with these titles; empty where it can."""
    if not titles or sees_images(model):
        return ""
    more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
    return NOT_SEEN.format(model=model.name, what=", ".join(titles[:3]) + more)


def titles_in_results(message: Message) -> list[str]:
    """What the images are called that calls have brought into ``message``."""
    results: list[Any] = [
        block["content"] for block in message["content"] if block["type"] == "tool_result"
    ]
    return [
        image_line(each)
        for content in results
        if not isinstance(content, str)
        for each in content
        if each["type"] == "image"
    ]


def image_sizes(message: Message) -> list[int]:
    """The base64 of each image of ``message``, in characters."""
    sizes = []
    for block in message["content"]:
        inner: Any = block["content"] if block["type"] == "tool_result" else [block]
        if not isinstance(inner, str):
            sizes += [len(each["source"]["data"]) for each in inner if each["type"] == "image"]
    return sizes
