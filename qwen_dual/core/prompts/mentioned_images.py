"""The images that a prompt mentions: numbered among those of the session, bounded, and told of.

What was read for the model is what is told of and drawn: no file is looked at again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.models.images import image_sizes
from qwen_dual.core.prompts.attaching import MAX_CHARS, MAX_IMAGES
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol import events
from qwen_dual.protocol.attachments import submitted, title_of
from qwen_dual.protocol.blocks import image_size, text_block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.content_shapes import MentionedImage, SubmittedImage
    from qwen_dual.protocol.shapes import ContentBlock, ImageBlock

TOO_MUCH = (
    "{title} is not attached: the images of one prompt are more, or larger, than a service takes."
)


class MentionedImages(Struct, frozen=True):
    """The images that one prompt mentions.

    Attributes:
        told: what is told of each.
        known: each by its hash.
        besides: whether the prompt has brought others.
        refused: of those that are not attached, why.
    """

    told: Sequence[SubmittedImage]
    known: Mapping[str, ImageBlock]
    besides: bool
    refused: Sequence[str]

    @property
    def titles(self) -> list[str]:
        """What stands for each in a text."""
        return [image["title"] for image in self.told]

    def publish(self, session: Session) -> None:
        """Tells of them, and keeps them for who shows them."""
        for why in self.refused:
            session.notice(why, "warning")
        if self.told:
            others = session.conversation.submitted if self.besides else {}
            session.conversation.submitted = {**others, **self.known}
            session.publish(events.notice(" ".join(self.titles), images=list(self.told)))


async def attach(
    found: Sequence[str | MentionedImage], given: Sequence[ContentBlock], session: Session
) -> tuple[list[ContentBlock], MentionedImages]:
    """What the model is sent of what a prompt mentions; the title of each image stands before it.

    Args:
        found: texts and images, in their order.
        given: what the prompt is made of besides; where there are too many images, those stay.
        session: whose prompt it is.
    """
    own = image_sizes({"role": "user", "content": list(given)})
    left, room = MAX_IMAGES - len(own), MAX_CHARS - sum(own)
    content: list[ContentBlock] = []
    told: list[SubmittedImage] = []
    known: dict[str, ImageBlock] = {}
    refused: list[str] = []
    for each in found:
        if isinstance(each, str):
            content.append(text_block(each))
            continue
        name, source = each["name"], each["source"]
        title = title_of(session.number_image(), name, image_size(source["data"]))
        if len(told) == left or len(source["data"]) > room:
            refused.append(TOO_MUCH.format(title=title))
            content.append(text_block(refused[-1]))
            continue
        room -= len(source["data"])
        image: ImageBlock = {"type": "image", "source": source}
        content += [text_block(title), image]
        told.append(await in_thread(partial(submitted, image, name, title)))
        if told[-1]["source"]["type"] == "reference":
            known[told[-1]["source"]["sha256"]] = image
    return content, MentionedImages(told, known, bool(own), refused)
