"""Answers that fit a JSON Schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.tool import InvalidArguments
from qwen_dual.frontends.headless.structured import BadSchema, Schema, StructuredOutput

if TYPE_CHECKING:
    from pathlib import Path

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.fixture
def tool() -> StructuredOutput:
    return StructuredOutput(Schema(json.dumps(CITY)))


def test_the_model_is_given_the_schema_as_it_is(tool: StructuredOutput) -> None:
    assert tool.parameters == CITY


def test_what_does_not_fit_is_refused_with_what_and_where(tool: StructuredOutput) -> None:
    with pytest.raises(InvalidArguments, match=r"\$\.people: -1 is less") as caught:
        tool.prepare({"people": -1})
    assert "'city' is a required property" in str(caught.value)
    assert tool.answer is None


def test_an_answer_as_text_is_taken_where_it_fits(tool: StructuredOutput) -> None:
    assert "without the call" in tool.take_text("It is Rome.")
    assert "does not fit" in tool.take_text('{"town": "Rome"}')
    assert "without the call" in tool.take_text('["Rome"]')
    assert tool.answer is None
    assert tool.take_text('```json\n{"city": "Rome"}\n```') == ""
    assert tool.answer == {"city": "Rome"}


def test_the_first_answer_stands(tool: StructuredOutput) -> None:
    tool.take({"city": "Rome"})
    tool.take({"city": "Paris"})
    assert tool.answer == {"city": "Rome"}


def test_a_schema_may_be_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(CITY))
    assert Schema(f"@{path}").document == CITY
    with pytest.raises(BadSchema, match=r"'/nowhere.json' cannot be read: No such file"):
        Schema("@/nowhere.json")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("{", "is no JSON"),
        ("[]", "one of objects"),
        ('{"type": "array"}', "one of objects"),
        ('{"type": "object", "properties": 3}', "no valid JSON Schema"),
    ],
)
def test_a_schema_that_is_none_is_refused(given: str, why: str) -> None:
    with pytest.raises(BadSchema, match=why):
        Schema(given)


def test_nothing_is_fetched_for_a_schema_that_refers_elsewhere() -> None:
    schema = Schema('{"properties": {"a": {"$ref": "http://127.0.0.1:1/other.json"}}}')
    with pytest.raises(BadSchema, match=r"refers to 'http://127\.0\.0\.1:1/other\.json'"):
        schema.faults({"a": 1})
