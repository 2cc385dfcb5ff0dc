"""The images of a prompt: read where they are named by path, made to fit, and named in its text.

A path is read with the leave that any file takes, whoever submitted it: rules, the person's answer,
plan mode. What cannot be attached is said, to the person and to the model, and the prompt goes on.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, cast

from anyio.lowlevel import checkpoint
from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.core.actor import POLICY
from qwen_dual.core.failures import describe
from qwen_dual.core.models.answer import RequestedCall
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.permissions.proposals import rules_for
from qwen_dual.core.threads import in_thread
from qwen_dual.core.tools.tool import InvalidArguments, TakesImages, Tool
from qwen_dual.core.turns.previews import warned_preview
from qwen_dual.core.turns.requested_run import RequestedRun
from qwen_dual.protocol import events
from qwen_dual.protocol.attachments import name_of, submitted, title_of, titled
from qwen_dual.protocol.blocks import (
    MAX_IMAGE_CHARS,
    MAX_PROMPT_IMAGE_CHARS,
    image_size,
    text_block,
    why_unusable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.tool import Call
    from qwen_dual.core.turns.calls import CallRunner
    from qwen_dual.protocol.content_shapes import PromptImage, SubmittedImage
    from qwen_dual.protocol.shapes import ContentBlock, ImageBlock

log = logging.getLogger(__name__)

MAX_CHARS = 16 << 20
"""Of base64 that the images of one prompt have together: a service takes 20 MB in one request."""

MAX_IMAGES = 20
"""Images of one prompt; a service that takes more takes them smaller."""


class Attached(Struct, frozen=True):
    """A prompt with its images.

    Attributes:
        prompt: with the titles as they are known by now.
        content: what the model is sent for it.
        images: what its ``user`` event says of the images.
    """

    prompt: Prompt
    content: Sequence[ContentBlock]
    images: Sequence[SubmittedImage]


class _NotAttached(Exception):
    """An image that cannot be had; the text says why."""


class Attaching:
    """Attaches the images of prompts, one prompt at a time.

    Args:
        session: whose prompts they are.
        calls: of the session.
    """

    def __init__(self, session: Session, calls: CallRunner) -> None:
        self._session = session
        self._calls = calls

    async def attach(self, prompt: Prompt) -> Attached:
        """The prompt with its images, as far as they can be had."""
        text = prompt.text
        content: list[ContentBlock] = []
        images: list[SubmittedImage] = []
        pictures: list[ImageBlock] = []
        room, left = MAX_IMAGE_CHARS, MAX_CHARS
        for number, block in enumerate(titled(prompt.content, self._session.number_image), 1):
            if block["type"] != "image":
                content.append(block)
                continue
            title, name = str(block.get("title", "")), name_of(block)
            try:
                if len(images) == MAX_IMAGES:
                    raise _NotAttached(f"a prompt has {MAX_IMAGES} images at the most")
                image = await self._image(cast("PromptImage", block))
                if len(image["source"]["data"]) > left:
                    raise _NotAttached("the images of one prompt are larger than a service takes")
            except _NotAttached as problem:
                told = (
                    f"{title} is not attached: {problem}{'' if str(problem)[-1:] == '?' else '.'}"
                )
                self._session.notice(told, "warning")
                content.append(text_block(told))
                continue
            except Exception as error:
                log.exception("image %d failed", number)
                told = f"{title} is not attached: {describe(error)}."
                self._session.notice(told, "warning")
                content.append(text_block(told))
                continue
            size = len(image["source"]["data"])
            left -= size
            known = _retitled(title, name, image)
            text = text.replace(title, known)
            for at, said in enumerate(content):
                if said["type"] == "text" and title in said["text"]:
                    content[at] = text_block(said["text"].replace(title, known))
            content.append(image)
            pictures.append(image)
            whole = bool(block.get("whole")) and size <= room
            room -= size if whole else 0
            tell = partial(submitted, image, name, known, whole=whole)
            images.append(await in_thread(tell))
        self._session.conversation.submitted = {
            told["source"]["sha256"]: block
            for told, block in zip(images, pictures, strict=True)
            if told["source"]["type"] == "reference"
        }
        return Attached(replace(prompt, text=text), content, images)

    async def _image(self, block: PromptImage) -> ImageBlock:
        source = block["source"]
        tool = next(
            (tool for tool in self._session.tools.known if isinstance(tool, TakesImages)), None
        )
        if source["type"] == "path":
            if tool is None:
                raise _NotAttached("no tool of this session reads images")
            return await self._read(cast("Tool", tool), tool, source["path"])
        given: ImageBlock = {"type": "image", "source": source}
        if tool is None:
            why = await in_thread(lambda: why_unusable(given, MAX_PROMPT_IMAGE_CHARS))
            if why:
                raise _NotAttached(why)
            return given
        takes = tool
        try:
            return await in_thread(lambda: takes.fit_image(given))
        except ValueError as error:
            raise _NotAttached(str(error)) from error

    async def _read(self, tool: Tool, takes: TakesImages, path: str) -> ImageBlock:
        try:
            call = takes.prepare_image(path)
        except InvalidArguments as error:
            raise _NotAttached(str(error)) from error
        call_id = f"prompt_{events.new_uuid()}"
        await self._leave(call_id, tool, call, path)
        result = await call.run(self._calls.context(call_id, lambda _: None, _unasked))
        if result.is_error or isinstance(result.content, str):
            raise _NotAttached(str(result.content).rstrip("."))
        image = result.content[0]
        assert image["type"] == "image"
        return image

    async def _leave(self, call_id: str, tool: Tool, call: Call, path: str) -> None:
        """Returns once ``call`` may run; raises ``_NotAttached`` where it may not."""
        session = self._session
        verdict = session.policy.judge(tool, call)
        if verdict.action == "refuse":
            raise _NotAttached(verdict.reason.rstrip("."))
        if verdict.action == "allow":
            return
        arguments = {"file_path": path}
        job = RequestedRun(RequestedCall(call_id, tool.name, arguments, ""), tool, call)
        job.rules = rules_for(tool, call.subject, outside=call.outside is not None)
        job.doubt = verdict.reason
        preview = job.remarked(call, await warned_preview(call))
        job.pending = session.approvals.ask(job.request(call, preview))
        self._calls.besides.append(job)
        try:
            decision = await job.pending.wait()
        finally:
            self._calls.besides.remove(job)
        await checkpoint()  # an interrupt denies what is pending, and ends this
        if not decision.allowed:
            raise _NotAttached(decision.message or "it was not allowed")
        if decision.remember is not None:
            for rule in job.rules:
                session.services.remember(rule, decision.remember, decision.by)


async def _unasked(_: Call) -> Decision:
    """Reading asks for nothing on its way."""
    return Decision(allowed=False, by=POLICY)


def _retitled(title: str, name: str, image: ImageBlock) -> str:
    """The title with the size in pixels, which is known now."""
    number = title.removeprefix("[image ").partition(":")[0].rstrip("]")
    if not number.isdecimal():
        return title
    return title_of(int(number), name, image_size(image["source"]["data"]))
