"""Which models can be shown images, by their names; the settings overrule it. Pure.

A service refuses a request with an image that its model cannot see, and would refuse each later one
of the conversation. So where it is not known that a model sees, it is told what there was to see.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.protocol.blocks import image_line, text_block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from qwen_dual.protocol.shapes import ContentBlock, Message, ResultContent
    from qwen_dual.settings.model_config import ModelConfig

UNSEEN = "(This model cannot be shown images.)"

_SEES = re.compile(
    r"claude-(?!2|instant)|gemini-|gpt-4o|gpt-4\.1|gpt-4-turbo|gpt-4\.5|gpt-[5-9]|o[134](?!-mini-\d)|chatgpt-"
    r"|qwen.*-?(vl|omni)|qvq|qwen3\.[5-9]|qwen[4-9]|coder-model|vision-model"
    r"|glm-[\d.]+v|kimi-k2\.[5-9]|kimi-k[3-9]|kimi-latest|minimax-m[3-9]"
    r"|gemma-?3|llama-?4|llama-?3\.2-(11|90)b|.*llava|.*vision|pixtral|.*internvl|grok-[4-9]"
    r"|mistral-(medium|small)-(3|25|26|latest)|magistral|ministral|step3|phi-[34].*(multimodal|vision)"
)
"""What a name begins with, behind a provider's."""


def sees_images(config: ModelConfig) -> bool:
    """Whether the model can be shown images, as far as is known."""
    if config.generation.images is not None:
        return config.generation.images
    return _SEES.match(config.id.lower().rpartition("/")[2]) is not None


def as_seen(messages: Sequence[Message], config: ModelConfig) -> Sequence[Message]:
    """``messages`` for the model: where it sees no images, each is a line of text instead."""
    if sees_images(config) or not any(map(_holds_image, messages)):
        return messages
    return [
        {"role": message["role"], "content": [_described(block) for block in message["content"]]}
        for message in messages
    ]


def _holds_image(message: Message) -> bool:
    return any(
        block["type"] == "image"
        or (block["type"] == "tool_result" and not isinstance(block["content"], str))
        for block in message["content"]
    )


def _described(block: ContentBlock) -> ContentBlock:
    if block["type"] == "image":
        return text_block(_line(block))
    if block["type"] == "tool_result":
        return {**block, "content": _without_images(block["content"])}
    return block


def _without_images(content: ResultContent) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(
        _line(block) if block["type"] == "image" else block["text"] for block in content
    )


def _line(block: Mapping[str, Any]) -> str:
    return f"{image_line(block)} {UNSEEN}"
