"""Answers that fit a JSON Schema."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.frontends.headless import schema as looking
from qwen_dual.frontends.headless.schema import BadSchema, Schema
from qwen_dual.frontends.headless.structured import StructuredOutput
from tests.support.contexts import context

if TYPE_CHECKING:
    from pathlib import Path

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What checks is a process of its own, which may start late where much else runs."""
    monkeypatch.setattr(looking, "SECONDS", 50.0)


@pytest.fixture
def tool() -> StructuredOutput:
    return StructuredOutput(Schema(json.dumps(CITY)))


def test_the_model_is_given_the_schema_as_it_is(tool: StructuredOutput) -> None:
    assert tool.parameters == CITY


@pytest.mark.anyio
async def test_what_does_not_fit_is_refused_with_what_and_where(tool: StructuredOutput) -> None:
    refused = await tool.prepare({"people": -1}).run(context())
    assert refused.is_error
    assert "$.people: -1 is less" in refused.text
    assert "'city' is a required property" in refused.text
    assert tool.answer is None
    taken = await tool.prepare({"city": "Rome"}).run(context())
    assert not taken.is_error
    assert tool.answer == {"city": "Rome"}


@pytest.mark.anyio
async def test_an_answer_as_text_is_taken_where_it_fits(tool: StructuredOutput) -> None:
    assert "without the call" in await tool.take_text("It is Rome.")
    assert "does not fit" in await tool.take_text('{"town": "Rome"}')
    assert "without the call" in await tool.take_text('["Rome"]')
    assert tool.answer is None
    assert await tool.take_text('```json\n{"city": "Rome"}\n```') == ""
    assert tool.answer == {"city": "Rome"}


@pytest.mark.anyio
async def test_the_first_answer_stands(tool: StructuredOutput) -> None:
    await tool.take({"city": "Rome"})
    await tool.take({"city": "Paris"})
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
        ('{"properties": {"a": {"pattern": "("}}}', "no valid JSON Schema"),
        ('{"not":' * 200 + "{}" + "}" * 200, "nests deeper than 100"),
        ("@/dev/zero", "more than 4 MiB"),
    ],
)
def test_a_schema_that_is_none_is_refused(given: str, why: str) -> None:
    with pytest.raises(BadSchema, match=why):
        Schema(given)


@pytest.mark.anyio
async def test_nothing_is_fetched_for_a_schema_that_refers_elsewhere() -> None:
    tool = StructuredOutput(
        Schema('{"properties": {"a": {"$ref": "http://127.0.0.1:1/other.json"}}}')
    )
    refused = await tool.take({"a": 1})
    assert "refers to 'http://127.0.0.1:1/other.json'" in refused
    assert tool.problem == refused


@pytest.mark.anyio
async def test_no_answer_holds_up_the_loop_for_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema = Schema('{"properties": {"a": {"pattern": "^(a+)+$"}}}')
    monkeypatch.setattr(looking, "SECONDS", 0.5)
    tool = StructuredOutput(schema)
    with anyio.fail_after(20):
        refused = await tool.take({"a": "a" * 60 + "!"})
    assert "could not be held against the schema within 0.5 s" in refused
    assert (tool.answer, tool.problem) == (None, "")


def test_who_is_asked_to_stop_waits_for_no_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BadSchema, match="cannot be read: stopped"):
        Schema(f"@{pipe}", stopped=lambda: True)
