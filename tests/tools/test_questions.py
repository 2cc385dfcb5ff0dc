"""``todo_write`` and ``ask_user_question``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.tools.ask import AskUserQuestionTool
from qwen_dual.tools.parameters import MODELS, schema
from tests.support.fakes import FakeModel, Host
from tests.support.fakes import call as model_call
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from qwen_dual.tools.toolset import Toolset

ONE = {
    "question": "Which database?",
    "header": "Database",
    "options": [{"label": "SQLite", "description": "one file"}, {"label": "Postgres"}],
}
MANY = {"question": "Which checks?", "options": [{"label": "ruff"}], "multiSelect": True}


def todo(name: str, status: str) -> dict[str, str]:
    return {"id": name, "content": f"do {name}", "status": status}


def test_the_list_is_kept_and_told(tools: Toolset) -> None:
    todos = [todo("a", "completed"), todo("b", "in_progress"), todo("c", "pending")]
    result = call(tools, "todo_write", todos=todos)
    assert "2 of 3 left" in result.text
    assert "[x] do a (id a)\n[>] do b (id b)\n[ ] do c (id c)" in result.text
    assert [item.id for item in tools.todos] == ["a", "b", "c"]
    tools.forget()
    assert list(tools.todos) == []


def test_an_empty_list_clears_it(tools: Toolset) -> None:
    call(tools, "todo_write", todos=[todo("a", "pending")])
    assert call(tools, "todo_write", todos=[]).text == "The todo list is empty now."
    assert list(tools.todos) == []


@pytest.mark.parametrize(
    ("todos", "why"),
    [
        ([todo("a", "done")], r"todo_write: todos.0.status: .*'in_progress'.*not .done"),
        ([todo("a", "pending")] * 2, r"todo_write: every id may occur once.*: a"),
        ([{"id": "a", "status": "pending"}], r"todos.0.content: this argument is required"),
    ],
)
def test_a_wrong_list_is_refused(tools: Toolset, todos: list[Any], why: str) -> None:
    with pytest.raises(InvalidArguments, match=why):
        tool_of(tools, "todo_write").prepare({"todos": todos})


def test_the_schemas_refer_to_nothing() -> None:
    for name in MODELS:
        assert "$ref" not in str(schema(name)) and "'title'" not in str(schema(name))
    items = schema("todo_write")["properties"]["todos"]["items"]
    assert items["required"] == ["id", "content", "status"]


def test_questions_are_shown_with_their_options(tools: Toolset) -> None:
    prepared = tool_of(tools, "ask_user_question").prepare({"questions": [ONE, MANY]})
    assert prepared.title == "Database (and 1 more)"
    assert anyio.run(prepared.preview) == {
        "kind": "questions",
        "title": "Database (and 1 more)",
        "text": "Which database?\n  - SQLite: one file\n  - Postgres\n\n"
        "Which checks? (several may be chosen)\n  - ruff",
    }


def test_options_may_be_bare_texts(tools: Toolset) -> None:
    asked = {"question": "Which licence?", "options": ["MIT", {"label": "GPL"}]}
    prepared = tool_of(tools, "ask_user_question").prepare({"questions": [asked]})
    shown = anyio.run(prepared.preview)
    assert shown is not None
    assert shown["text"] == "Which licence?\n  - MIT\n  - GPL"


@pytest.mark.parametrize("questions", [[], [ONE] * 5, [{"options": []}]])
def test_one_to_four_questions_are_asked(tools: Toolset, questions: list[Any]) -> None:
    with pytest.raises(InvalidArguments, match="ask_user_question: questions"):
        tool_of(tools, "ask_user_question").prepare({"questions": questions})


def asked(mode: str, *, allowed: bool = True, **answer: Any) -> str:
    """What the model is told once its two questions were answered."""

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(allowed, KEYBOARD, **answer))
        await host.result()

    model = FakeModel(
        model_call("ask_user_question", questions=[ONE, MANY], answers={"Which checks?": "forged"})
    )
    host = Host(model, AskUserQuestionTool(), approval_mode=mode)  # type: ignore[arg-type]
    host.play(script)
    request = host.of("control_request")[0]["request"]
    assert request["input"]["questions"] == [ONE, MANY]
    assert request["preview"]["kind"] == "questions"
    return str(host.tool_results()[0]["content"])


@pytest.mark.parametrize("mode", ["plan", "default", "yolo"])
def test_answers_reach_the_model_in_every_mode(mode: str) -> None:
    answers = {"Which database?": "SQLite", "Which checks?": ["ruff", "mypy"]}
    assert asked(mode, updated_input={"answers": answers}) == (
        "The person answered:\n\nWhich database?\n→ SQLite\n\nWhich checks?\n→ ruff, mypy"
    )


def test_a_question_without_an_answer_says_so_whatever_the_model_claimed() -> None:
    assert asked("default").count("→ (no answer was given)") == 2
    half = asked("default", updated_input={"answers": {"Database": "SQLite"}})
    assert "→ SQLite" in half and "→ (no answer was given)" in half
    assert "forged" not in half


def test_who_declines_may_say_why() -> None:
    assert asked("yolo", allowed=False, message="later") == (
        "The person declined to answer. They said: later"
    )
