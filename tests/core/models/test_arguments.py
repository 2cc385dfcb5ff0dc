"""Arguments as models write them: what has one reading by the schema is taken, nothing else."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.arguments import LONGEST_MENDED, read, read_long
from qwen_dual.core.models.model import Finished, TextDelta, ToolCallArguments, ToolCallStart
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.turns.refusals import CUT_OFF
from qwen_dual.protocol.codec import decode, encode
from qwen_dual.tools.parameters import MODELS, check, schema
from tests.support.fakes import FakeModel, FakeTool, Host, Step, call

LIST = schema("list_directory")
TODO = schema("todo_write")
SHELL = schema("run_shell_command")
WRITE = schema("write_file")
ASK = schema("ask_user_question")
LIST_OF_TEXTS = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('"{\\"command\\": \\"ls\\"}"', {"command": "ls"}),
        ('```json\n{"command": "ls"}\n```', {"command": "ls"}),
        ('{"command": "ls"}}', {"command": "ls"}),
        ('{"command": "ls",}', {"command": "ls"}),
        ('```json\n{"command": "ls", }\n```', {"command": "ls"}),
        ('{"command": "a,}\\",]", "timeout": 5,\n}', {"command": 'a,}",]', "timeout": 5}),
        ('{"command": "a\nb\tc"}', {"command": "a\nb\tc"}),
        ('{"command": "ls", "timeout": "5000"}', {"command": "ls", "timeout": 5000}),
        ('{"command": "ls", "timeout": 5000.0}', {"command": "ls", "timeout": 5000}),
        ('{"command": "ls", "is_background": "True"}', {"command": "ls", "is_background": True}),
        ('{"command": "ls", "is_background": 0}', {"command": "ls", "is_background": False}),
        ('{"command": "ls", "timeout": null, "directory": null}', {"command": "ls"}),
        ('{"command": "ls", "timeout": "", "is_background": "null"}', {"command": "ls"}),
        ("", {}),
    ],
)
def test_a_call_is_read_as_it_was_meant(raw: str, expected: dict[str, Any]) -> None:
    assert read(raw, SHELL) == expected
    assert read_long(raw, SHELL) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "echo hi",
        '{"command": "ls"',
        '{"command": "ls"}}}',
        '{"command": "ls"} and so on',
        '{"command": "ls",,}',
        "{,}",
        '{"command": "ls"}{"command": "rm -r x"}',
        '[{"command": "ls"}]',
        '{"command": "a\\d"}',  # a backslash too few, or one too many?
        '{"timeout": NaN}',
        '{"command": "\\ud83d"}',
        '{"command": "\ud83d"}',
        "[" * 100_000,
        '{"command":' * 5_000,
    ],
)
def test_what_has_no_single_reading_is_not_taken(raw: str) -> None:
    assert read(raw, SHELL) is None
    assert read_long(raw, SHELL) is None


def test_a_value_that_fits_no_reading_stays_for_the_tool_to_refuse() -> None:
    for raw in (
        '{"command": ["ls"], "timeout": "soon", "is_background": "maybe"}',
        '{"command": {"a": 1}, "timeout": 1.5, "is_background": 2}',
    ):
        assert read(raw, SHELL) == decode(raw)


@pytest.mark.parametrize(
    ("ignore", "expected"),
    [
        ('"x.txt"', ["x.txt"]),
        ('"[\\"a\\", \\"b\\"]"', ["a", "b"]),
        ('"[abc]*.txt"', ["[abc]*.txt"]),
        ("[1]", ["1"]),
        ('"none"', ["none"]),
    ],
)
def test_one_text_stands_for_a_list_of_it(ignore: str, expected: list[str]) -> None:
    assert read(f'{{"path": ".", "ignore": {ignore}}}', LIST) == {"path": ".", "ignore": expected}


def test_a_list_in_a_string_is_read_and_its_items_too() -> None:
    todos = [
        {"id": 2, "content": "a", "status": "In Progress"},
        {"content": "b", "status": "pending"},
        {"id": "", "content": "c", "status": "completed"},
    ]
    raw = encode({"todos": encode(todos).decode()}).decode()
    found = read(raw, TODO)
    assert found is not None
    assert [todo["id"] for todo in found["todos"]] == ["2", "1", "3"]
    assert found["todos"][0]["status"] == "in_progress"
    check(MODELS["todo_write"], found)


def test_a_single_object_stands_for_a_list_of_it() -> None:
    assert read('{"questions": {"question": "Why?", "multiSelect": "no"}}', ASK) == {
        "questions": [{"question": "Why?", "multiSelect": False}]
    }


def test_text_that_looks_like_json_stays_text_where_text_is_wanted() -> None:
    content = '{"a": [1, 2]}'
    raw = encode({"file_path": "a.json", "content": content}).decode()
    assert read(raw, WRITE) == {"file_path": "a.json", "content": content}
    fenced = encode({"file_path": "a.md", "content": "```json\n{}\n```"}).decode()
    assert read(fenced, WRITE) == {"file_path": "a.md", "content": "```json\n{}\n```"}


@given(
    st.dictionaries(
        st.sampled_from(["file_path", "content", "other"]),
        st.text() | st.none() | st.lists(st.integers(0, 9) | st.text(max_size=3), max_size=3),
    )
)
def test_any_json_is_read_without_an_error_and_texts_stay_word_for_word(
    value: dict[str, Any],
) -> None:
    found = read(encode(value).decode(), WRITE)
    assert found is not None
    for name, item in value.items():
        if isinstance(item, str):
            assert found[name] == item


def test_what_is_shown_is_what_runs() -> None:
    parameters = {"properties": {"command": {"type": "string"}, "ids": LIST_OF_TEXTS}}
    tool = FakeTool(parameters={"type": "object", **parameters})
    raw = '```json\n{"command": 5, "ids": "a"}\n```'
    model = FakeModel([ToolCallStart("a", tool.name), ToolCallArguments(raw)])
    host = Host(model, tool)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(True, KEYBOARD))
        await host.result()

    host.play(script)
    meant = {"command": "5", "ids": ["a"]}
    (message,) = [e["message"] for e in host.of("assistant")][:1]
    assert message["content"][0]["input"] == meant
    assert host.of("control_request")[0]["request"]["input"] == meant
    assert tool.runs == [meant]


@pytest.mark.parametrize(
    "raw",
    [
        '{"command": "' + '\\"' * (LONGEST_MENDED // 2 - 10),
        "```json\n" + " " * LONGEST_MENDED,
        "```json\n" + "\n" * LONGEST_MENDED + "x",
        "```json" + " " * LONGEST_MENDED + "x\n{}\n```",
    ],
    ids=["no end of a string", "no end of a fence", "lines", "a fence's head"],
)
def test_what_has_no_end_is_found_out_in_one_pass(raw: str) -> None:
    began = time.thread_time()
    assert read(raw) is None
    assert time.thread_time() - began < 2


@pytest.mark.parametrize("raw", ['{"command":"echo ', "", '{"command":"echo "}}'])
def test_a_call_that_the_limit_cut_off_is_not_run_and_the_model_is_told_why(raw: str) -> None:
    cut: list[Step] = [
        ToolCallStart("a", "run_shell_command"),
        ToolCallArguments(raw),
        Finished("length"),
    ]
    tool, model = FakeTool(), FakeModel([TextDelta("I write."), *cut])
    host = Host(model, tool, approval_mode="yolo")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        assert (await host.result())["stop_reason"] == "end_turn"

    host.play(script)
    assert tool.runs == []
    assert [block["content"] for block in host.tool_results()] == [CUT_OFF]
    assert CUT_OFF in str(model.requests[-1].messages[-1])


def test_a_call_that_was_whole_when_the_limit_was_reached_runs() -> None:
    steps: list[Step] = [*call("run_shell_command", command="ls"), Finished("length")]
    tool = FakeTool()
    host = Host(FakeModel(steps), tool, approval_mode="yolo")

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    assert tool.runs == [{"command": "ls"}]
