"""What a call of a server's tool came to, as blocks for the model. Pure.

Text and images as they are; what no model takes in words; structured output where no text says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.mcp.bounds import line
from qwen_dual.protocol.blocks import image_block, joined, text_block
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.protocol.shapes import ImageBlock, ResultContent, TextBlock

MAX_TEXT = 500_000
"""Characters of the text of one result: as the reference; the session bounds what is left of it."""


def content_of(result: Mapping[str, Any], bound: int = MAX_TEXT) -> ResultContent:
    """The content for the model of a ``CallToolResult``, as on the wire.

    Args:
        result: what the server gave, which the SDK has checked.
        bound: characters of text at the most.
    """
    blocks = [_block(given) for given in result.get("content") or ()]
    structured = result.get("structuredContent")
    if structured is not None and not _says(blocks, structured):
        blocks.insert(0, text_block(_shortened(encode(structured).decode().rstrip("\n"), bound)))
    found: list[TextBlock | ImageBlock] = []
    room = bound
    for block in blocks:
        if block["type"] == "text":
            text = _shortened(block["text"], room)
            room = max(0, room - len(text))
            block = text_block(text)
        found.append(block)
    return joined(found) if found else "(the tool gave nothing back)"


def _block(given: Mapping[str, Any]) -> TextBlock | ImageBlock:
    kind = given.get("type")
    if kind == "text":
        return text_block(sanitise(given["text"]))
    if kind == "image":
        return image_block(given["mimeType"], given["data"])
    if kind == "resource":
        return _resource(given["resource"])
    if kind == "resource_link":
        parts = [line(given.get(key), 500) for key in ("title", "name", "description", "mimeType")]
        told = ", ".join(dict.fromkeys(filter(None, parts)))
        return text_block(f"[a resource, which is not read: {line(given['uri'], 2000)} ({told})]")
    size = len(str(given.get("data", ""))) * 3 // 4
    what = f"{line(kind, 40)}, {line(given.get('mimeType'), 80)}, {size:,} bytes"
    return text_block(f"[{what}: this cannot be shown to a model]")


def _resource(resource: Mapping[str, Any]) -> TextBlock | ImageBlock:
    uri, kind = line(resource.get("uri"), 2000), line(resource.get("mimeType"), 80)
    if isinstance(resource.get("text"), str):
        return text_block(f"[{uri}]\n{sanitise(resource['text'])}")
    blob = str(resource.get("blob", ""))
    if kind.startswith("image/"):
        return image_block(kind, blob)
    told = f"{kind or 'binary'}, {len(blob) * 3 // 4:,} bytes"
    return text_block(f"[{uri} ({told}): this cannot be shown to a model]")


def _says(blocks: Sequence[TextBlock | ImageBlock], structured: Any) -> bool:
    """Whether the texts are the structured output, whole or what an SDK has put into ``result``."""
    said = [block["text"].strip() for block in blocks if block["type"] == "text"]
    meant = [structured]
    if isinstance(structured, dict) and list(structured) == ["result"]:
        inner = structured["result"]
        meant.append(inner)
        if isinstance(inner, str) and inner.strip() in said:
            return True
        if isinstance(inner, list) and len(inner) == len(said):
            return all(_is(text, each) for text, each in zip(said, inner, strict=True))
    return any(_is(text, each) for text in said for each in meant)


def _is(text: str, value: Any) -> bool:
    """Whether a text says a value, as itself or as JSON."""
    if text == value:
        return True
    try:
        told = decode(text)
    except NotJson:
        return False
    return type(told) is type(value) and bool(told == value)


def _shortened(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    half = room // 2
    left = len(text) - 2 * half
    return f"{text[:half]}\n[… {left:,} characters left out …]\n{text[len(text) - half :]}"
