"""The lines of an SDK: what each says, and what is said of those that cannot be used."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.protocol.command_shapes import Submit
from qwen_dual.protocol.commands import CommandError
from qwen_dual.protocol.control import (
    ControlCancel,
    ControlRequest,
    ControlResponse,
    Unusable,
    UserMessage,
    parse_incoming,
    permission_answer,
)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def parse(**line: Any) -> Any:
    return parse_incoming(json.dumps(line).encode())


def user(content: Any, **more: Any) -> UserMessage:
    message = parse(type="user", message={"role": "user", "content": content}, **more)
    assert isinstance(message, UserMessage)
    return message


def image(data: str = PNG, media_type: str = "image/png") -> dict[str, Any]:
    source = {"type": "base64", "media_type": media_type, "data": data}
    return {"type": "image", "source": source}


def test_a_prompt_is_text_or_blocks() -> None:
    said = user("hello", session_id="", parent_tool_use_id=None)
    assert said == UserMessage(({"type": "text", "text": "hello"},))
    blocks = [{"type": "text", "text": "see"}, image(), {"type": "text", "text": "and say"}]
    message = user(blocks, uuid="u1")
    assert [block["type"] for block in message.content] == ["text", "image", "text"]
    assert (message.uuid, message.remarks) == ("u1", ())
    assert message.text == "see\n[image: PNG, 1×1, 70 bytes]\nand say"


def test_an_image_is_what_its_bytes_begin_with_whatever_its_sender_calls_it() -> None:
    [block] = user([image(media_type="image/jpeg")]).content
    assert block == image()


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"type": "document", "source": {}}, "the type 'document'"),
        ({"type": "image", "source": {"type": "url", "url": "http://x"}}, "type base64"),
        (image("no base64!"), "no base64"),
        (image(base64.b64encode(b"BM plain bitmap").decode()), "neither PNG"),
        ({}, "the type 'None'"),
    ],
)
def test_a_block_that_cannot_be_used_is_left_out_and_everybody_is_told(
    block: dict[str, Any], told: str
) -> None:
    message = user([{"type": "text", "text": "look"}, block])
    [remark] = message.remarks
    assert told in remark
    assert message.content[1]["type"] == "text"
    assert message.text.startswith("look\n[left out: ")


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "  "},
        {"role": "user", "content": []},
        {"role": "user"},
        {"role": "assistant", "content": "hello"},
        {"content": 5},
        "hello",
        None,
    ],
)
def test_a_prompt_that_says_nothing_tells_whoever_waits_for_its_result(message: Any) -> None:
    with pytest.raises(Unusable) as raised:
        parse(type="user", message=message, uuid="u7")
    assert raised.value.prompt
    assert raised.value.command_id == "u7"


def test_a_request_has_a_subtype_and_an_id() -> None:
    request = {"subtype": "set_model", "model": "m"}
    found = parse(type="control_request", request_id="r1", request=request)
    assert found == ControlRequest("r1", "set_model", request)
    with pytest.raises(Unusable) as raised:
        parse(type="control_request", request_id="r1", request={})
    assert raised.value.request_id == "r1"
    with pytest.raises(CommandError, match="request_id"):
        parse(type="control_request", request=request)


def test_an_answer_is_one_or_says_why_not() -> None:
    def answered(**response: Any) -> Any:
        return parse(type="control_response", response={"request_id": "r", **response})

    good = {"behavior": "allow", "updatedInput": {"a": 1}}
    assert answered(subtype="success", response=good) == ControlResponse("r", good)
    assert answered(subtype="error", error="it threw").error == "it threw"
    assert answered(subtype="error", error={"message": "it threw"}).error == "it threw"
    assert answered(subtype="error").error
    with pytest.raises(CommandError, match="control_response"):
        answered(subtype="maybe")


@pytest.mark.parametrize(
    "response",
    [{}, {"behavior": "Allow"}, {"behavior": "allow", "updatedInput": "ls"}, {"allowed": True}],
)
def test_what_is_no_answer_to_can_use_tool_allows_nothing(response: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        permission_answer(response)


def test_who_waits_for_what_nests_too_deep_is_answered() -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    answer = {"behavior": "allow", "updatedInput": {"command": "ls", "more": deep}}
    response = {"subtype": "success", "request_id": "q", "response": answer}
    found = parse(type="control_response", response=response)
    assert found == ControlResponse("q", error="its answer is nested deeper than 100")
    with pytest.raises(Unusable, match="nested deeper than 100") as caught:
        parse(type="control_request", request_id="r", request={"subtype": "x", "more": deep})
    assert caught.value.request_id == "r"
    with pytest.raises(Unusable, match="nested deeper than 100") as caught:
        parse(type="user", message={"role": "user", "content": deep})
    assert caught.value.prompt
    for kind in ("get_state", "control_response", deep):
        with pytest.raises(CommandError):
            parse(type=kind, more=deep)


def test_commands_and_cancellations_are_taken_too() -> None:
    assert isinstance(parse(type="submit", text="hello"), Submit)
    assert parse(type="control_cancel_request", request_id="r") == ControlCancel("r")
    assert parse(type="control_cancel_request") == ControlCancel(None)


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b'{"type":["user"]}', b'{"type":"usr"}'])
def test_other_lines_say_what_is_wrong_with_them(line: bytes) -> None:
    with pytest.raises(CommandError):
        parse_incoming(line)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "message",
                        "content",
                        "role",
                        "source",
                        "request",
                        "request_id",
                        "response",
                        "subtype",
                    ]
                ),
                inner | st.sampled_from(["user", "control_request", "control_response", "image"]),
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_something_or_an_error_that_says_what(value: Any) -> None:
    try:
        parse_incoming(json.dumps(value).encode())
    except CommandError as error:
        assert str(error)
