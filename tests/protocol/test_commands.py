"""Commands: what is taken, and what a refusal says."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.protocol import APPROVAL_MODES, COMMAND_TYPES
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.command_shapes import (
    RIGHTS,
    SHAPES,
    Cancel,
    Command,
    ConfirmationResponse,
    Right,
    SetApprovalMode,
    Submit,
)
from qwen_dual.protocol.commands import CommandError, parse_command
from qwen_dual.protocol.schema import schemas


def test_what_is_advertised_is_what_can_be_parsed() -> None:
    kinds = {kind: get_args(get_type_hints(shape)["type"]) for kind, shape in SHAPES.items()}
    assert kinds == {kind: (kind,) for kind in COMMAND_TYPES}
    assert set(SHAPES.values()) == set(get_args(Command))
    assert get_args(get_type_hints(SetApprovalMode)["mode"]) == APPROVAL_MODES


def test_each_command_takes_a_right() -> None:
    assert tuple(RIGHTS) == COMMAND_TYPES
    assert set(RIGHTS.values()) == set(get_args(Right))


def test_the_two_commands_of_the_base() -> None:
    assert parse_command(b'{"type":"submit","text":"hi"}') == Submit(type="submit", text="hi")
    assert parse_command(
        b'{"type":"confirmation_response","request_id":"r","allowed":true}'
    ) == ConfirmationResponse(type="confirmation_response", request_id="r", allowed=True)


def test_unknown_keys_are_ignored_and_of_duplicate_keys_the_last_counts() -> None:
    command = parse_command(b'{"type":"submit","text":"a","text":"b","new":[1]}')
    assert command == Submit(type="submit", text="b")


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (b"hello", "not_json", 'hello; a command is a line such as {"type"'),
        (b"\xff\xfe", "not_utf8", "byte 0"),
        (b"[" * 100_000, "not_json", ""),
        (b'{"type":"submit","text":"\\ud800"}', "not_json", ""),
        (b'{"type":"submit","text":1e999}', "not_json", ""),
        (b"[1]", "invalid", "JSON object"),
        (b'{"type":"nope"}', "unknown_type", "'nope'; known: submit"),
        (b'{"text":"x"}', "unknown_type", "None"),
        (b'{"type":["submit"]}', "unknown_type", "submit"),
        (b'{"type":"submit"}', "invalid", "text: Field required"),
        (b'{"type":"submit","text":5}', "invalid", "not 5"),
        (b'{"type":"submit","text":" \\n "}', "empty", "must not be empty"),
        (b'{"type":"submit","text":"x","id":1.5}', "invalid", "id"),
        (b'{"type":"submit","text":"x","id":true}', "invalid", "id"),
        (b'{"type":"submit","text":"x","id":""}', "invalid", "id"),
        (b'{"type":"confirmation_response","request_id":"r","allowed":"yes"}', "invalid", "'yes'"),
        (b'{"type":"set_approval_mode","mode":"fast"}', "invalid", "or 'yolo', not 'fast'"),
        (
            b'{"type":"confirmation_response","request_id":"r","allowed":true,"remember":"ever"}',
            "invalid",
            "remember: Expected 'session', 'project' or 'user', not 'ever'",
        ),
    ],
)
def test_a_line_that_cannot_be_used_says_why(line: bytes, code: str, says: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(line)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert len(str(caught.value)) < 600


def test_the_id_of_a_bad_command_is_kept_for_its_receipt() -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(b'{"type":"submit","id":"a1"}')
    assert caught.value.command_id == "a1"


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_command_error(line: bytes) -> None:
    with pytest.raises(CommandError):
        parse_command(line)


@given(
    st.dictionaries(
        st.sampled_from(["type", "id", "text", "allowed", "request_id"]),
        st.none() | st.booleans() | st.integers() | st.sampled_from([*COMMAND_TYPES, "x"]),
    )
)
def test_any_object_gives_a_command_or_a_command_error(value: dict[str, object]) -> None:
    try:
        parse_command(encode(value).strip())
    except CommandError as error:
        assert error.code in ("invalid", "unknown_type")


def test_a_number_is_taken_as_an_id() -> None:
    assert parse_command(b'{"type":"submit","text":"x","id":7}').id == "7"
    with pytest.raises(CommandError) as caught:
        parse_command(b'{"type":"submit","text":5,"id":7}')
    assert caught.value.command_id == "7"
    cancel = parse_command(b'{"type":"cancel","target":7}')
    assert isinstance(cancel, Cancel) and cancel.target == "7"


def test_the_published_schema_takes_numbers_as_ids_too() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs the jsonschema package")
    schema = schemas()["commands.schema.json"]
    jsonschema.validate({"type": "edit_queued", "target": 7, "text": "x", "id": 8}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"type": "edit_queued", "target": 7.5, "text": "x"}, schema)


def test_a_value_of_the_wrong_kind_is_named_once() -> None:
    with pytest.raises(CommandError) as raised:
        parse_command(b'{"type":"submit","text":5}')
    assert str(raised.value) == "submit: text: Expected str, not 5"
