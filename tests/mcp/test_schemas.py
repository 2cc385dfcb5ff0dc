"""What a server gives as the parameters of a tool: a schema, or why it is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.mcp.schemas import as_parameters, why_no_schema
from qwen_dual.tools.toolset import toolset

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"},
        {"type": "object", "properties": {"a": True, "b": {"type": ["string", "null"]}}},
        {"type": "object", "properties": {"a": {"items": [{"type": "string"}], "type": "array"}}},
        {"type": "object", "$defs": {"a": {"$ref": "#/$defs/a"}}, "anyOf": [{"required": ["a"]}]},
        {"type": "object", "properties": {"properties": {"type": "object", "properties": {}}}},
        {"type": "object", "properties": {"a": {"enum": [1, "b", None]}}, "x-own": [[]]},
    ],
)
def test_what_is_a_schema_is_taken(schema: dict[str, Any]) -> None:
    assert why_no_schema(schema) == ""


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (None, "its parameters are no JSON Schema"),
        (True, "its parameters are no JSON Schema"),
        ({"type": "array"}, "its parameters are of the type 'array', not an object"),
        ({"type": ["object"]}, "its parameters are of the type \"['object']\", not an object"),
        ({"properties": []}, "properties is a list"),
        ({"properties": {"a": "string"}}, "a schema is a string"),
        ({"properties": {"a": {"type": "text"}}}, "there is no type 'text'"),
        ({"properties": {"a": {"type": {}}}}, "there is no type '{}'"),
        ({"required": "a"}, "required is no list of names"),
        ({"required": [1]}, "required is no list of names"),
        ({"properties": {"a": {"enum": "x"}}}, "enum is a string"),
        ({"anyOf": {}}, "anyOf is an object"),
        ({"description": 7}, "description is a number"),
        ({"additionalProperties": None}, "a schema is null"),
        ({"x": "y" * 40_000}, "take more than 32,000 bytes"),
    ],
)
def test_what_is_none_is_said_not_to_be(schema: Any, why: str) -> None:
    assert why in why_no_schema(schema)


def test_one_that_is_nested_too_deeply_is_left_out() -> None:
    schema: dict[str, Any] = {}
    for _ in range(500):
        schema = {"items": schema}
    assert "nested more than 40 deep" in why_no_schema(schema)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "required", "anyOf", "enum", "$ref"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(_JSON)
def test_nothing_that_a_server_sends_is_more_than_it_can_judge(schema: Any) -> None:
    assert isinstance(why_no_schema(schema), str)


def test_our_own_tools_would_be_taken(tmp_path: Path) -> None:
    for tool in toolset(str(tmp_path), {}).tools:
        assert why_no_schema(dict(tool.parameters)) == ""


def test_a_service_is_told_the_type_and_the_properties_always() -> None:
    assert as_parameters({"$schema": "x"}) == {"type": "object", "properties": {}}
    kept = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
    assert as_parameters(kept) == kept
