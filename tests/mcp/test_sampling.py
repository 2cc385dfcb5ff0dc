"""What servers want a model to answer: what is shown, what is refused, what they get."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.mcp.sampling import MAX_CHARS, MAX_TOKENS, CannotSample, sampling_of
from tests.support.images import encoded, png


def said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": {"type": "text", "text": text}}


def test_all_of_it_is_shown_and_put_to_the_model() -> None:
    image = {"type": "image", "mimeType": "image/png", "data": encoded(png())}
    found = sampling_of(
        {
            "systemPrompt": "Be\x1b[2J brief",
            "messages": [
                said("user", "one"),
                {"role": "user", "content": [{"type": "text", "text": "two"}, image]},
                said("assistant", "three"),
                said("user", "four"),
            ],
            "maxTokens": 5,
            "stopSequences": ["END", 3],
        }
    )
    assert found.text.startswith(
        "System:\nBe\x1b[2J brief\n\nUser:\none\n\nUser:\ntwo\n[image: PNG"
    )
    assert found.text.endswith("Assistant:\nthree\n\nUser:\nfour")
    assert [message["role"] for message in found.messages] == ["user", "assistant", "user"]
    assert len(found.messages[0]["content"]) == 3
    assert (found.system, found.max_chars, found.stops) == ("Be\x1b[2J brief", 20, ("END",))


@pytest.mark.parametrize(
    ("answer", "text", "why"),
    [
        ("short", "short", "endTurn"),
        ("x" * 30, "x" * 20, "maxTokens"),
        ("before END after", "before ", "stopSequence"),
        ("y" * 25 + "END", "y" * 20, "maxTokens"),
    ],
)
def test_an_answer_ends_where_the_server_said(answer: str, text: str, why: str) -> None:
    wanted = sampling_of(
        {"messages": [said("user", "x")], "maxTokens": 5, "stopSequences": ["END"]}
    )
    assert wanted.result(answer, "m") == {
        "role": "assistant",
        "content": {"type": "text", "text": text},
        "model": "m",
        "stopReason": why,
    }


@pytest.mark.parametrize("tokens", [None, 0, -1, True, "9", 10**9])
def test_an_answer_is_bounded_whatever_the_server_says(tokens: Any) -> None:
    found = sampling_of({"messages": [said("user", "x")], "maxTokens": tokens})
    assert found.max_chars == 4 * MAX_TOKENS


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "1 to 100 messages"),
        ({"messages": []}, "1 to 100 messages"),
        ({"messages": [said("user", "x")] * 101}, "1 to 100 messages"),
        ({"messages": [said("system", "x")]}, "the user's or the assistant's"),
        ({"messages": ["x"]}, "the user's or the assistant's"),
        ({"messages": [said("assistant", "x")]}, "its last message"),
        (
            {"messages": [{"role": "user", "content": {"type": "audio"}}]},
            "neither text nor an image",
        ),
        ({"messages": [{"role": "user", "content": {"type": "image", "data": "!"}}]}, "no base64"),
        ({"messages": [said("user", "x" * (MAX_CHARS + 1))]}, "200,000 at most"),
        ({"messages": [said("user", "x")], "tools": [{"name": "t"}]}, "tools of its own"),
    ],
)
def test_what_no_model_is_asked_is_refused(params: dict[str, Any], told: str) -> None:
    with pytest.raises(CannotSample, match=told):
        sampling_of(params)
