"""Regular expressions that are compiled with their first use."""

from __future__ import annotations

import re

import pytest

from qwen_dual.protocol.regex import regex


def test_it_finds_what_a_compiled_one_finds() -> None:
    late, at_once = (
        regex(r"(?P<word>[a-z]+)", re.IGNORECASE),
        re.compile("(?P<word>[a-z]+)", re.IGNORECASE),
    )
    text = "One, two; THREE"
    assert late.findall(text) == at_once.findall(text)
    assert late.sub("x", text) == at_once.sub("x", text)
    assert (found := late.match(text)) is not None and found["word"] == "One"
    assert [each.span() for each in late.finditer(text)] == [
        each.span() for each in at_once.finditer(text)
    ]
    assert (late.pattern, late.flags) == (at_once.pattern, at_once.flags)


def test_nothing_is_compiled_before_it_is_used() -> None:
    wrong = regex("(")
    with pytest.raises(re.error):
        wrong.match("x")
