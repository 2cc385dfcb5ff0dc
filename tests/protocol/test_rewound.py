"""A going back in one sentence."""

from __future__ import annotations

import pytest

from qwen_dual.protocol.rewound import first_line


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("\n\n  mend   the\tparser \nand then", "mend the parser"),
        ("one\u2028two", "one"),
        ("x" * 30, "x" * 19 + "…"),
    ],
)
def test_the_first_line_that_says_something(prompt: str, line: str) -> None:
    assert first_line(prompt, 20) == line


def test_of_a_long_prompt_its_beginning_is_looked_at_alone() -> None:
    class Prompt(str):
        """A text that may not be taken apart whole."""

        __slots__ = ()

        def splitlines(self, keepends: bool = False) -> list[str]:
            raise AssertionError(f"{len(self)} characters, {keepends}")

    assert first_line(Prompt("go on\n" * 1_000_000), 20) == "go on"
