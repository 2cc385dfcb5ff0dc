"""Forms of servers: what is asked, what the server gets, and what is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.frontends.tui.dialogs.questions import NEITHER, answered
from qwen_dual.frontends.tui.dialogs.questions import form_of as on_screen
from qwen_dual.mcp.elicitation import CannotAsk, Form, form_of, url_of
from qwen_dual.protocol.answers import WrongAnswer

if TYPE_CHECKING:
    from qwen_dual.core.commands.questions import Question


def form(required: list[str] | None = None, **properties: Any) -> Form:
    schema = {"type": "object", "properties": properties, "required": required or []}
    return form_of("srv", {"message": "Tell me", "requestedSchema": schema})


def shown(asked: Form) -> list[Question]:
    """The questions as the screen has them."""
    sheet = on_screen(asked.input)
    assert sheet is not None
    found: list[Question] = []
    while (question := sheet([""] * len(found))) is not None:
        found.append(question)
    return found


EVERY = {
    "name": {"type": "string", "title": "Name", "description": "In full", "minLength": 2},
    "age": {"type": "integer", "minimum": 0, "default": 7},
    "share": {"type": "number"},
    "sure": {"type": "boolean", "default": True},
    "plain": {"type": "string", "enum": ["a", "b"], "default": "b"},
    "named": {"type": "string", "enum": ["x", "y"], "enumNames": ["Ex", "Why"]},
    "titled": {"type": "string", "oneOf": [{"const": "1", "title": "One"}, {"const": "2"}]},
    "many": {
        "type": "array",
        "minItems": 1,
        "maxItems": 2,
        "items": {"anyOf": [{"const": c, "title": f"The {c}, big"} for c in "pqr"]},
        "default": ["p"],
    },
}


def test_every_kind_of_field_is_a_question_with_its_choices_its_default_and_its_check() -> None:
    asked = form(["name", "plain"], **EVERY)
    name, age, share, sure, plain, named, titled, many = shown(asked)
    assert (name.text, name.optional, name.choices) == ("MCP server srv: Name · 1 of 8", False, ())
    assert name.details == ("Tell me", "In full")
    assert name.check is not None
    assert name.check("a") == "It is to have 2 to 10000 characters, and has 1."
    assert (age.text, age.default, age.optional) == (
        "MCP server srv: age (optional) · 2 of 8",
        "7",
        True,
    )
    assert share.check is not None
    assert share.check("x") == "It is to be a number."
    assert [choice.value for choice in sure.choices] == ["Yes", "No", NEITHER.value]
    assert sure.default == "Yes"
    assert ([choice.value for choice in plain.choices], plain.default) == (["a", "b"], "b")
    assert not plain.free
    assert [choice.value for choice in named.choices][:2] == ["Ex", "Why"]
    assert [choice.value for choice in titled.choices][:2] == ["One", "2"]
    assert (many.several, many.default) == (True, "The p; big")


def test_answers_are_given_as_the_values_that_the_server_asks_for() -> None:
    asked = form(["name"], **EVERY)
    words = ["Ann", "8", "0.5", "No", "a", "Why", "", "The p; big, The r; big"]
    assert asked.content(answered(asked.input, words)) == {
        "name": "Ann",
        "age": 8,
        "share": 0.5,
        "sure": False,
        "plain": "a",
        "named": "y",
        "many": ["p", "r"],
    }


def test_what_nobody_said_has_its_default_and_what_was_emptied_has_none() -> None:
    asked = form(None, **EVERY)
    assert asked.content(None) == {"age": 7, "sure": True, "plain": "b", "many": ["p"]}
    emptied = {"answers": dict.fromkeys(("age", "sure", "plain", "many"), "")}
    assert asked.content(emptied) == {}


def test_a_host_may_answer_by_name_and_with_values() -> None:
    asked = form(None, **EVERY)
    content = {"name": "Bo", "age": 3, "sure": False, "named": "x", "many": ["q", "r"]}
    assert asked.content({"content": content}) == {**content, "plain": "b"}
    assert asked.content({"answers": {"sure": "true", "many": ["The q; big"]}})["many"] == ["q"]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"name": ""}, "Name: Something is needed here."),
        ({"name": "Ann", "age": "-1"}, "age: It is to be a whole number of 0 or more."),
        ({"name": "Ann", "age": True}, "age: It is to be a text or a number."),
        ({"name": "Ann", "plain": "c"}, "plain: It is to be one of a, b."),
        ({"name": "Ann", "many": ["p", "q", "r"]}, "many: Pick 1 to 2 of them."),
        ({"name": "Ann", "sure": 1}, "sure: It is to be one of Yes, No."),
    ],
)
def test_an_answer_that_cannot_be_used_says_which_and_why(
    answers: dict[str, Any], told: str
) -> None:
    with pytest.raises(WrongAnswer) as caught:
        form(["name"], **EVERY).content({"answers": answers})
    assert str(caught.value) == told


def test_fields_of_one_title_are_told_apart() -> None:
    asked = form(None, a={"type": "string", "title": "T"}, b={"type": "string", "title": "T"})
    assert [field.question for field in asked.fields] == ["T", "T (b)"]


def test_a_form_without_fields_asks_for_a_yes() -> None:
    asked = form()
    assert [choice.value for choice in shown(asked)[0].choices] == ["Agree"]
    assert asked.input["questions"][0]["header"] == f"MCP server {asked.server}"
    assert asked.content(answered(asked.input, ["Agree"])) == {}


def test_what_a_server_says_reaches_no_terminal() -> None:
    asked = form(
        None, x={"type": "string", "title": "a\x1b]52;c;x\x07b", "enum": ["\x9b31m", "ok"]}
    )
    told = asked.input["questions"][0]
    assert told["question"].isprintable()
    assert all(option["label"].isprintable() for option in told["options"])


def test_a_wrong_default_is_none() -> None:
    asked = form(
        None,
        a={"type": "integer", "default": "many"},
        b={"type": "boolean", "default": 1},
        c={"type": "string", "enum": ["x"], "default": "z"},
        d={"type": "string", "format": "email", "default": "nobody"},
    )
    assert asked.content(None) == {}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (None, "its form has no properties"),
        ({"properties": []}, "its form has no properties"),
        ({"properties": {"a": 1}}, "its field a is no object"),
        ({"properties": {"a": {"type": "object"}}, "required": ["a"]}, "of a kind that cannot"),
        ({"properties": {str(n): {} for n in range(21)}}, "21 fields; 20 at most"),
        ({"properties": {"a": {"type": "string", "enum": ["x"] * 101}}}, "101 values; 100 at most"),
    ],
)
def test_what_is_no_form_is_not_asked(schema: Any, told: str) -> None:
    with pytest.raises(CannotAsk, match=told):
        form_of("srv", {"message": "x", "requestedSchema": schema})


def test_a_field_of_an_unknown_kind_is_left_out_where_it_may_be() -> None:
    assert form(None, a={"type": "object"}, b={"type": "string"}).fields[0].name == "b"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://user:pw@host/",
        "https://ho\u0455t/",
        "https://host/a b",
        "https://host/\x1b[2J",
        "https://host/" + "a" * 2000,
        "https://[::1",
        "--help",
        7,
        None,
    ],
)
def test_only_a_plain_address_of_the_web_is_opened(url: Any) -> None:
    with pytest.raises(CannotAsk):
        url_of({"url": url})


def test_an_address_of_the_web_is_taken_as_it_is() -> None:
    assert url_of({"url": "https://host:8/p?q=1&r=%20#f"}) == "https://host:8/p?q=1&r=%20#f"


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("password", {}),
        ("value", {"title": "Pass-phrase"}),
        ("apiKey", {}),
        ("github_access_token", {}),
        ("x", {"description": "The PIN of your card"}),
        ("x", {"title": "One-time code"}),
        ("privateKey", {}),
    ],
)
def test_a_form_that_wants_a_secret_says_so_before_all_else(
    name: str, about: dict[str, Any]
) -> None:
    asked = form([], **{name: {"type": "string", **about}})
    [question] = shown(asked)
    assert question.details[0].startswith("! This seems to ask for a secret (")
    assert "goes to MCP server srv" in question.details[0]
    assert "Tell me" in question.details[0]
    assert asked.text.startswith("! This seems to ask for a secret")


def test_a_message_that_wants_a_secret_is_as_good_as_a_field() -> None:
    schema = {"properties": {"value": {"type": "string"}}}
    asked = form_of("srv", {"message": "Enter your password again:", "requestedSchema": schema})
    assert asked.input["message"].startswith("! This seems to ask for a secret. ")


@pytest.mark.parametrize(
    "properties",
    [
        {"maxTokens": {"type": "integer"}},
        {"monkey": {"type": "string", "title": "Keyboard layout"}},
        {"passenger": {"type": "string", "description": "Pinned, not secretly"}},
        {"password_reset": {"type": "boolean"}},
        {"how": {"type": "string", "enum": ["password", "key file"]}},
    ],
)
def test_a_form_that_wants_none_says_nothing(properties: dict[str, Any]) -> None:
    assert form(**properties).input["message"] == "Tell me"
