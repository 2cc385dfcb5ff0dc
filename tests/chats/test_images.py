"""Images of results in a saved chat: they come back, and a person is shown a line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.chats.export import export
from qwen_dual.chats.load import load
from qwen_dual.chats.records import blocks_of, part_of
from qwen_dual.protocol import events
from qwen_dual.protocol.attachments import submitted
from qwen_dual.protocol.blocks import image_block, image_line, text_block
from tests.chats.support import Recording, text, use
from tests.support.images import encoded, image, png

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.shapes import ResultContent

IMAGE = image(png(20, 10))


def result(content: ResultContent, *, is_error: bool = False) -> dict[str, Any]:
    return events.result_block("call_1", content, is_error=is_error)


@pytest.mark.parametrize("is_error", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        "plain",
        [IMAGE],
        [text_block("seen:"), IMAGE],
        [text_block("a"), IMAGE, text_block("b"), image(), text_block("c")],
    ],
    ids=["text", "image", "text and image", "in turns"],
)
def test_a_result_comes_back_in_the_order_it_had(content: ResultContent, is_error: bool) -> None:
    part = part_of(result(content, is_error=is_error), {"call_1": "read_file"})
    [block] = blocks_of([part])
    assert (block["content"], block["is_error"]) == (content, is_error)


def test_an_image_is_saved_as_the_reference_has_it() -> None:
    part = part_of(result([text_block("seen:"), IMAGE]), {"call_1": "read_file"})
    assert part["functionResponse"] == {
        "id": "call_1",
        "name": "read_file",
        "response": {"output": "seen:"},
        "parts": [{"inlineData": {"mimeType": "image/png", "data": IMAGE["source"]["data"]}}],
    }


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({"mimeType": "image/png", "data": "none"}, "[image/png left out]"),
        ({"mimeType": "audio/wav", "data": encoded(b"RIFF")}, "[audio/wav left out]"),
        (
            {"mimeType": "image/png", "data": encoded(png(filler=12_000_000))},
            "[image/png left out]",
        ),
        ({"mimeType": "image/png"}, "[image/png left out]"),
        ({}, "[file left out]"),
    ],
)
def test_what_no_service_would_take_is_named(held: dict[str, Any], told: str) -> None:
    assert blocks_of([{"inlineData": held}]) == [text(told)]


def test_a_resumed_session_has_the_image_and_shows_a_line(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("look")
    recording.answer(use("call_1", "read_file", file_path="a.png")).finish()
    recording.bus.publish(events.tool_result("call_1", [IMAGE], is_error=False))
    recording.end_turn()
    chat = load(recording.path)
    recording.recorder.close()
    [held] = chat.history[2]["content"]
    assert held["type"] == "tool_result" and held["content"] == [IMAGE]
    replayed = [body for body in chat.replay if body["type"] == "user"]
    assert replayed[-1]["message"]["content"][0]["content"] == [IMAGE]
    exported = export(chat, "md")
    assert image_line(IMAGE) in exported
    assert IMAGE["source"]["data"] not in exported
    assert os.path.getsize(recording.path) < 10_000


def prompted(tmp_path: Path) -> Recording:
    """A prompt with an image, as a session tells of it and records it."""
    recording = Recording(tmp_path)
    title = "[image 1: a.png, 20×10]"
    told = submitted(IMAGE, "a.png", title)
    recording.bus.publish(events.user_text(f"look {title}", "keyboard", images=[told, told]))
    content: list[Any] = [text_block(f"look {title}"), IMAGE, IMAGE]
    recording.recorder.expanded(content)
    recording.answer(text("I see.")).finish()
    recording.end_turn()
    return recording


def test_a_prompt_with_images_is_saved_once_and_comes_back(tmp_path: Path) -> None:
    recording = prompted(tmp_path)
    chat = load(recording.path)
    recording.recorder.close()
    assert recording.path.read_text().count(IMAGE["source"]["data"]) == 2
    assert chat.history[0]["content"] == [text_block("look [image 1: a.png, 20×10]"), IMAGE, IMAGE]
    said = [body for body in chat.replay if body["type"] == "user"]
    assert len(said) == 1
    assert said[0]["message"]["content"][0] == text_block("look [image 1: a.png, 20×10]")


def test_images_that_a_prompt_mentions_come_back_by_their_titles(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("look at @a.png")
    title = "[image 4: a.png, 20×10]"
    file = text_block("File /w/a.png:\n\n[image: PNG, 20×10, 73 bytes]")
    recording.recorder.expanded([text_block("look at @a.png"), file, text_block(title), IMAGE])
    recording.answer(text("I see.")).finish()
    recording.end_turn()
    chat = load(recording.path)
    recording.recorder.close()
    prompt, notice = chat.replay[:2]
    assert prompt["message"]["content"] == [
        text_block("look at @a.png"),
        {"type": "image", "source": IMAGE["source"], "name": "", "title": title},
    ]
    assert notice["data"] == {"level": "info", "text": title}


def test_an_export_names_images_and_a_page_has_them(tmp_path: Path) -> None:
    recording = prompted(tmp_path)
    chat = load(recording.path)
    recording.recorder.close()
    for form in ("md", "json", "jsonl"):
        assert "[image 1: a.png, 20×10]" in export(chat, form)
        assert IMAGE["source"]["data"] not in export(chat, form)
    made = export(chat, "html")
    assert made.count(f'src="data:image/png;base64,{IMAGE["source"]["data"]}"') == 2
    assert "img-src data:" in made


def test_a_page_lets_nothing_in_but_base64(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("look")
    hostile = image_block("image/png", IMAGE["source"]["data"] + '"><script>alert(1)</script>')
    recording.answer(use("call_1", "read_file", file_path="a.png")).finish()
    recording.bus.publish(events.tool_result("call_1", [hostile], is_error=False))
    recording.end_turn()
    made = export(load(recording.path), "html")
    recording.recorder.close()
    assert "<script" not in made and "<img" not in made
