"""The shapes of what is said in text and images: by a tool, in a prompt, of a prompt, and to the person."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict


class TextBlock(TypedDict):
    """Plain text, from a person or the model."""

    type: Literal["text"]
    text: str


class ImageSource(TypedDict):
    """The bytes of an image, in base64."""

    type: Literal["base64"]
    media_type: str
    data: str


class ImageBlock(TypedDict):
    """An image, from a tool."""

    type: Literal["image"]
    source: ImageSource


class PathSource(TypedDict):
    """Where an image is that has not been read yet."""

    type: Literal["path"]
    path: str


class PromptImage(TypedDict):
    """An image of a prompt: its bytes, or the file that has them.

    Attributes:
        name: of its file, or what a person would call it.
        title: what stands for it in the prompt's text.
        whole: whether its event repeats the bytes, as far as a line holds them.
    """

    type: Literal["image"]
    source: ImageSource | PathSource
    name: NotRequired[str]
    title: NotRequired[str]
    whole: NotRequired[bool]


class MentionedImage(TypedDict):
    """An image that a prompt mentions: its bytes, and what a person would call it."""

    type: Literal["image"]
    source: ImageSource
    name: str


PromptBlock = TextBlock | ImageBlock | PromptImage
"""What a prompt may be made of."""


class ImageReference(TypedDict):
    """What is told of an image in place of its bytes.

    Attributes:
        bytes: how many it has, as the model is sent it.
        width: in pixels.
        height: in pixels.
        sha256: of these bytes, in hexadecimal digits.
    """

    type: Literal["reference"]
    media_type: str
    bytes: int
    width: int
    height: int
    sha256: str


class SubmittedImage(TypedDict):
    """An image of a prompt that was submitted; the text that stands before it has its ``title``."""

    type: Literal["image"]
    source: ImageReference | ImageSource
    name: str
    title: str


class NoticeData(TypedDict):
    """What the UI tells the person; ``command`` where a slash command said it.

    ``images`` are those that a prompt mentions by ``@``, whose titles the text is.
    """

    level: Literal["info", "warning", "error"]
    text: str
    command: NotRequired[str]
    images: NotRequired[list[SubmittedImage]]
