"""What a hook of the reference added to a prompt is not shown as the prompt."""

from __future__ import annotations

import pytest

from qwen_dual.chats.replay import without_context

TAG = "<qwen:user-prompt-submit-context>"


@pytest.mark.parametrize(
    ("told", "prompt"),
    [
        ("do it", "do it"),
        (f"do it\n\n{TAG}\nmore\n{TAG}", "do it"),
        ("do it \n", "do it \n"),
        (TAG, ""),
    ],
)
def test_the_prompt_alone(told: str, prompt: str) -> None:
    assert without_context(told) == prompt


def test_blanks_cost_no_more_than_words() -> None:
    # A million of them took minutes, by an expression that began anew at each.
    prompt = "a" + " " * 1_000_000 + "b"
    assert without_context(prompt) == prompt
