"""Tool calls that came as text: found at the end of an answer, told, and run where it is set."""

from __future__ import annotations

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.models.text_calls import find
from qwen_dual.core.permissions.approvals import Decision
from tests.support.fakes import FakeModel, FakeTool, Host

TOOLS = ["read_file", "run_shell_command"]
READ = ("read_file", '{"file_path":"a.py"}')
HERMES = '<tool_call>\n{"name": "read_file", "arguments": {"file_path": "a.py"}}\n</tool_call>'


@pytest.mark.parametrize(
    "text",
    [
        HERMES,
        f"I read it.\n\n{HERMES}\n",
        HERMES.removesuffix("</tool_call>"),
        '<tool_call>{"name": "read_file", "arguments": "{\\"file_path\\":\\"a.py\\"}"}</tool_call>',
        '<function=read_file>{"file_path":"a.py"}</function>',
        "<function=read_file>\n<parameter=file_path>\na.py\n</parameter>\n</function>\n</tool_call>",
        (
            "<tool_call>\n<function=read_file>\n<parameter=file_path>\na.py\n</parameter>\n</function>\n"
            "</tool_call>"
        ),
        (
            "<tool_call>read_file\n<arg_key>file_path</arg_key>\n<arg_value>a.py</arg_value>\n"
            "</tool_call>"
        ),
        (
            '<function_calls>\n<invoke name="read_file">\n<parameter name="file_path">a.py</parameter>\n'
            "</invoke>\n</function_calls>"
        ),
        '[TOOL_CALLS][{"name": "read_file", "arguments": {"file_path": "a.py"}}]',
        '<|python_tag|>{"name": "read_file", "parameters": {"file_path": "a.py"}}',
        '{"name": "read_file", "parameters": {"file_path": "a.py"}}',
        (
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.read_file:0"
            '<|tool_call_argument_begin|>{"file_path": "a.py"}<|tool_call_end|>'
            "<|tool_calls_section_end|>"
        ),
        '<|tool_call_begin|>read_file<|tool_call_argument_begin|>{"file_path": "a.py"}',
        (
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>read_file\n```json\n"
            '{"file_path": "a.py"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>'
        ),
        (
            "Now:<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read_file<｜tool▁sep｜>"
            '{"file_path": "a.py"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
        ),
        '[TOOL_CALLS]read_file[ARGS]{"file_path": "a.py"}',
        '[TOOL_CALLS]read_file[CALL_ID]a1b2c3d4e[ARGS]{"file_path": "a.py"}',
        "```\n<tool_call>\n```\nThat was an example, and now:\n" + HERMES,
    ],
)
def test_a_call_at_the_end_of_an_answer_is_found(text: str) -> None:
    assert find(text, TOOLS) == [READ]


def test_several_calls_are_found() -> None:
    text = f'{HERMES}\n<tool_call>{{"name":"run_shell_command","arguments":{{}}}}</tool_call>'
    assert find(text, TOOLS) == [READ, ("run_shell_command", "{}")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "done",
        f"{HERMES}\nThat is how it is written.",
        f"```\n{HERMES}\n```",
        f"An example:\n```xml\n{HERMES}",
        '<tool_call>{"name": "other", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "read_file"}</tool_call>',
        '<tool_call>{"name": "read_file", "arguments": [1]}</tool_call>',
        "<tool_call>",
        "<function=read_file>and so on</function>",
        'The file holds: {"name": "read_file", "parameters": {}}',
        '{"name": "read_file", "version": "1", "scripts": {}, "parameters": {}}',
        "[1, 2]",
        "<tool_call>" + "[" * 100_000,
        '<|tool_call_begin|>functions.other:0<|tool_call_argument_begin|>{"a": 1}<|tool_call_end|>',
        "<|tool_call_begin|>functions.read_file:0<|tool_call_argument_begin|>[1]<|tool_call_end|>",
        'Mistral writes read_file[ARGS]{"file_path": "a.py"}',
    ],
)
def test_everything_else_stays_text(text: str) -> None:
    assert find(text, TOOLS) == []


def test_a_long_answer_of_beginnings_takes_no_time() -> None:
    for piece in (
        "<tool_call>",
        "<function=read_file>",
        "<invoke name=",
        "<function=read_file>{}</function>x",
        "<|tool_call_begin|>",
        "<｜tool▁call▁begin｜>read_file<｜tool▁sep｜>",
        "[TOOL_CALLS]" + "a" * 50,
    ):
        assert find(piece * 50_000, TOOLS) == []


def test_the_model_is_told_and_makes_the_call() -> None:
    tool = FakeTool("read_file", kind="read")
    model = FakeModel([TextDelta(HERMES)], [TextDelta("I cannot.")])
    host = Host(model, tool)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        result = await host.result()
        assert (result["stop_reason"], result["result"]) == ("end_turn", "I cannot.")

    host.play(script)
    assert tool.runs == []
    assert "call of read_file as text" in str(model.requests[1].messages[-1])
    (notice,) = host.of("system", "notice")
    assert "model.textToolCalls" in notice["data"]["text"]


def test_a_model_that_cannot_do_otherwise_fails() -> None:
    model = FakeModel(*[[TextDelta(HERMES)]] * 9)
    host = Host(model, FakeTool("read_file", kind="read"))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        result = await host.result()
        assert result["is_error"]
        assert result["error"]["kind"] == "malformed"
        assert "model.textToolCalls" in result["error"]["message"]

    host.play(script)
    assert len(model.requests) == 3


def test_where_the_settings_say_so_it_is_run_with_the_usual_approvals() -> None:
    text = '<tool_call>{"name":"run_shell_command","arguments":{"command":"ls"}}</tool_call>'
    tool = FakeTool()
    host = Host(FakeModel([TextDelta(text)]), tool, text_calls=True)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        host.session.answer(await host.request(), Decision(True, KEYBOARD))
        assert (await host.result())["result"] == "done"

    host.play(script)
    assert tool.runs == [{"command": "ls"}]
    assert [block["type"] for block in host.session.history[1]["content"]] == ["text", "tool_use"]
