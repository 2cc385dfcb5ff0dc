"""Prompts of servers: what is typed behind their command, and what the model is asked."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.mcp.prompts import WrongArguments, arguments_of, blocks_of, text_of
from qwen_dual.mcp.records import PromptArgument, PromptRecord
from tests.support.images import encoded, png

POEM = PromptRecord(
    "poem",
    arguments=(
        PromptArgument("mood"),
        PromptArgument("title", required=True),
        PromptArgument("style"),
    ),
)


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("Sun", {"title": "Sun"}),
        ("Sun glad", {"title": "Sun", "mood": "glad"}),
        ("Sun glad free verse", {"title": "Sun", "mood": "glad", "style": "free verse"}),
        ('"The Sun" glad', {"title": "The Sun", "mood": "glad"}),
        ("--title=Sun", {"title": "Sun"}),
        ('--title="The \\"big\\" Sun" sad', {"title": 'The "big" Sun', "mood": "sad"}),
        ("sad --title=Sun old", {"title": "Sun", "mood": "sad", "style": "old"}),
        ("--mood= --title=x", {"mood": "", "title": "x"}),
    ],
)
def test_arguments_are_given_by_name_and_by_position(typed: str, values: dict[str, str]) -> None:
    assert arguments_of(POEM, typed) == values


def test_one_argument_takes_all_that_is_typed() -> None:
    prompt = PromptRecord("p", arguments=(PromptArgument("all", required=True),))
    assert arguments_of(prompt, "several words here") == {"all": "several words here"}


def test_without_declared_arguments_the_text_is_passed_on() -> None:
    assert arguments_of(PromptRecord("p"), "some text --x=1") == {"input": "some text", "x": "1"}
    assert arguments_of(PromptRecord("p"), "") == {}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "It needs --title=…. Usage: [--mood=…] --title=… [--style=…]"),
        ("--titel=x", "It takes no --titel. Usage: "),
    ],
)
def test_wrong_arguments_say_what_it_takes(typed: str, told: str) -> None:
    with pytest.raises(WrongArguments) as caught:
        arguments_of(POEM, typed)
    assert str(caught.value).startswith(told)


def said(role: str, **content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def test_the_model_is_asked_all_messages_and_told_who_says_what_where_both_do() -> None:
    one = blocks_of({"messages": [said("user", type="text", text="Hi\x1b[2J")]})
    assert text_of(one) == "Hi"
    both = [said("user", type="text", text="A"), said("assistant", type="text", text="B")]
    assert text_of(blocks_of({"messages": both})) == "User:\n\nA\n\nAssistant:\n\nB"


def test_images_and_resources_of_a_prompt_reach_the_model() -> None:
    image = said("user", type="image", mimeType="image/png", data=encoded(png()))
    resource = said("user", type="resource", resource={"uri": "x://y", "text": "in it"})
    blocks = blocks_of({"messages": [image, resource]})
    assert [block["type"] for block in blocks] == ["image", "text"]
    assert text_of(blocks) == "[x://y]\nin it"
    assert blocks_of({"messages": []}) == []
