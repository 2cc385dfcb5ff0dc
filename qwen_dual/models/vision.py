"""Which models can be shown images, by their names; the settings overrule it. Pure.

A service refuses a request with an image that its model cannot see, and would refuse each later one
of the conversation. So where it is not known that a model sees, it is told what there was to see.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.protocol.blocks import image_line, joined, text_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.protocol.shapes import ContentBlock, ImageBlock, Message, TextBlock
    from qwen_dual.settings.model_config import ModelConfig

UNSEEN = "(This model cannot be shown images.)"
NO_GIF = "(This service takes no GIF.)"

_SEES = (
    r"claude-(?!2|instant)|gemini-|gpt-4o|gpt-4\.1|gpt-4-turbo|gpt-4\.5|gpt-[5-9]|o[134](?!-mini-\d)|chatgpt-"
    r"|qwen.*-?(vl|omni)|qvq|qwen3\.[5-9]|qwen[4-9]|coder-model|vision-model"
    r"|glm-[\d.]+v|kimi-k2\.[5-9]|kimi-k[3-9]|kimi-latest|minimax-m[3-9]"
    r"|gemma-?3|llama-?4|llama-?3\.2-(11|90)b|.*llava|.*vision|pixtral|.*internvl|grok-[4-9]"
    r"|mistral-(medium|small)-(3|25|26|latest)|magistral|ministral|step3|phi-[34].*(multimodal|vision)"
)
"""What a name begins with, behind a provider's; slow to compile, and needed once there is an image."""


def sees_images(config: ModelConfig) -> bool:
    """Whether the model can be shown images, as far as is known."""
    if config.generation.images is not None:
        return config.generation.images
    return re.match(_SEES, config.id.lower().rpartition("/")[2]) is not None


def as_seen(messages: Sequence[Message], config: ModelConfig) -> Sequence[Message]:
    """``messages`` for the model: an image that it cannot be shown is a line of text instead."""
    if not any(map(_holds_image, messages)):
        return messages
    sees, takes_gif = sees_images(config), config.protocol != "gemini"

    def seen(block: TextBlock | ImageBlock) -> TextBlock | ImageBlock:
        if block["type"] == "text":
            return block
        if not sees:
            return text_block(f"{image_line(block)} {UNSEEN}")
        if block["source"]["media_type"] == "image/gif" and not takes_gif:
            return text_block(f"{image_line(block)} {NO_GIF}")
        return block

    return [
        {"role": message["role"], "content": [_seen(block, seen) for block in message["content"]]}
        for message in messages
    ]


def _holds_image(message: Message) -> bool:
    return any(
        block["type"] == "image"
        or (block["type"] == "tool_result" and not isinstance(block["content"], str))
        for block in message["content"]
    )


def _seen(
    block: ContentBlock, seen: Callable[[TextBlock | ImageBlock], TextBlock | ImageBlock]
) -> ContentBlock:
    if block["type"] == "image":
        return seen(block)
    if block["type"] == "tool_result" and not isinstance(block["content"], str):
        return {**block, "content": joined([seen(each) for each in block["content"]])}
    return block
