"""What calls of servers came to, as the model gets it."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.mcp.results import content_of
from qwen_dual.protocol.blocks import images_in, text_in
from tests.mcp.support import hostile, run, running


def text(*texts: str, **more: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": each} for each in texts], **more}


def test_text_and_images_are_as_they_came_and_the_rest_is_in_words() -> None:
    async def main() -> None:
        async with running(hostile("good")) as seen:
            result = await seen.call("mcp__bad__kinds")
            assert len(images_in(result.content)) == 1
            told = text_in(result.content).split("\n")
            assert told[0] == "first"
            assert told[1].startswith("[image: PNG, 1×1")
            assert told[2] == "[audio, audio/wav, 6 bytes: this cannot be shown to a model]"
            assert told[3] == "[a resource, which is not read: file:///a.txt (a.txt)]"
            assert told[4:6] == ["[x://b]", "of the resource"]
            assert told[6] == "[x://c (application/zip, 3 bytes): this cannot be shown to a model]"

    run(main)


def test_structured_output_reaches_the_model_where_no_text_says_it() -> None:
    async def main() -> None:
        async with running(hostile("good")) as seen:
            assert (await seen.call("mcp__bad__structured")).text == '{"answer":42}'

    run(main)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (text('{"a": 1}', structuredContent={"a": 1}), '{"a": 1}'),
        (text("3", structuredContent={"result": 3}), "3"),
        (text("three", structuredContent={"result": "three"}), "three"),
        (text("1", "2", structuredContent={"result": [1, 2]}), "1\n2"),
        (text("in words", structuredContent={"a": 1}), '{"a":1}\nin words'),
        (text("1", structuredContent={"result": True}), '{"result":true}\n1'),
        (text("3", structuredContent={"a": 3}), '{"a":3}\n3'),
        (text(), "(the tool gave nothing back)"),
        ({}, "(the tool gave nothing back)"),
        (text(structuredContent={}), "{}"),
    ],
)
def test_it_is_said_once(result: dict[str, Any], told: str) -> None:
    assert content_of(result) == told


def test_what_fails_is_an_error_in_the_words_of_the_server_without_its_escapes() -> None:
    async def main() -> None:
        async with running(hostile("good")) as seen:
            result = await seen.call("mcp__bad__error")
            assert (result.text, result.is_error) == ("it went wrong", True)
            refused = await seen.call("mcp__bad__refuse")
            assert refused.text == "mcp__bad__refuse failed: not today."
            assert refused.is_error

    run(main)


def test_all_texts_together_are_bounded() -> None:
    told = text_in(content_of(text("a" * 600, "b" * 600), 1000))
    assert "200 characters left out" in told
    assert told.startswith("a" * 600)
    assert len(told) < 1100
