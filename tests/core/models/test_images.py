"""The images of a conversation: the oldest go first, and what a service refuses is not sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.conversation.compaction import fit, split
from qwen_dual.core.conversation.conversation import IMAGE_TOKENS, Conversation, estimate
from qwen_dual.core.models.images import MOST, MOST_CHARS, image_sizes, old_images_out
from qwen_dual.core.models.model import ModelError, TextDelta
from qwen_dual.protocol.blocks import image_block, text_block
from tests.support.fakes import FakeModel, FakeTool, Host, call
from tests.support.images import encoded, image, png

if TYPE_CHECKING:
    from qwen_dual.protocol.shapes import ImageBlock, Message


def asks(*blocks: Any) -> Message:
    return cast("Message", {"role": "user", "content": list(blocks)})


def answers(text: str = "I see.") -> Message:
    return cast("Message", {"role": "assistant", "content": [{"type": "text", "text": text}]})


def shown(*images: ImageBlock) -> Message:
    result = {"type": "tool_result", "tool_use_id": "a", "is_error": False, "content": list(images)}
    return asks(result)


def large(chars: int) -> ImageBlock:
    return image_block("image/png", encoded(png()) + "A" * chars)


def test_a_conversation_with_few_images_keeps_them() -> None:
    messages = [asks(image()), answers(), shown(image())]
    assert old_images_out(messages) == (messages, 0)


def test_of_too_many_the_oldest_half_goes_and_lines_stand_for_them() -> None:
    messages: list[Message] = []
    for _ in range(MOST):
        messages += [asks(image()), answers()]
    messages.append(shown(image(), image()))
    kept, gone = old_images_out(messages)
    assert gone == MOST + 2 - MOST // 2
    assert sum(len(image_sizes(message)) for message in kept) == MOST // 2
    assert len(image_sizes(kept[-1])) == 2
    text = cast("dict[str, Any]", kept[0]["content"][0])["text"]
    assert text.startswith("[image: PNG, 800×600") and "no longer shown" in text
    assert old_images_out(kept)[1] == 0


def test_of_too_large_ones_the_oldest_go() -> None:
    part = MOST_CHARS // 3
    messages = [asks(large(part)), answers(), shown(large(part)), answers(), asks(large(part))]
    kept, gone = old_images_out(messages)
    assert gone == 2 and len(image_sizes(kept[-1])) == 1


def test_what_is_asked_about_now_stays_however_large_it_is() -> None:
    messages = [asks(image()), answers(), asks(large(MOST_CHARS + 1))]
    kept, gone = old_images_out(messages)
    assert gone == 1 and len(image_sizes(kept[-1])) == 1


def test_an_image_counts_as_its_tokens_and_not_as_its_bytes() -> None:
    messages = [asks(large(4_000_000)), answers(), asks(large(4_000_000))]
    conversation = Conversation(messages)
    assert 2 * IMAGE_TOKENS <= conversation.tokens < 2 * IMAGE_TOKENS + 100
    assert conversation.images
    long = [*messages, *[answers("x" * 400), asks({"type": "text", "text": "y" * 400})] * 50]
    assert split(long) > 2


def test_where_room_must_be_made_images_go_before_the_conversation_does() -> None:
    messages = [asks(image(), {"type": "text", "text": "what?"}), answers()] * 30
    fitted = fit(messages, 20 * IMAGE_TOKENS)
    assert estimate(fitted) <= 20 * IMAGE_TOKENS
    assert fitted[-2]["content"][-1] == {"type": "text", "text": "what?"}


def refused(text: str = "Could not process image") -> ModelError:
    return ModelError(text, 400, kind="invalid_request")


def test_an_image_that_the_service_refuses_is_not_sent_again() -> None:
    host = Host(FakeModel([refused()], [TextDelta("I cannot see it.")], [TextDelta("Yes.")]))

    async def script(host: Host) -> None:
        content = [{"type": "text", "text": "look"}, image()]
        host.session.submit("look", KEYBOARD, content=cast("Any", content))
        assert (await host.result())["stop_reason"] == "end_turn"

    host.play(script)
    first, second = (request.messages[0] for request in host.model.requests)
    assert image_sizes(first) and not image_sizes(second)
    assert "did not take it" in str(second)
    assert "not taken by the service" in host.of("system", "notice")[0]["data"]["text"]


@pytest.mark.parametrize("text", ["bad tool schema", "Could not process image"])
def test_a_refusal_of_anything_else_is_told_as_it_is(text: str) -> None:
    host = Host(FakeModel([refused(text)]))

    async def script(host: Host) -> None:
        host.session.submit("no image in it", KEYBOARD)
        assert (await host.result())["stop_reason"] == "error"

    host.play(script)
    assert len(host.model.requests) == 1


class Blind(FakeModel):
    """A model that cannot be shown images."""

    sees_images = False


@pytest.mark.parametrize("model", [FakeModel, Blind])
def test_that_a_model_cannot_see_what_a_call_brought_is_said_before_it_is_asked_again(
    model: type[FakeModel],
) -> None:
    picture = FakeTool(name="read_file", kind="read", result=[image(), image(), text_block("two")])
    host = Host(model(call("read_file", path="a"), call("read_file", "call_2", path="b")), picture)

    async def script(host: Host) -> None:
        host.session.submit("look", KEYBOARD)
        await host.result()
        host.session.submit("and now?", KEYBOARD)  # what it cannot see is said once
        await host.result(2)

    host.play(script)
    told = [event["data"]["text"] for event in host.of("system", "notice")]
    if model is FakeModel:
        assert told == []
    else:
        assert len(told) == 2
        assert "fake cannot be shown images: it is told of [image" in told[0]
        assert told[0].count("[image") == 2
