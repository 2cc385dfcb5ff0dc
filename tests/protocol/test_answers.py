"""What an answer in words must be."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.protocol.answers import MAX_TEXT, WrongAnswer, are_offered, problem_of, value_of


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        ({}, "any", "any"),
        ({"type": "string"}, " kept ", " kept "),
        ({"type": "string", "format": "email"}, "a@b.org", "a@b.org"),
        ({"type": "string", "format": "uri"}, "https://a/b?c", "https://a/b?c"),
        ({"type": "string", "format": "date"}, "2026-11-26", "2026-11-26"),
        ({"type": "string", "format": "date-time"}, "2026-11-26t09:30:00z", "2026-11-26t09:30:00z"),
        ({"type": "string", "format": "unheard of"}, "x", "x"),
        ({"type": "integer"}, " 42 ", 42),
        ({"type": "integer"}, "4e1", 40),
        ({"type": "integer", "minimum": 1, "maximum": 3}, "3", 3),
        ({"type": "number"}, "-0.5", -0.5),
    ],
)
def test_an_answer_becomes_the_value_that_is_asked_for(
    rule: dict[str, Any], text: str, value: Any
) -> None:
    found = value_of(rule, text)
    assert (found, type(found)) == (value, type(value))
    assert problem_of(rule, text) is None


@pytest.mark.parametrize(
    ("rule", "text", "told"),
    [
        ({"type": "integer"}, "1.5", "It is to be a whole number."),
        ({"type": "integer"}, "", "It is to be a whole number."),
        ({"type": "integer"}, "9" * 5000, "It is to be a whole number."),
        ({"type": "number"}, "nan", "It is to be a number."),
        ({"type": "number"}, "1e999", "It is to be a number."),
        ({"type": "number", "minimum": 1, "maximum": 3}, "4", "It is to be a number from 1 to 3."),
        ({"type": "integer", "minimum": 1}, "0", "It is to be a whole number of 1 or more."),
        ({"type": "number", "maximum": 1}, "2", "It is to be a number of 1 or less."),
        (
            {"type": "string", "minLength": 3},
            "ab",
            "It is to have 3 to 10000 characters, and has 2.",
        ),
        (
            {"type": "string", "maxLength": 1},
            "ab",
            "It is to have at most 1 characters, and has 2.",
        ),
        ({"type": "string"}, "x" * (MAX_TEXT + 1), "at most 10000 characters"),
        ({"type": "string", "format": "email"}, "a b@c.d", "It is to be an e-mail address."),
        ({"type": "string", "format": "uri"}, "no", "It is to be an address such as"),
        ({"type": "string", "format": "date"}, "20261126", "It is to be a date such as"),
        ({"type": "string", "format": "date"}, "2026-02-30", "It is to be a date such as"),
        ({"type": "string", "format": "date-time"}, "2026-11-26T09:30:00", "It is to be a time"),
    ],
)
def test_a_wrong_one_is_told_in_a_sentence(rule: dict[str, Any], text: str, told: str) -> None:
    with pytest.raises(WrongAnswer, match="It is to"):
        value_of(rule, text)
    assert told in str(problem_of(rule, text))


_QUESTIONS: list[Any] = [
    {"question": "Which?", "options": [{"label": "one"}, {"label": "a, b"}, {"label": "two"}]},
    "no question",
    {"options": ["no option", {"label": ["no text"]}]},
]


@pytest.mark.parametrize(
    "answers",
    [
        {"Which?": "one"},
        {"Which?": ["one", "two"]},
        {"Which?": "one, two"},
        {"Which?": "a, b"},
        {"Which?": ""},
        {"Which?": [None]},
        {},
        None,
    ],
)
def test_labels_are_offered_alone_and_together(answers: object) -> None:
    assert are_offered({"answers": answers}, _QUESTIONS)


@pytest.mark.parametrize(
    "answers",
    [
        {"Which?": "three"},
        {"Which?": "one, three"},
        {"Which?": ["one", 2]},
        {"Which?": {"label": "one"}},
        {"one": "x"},
        "one",
        ["one"],
    ],
)
def test_other_words_are_not_offered_whatever_they_are_in(answers: object) -> None:
    assert not are_offered({"answers": answers}, _QUESTIONS)
