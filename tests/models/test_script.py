"""Scripts: what they play, and what a wrong one says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import anyio
import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.model import (
    ModelDelta,
    ModelRequest,
    TextDelta,
    ThinkingDelta,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models.script import ScriptError, load_script
from tests.support.fakes import FakeModel, FakeTool, Host

if TYPE_CHECKING:
    from pathlib import Path


def host_of(tmp_path: Path, *lines: str) -> Host:
    path = tmp_path / "script.jsonl"
    path.write_text("\n".join(lines))
    model = cast("FakeModel", load_script(str(path)))
    return Host(model, FakeTool(), approval_mode="yolo")


def test_a_script_plays_blocks_usage_and_errors(tmp_path: Path) -> None:
    host = host_of(
        tmp_path,
        '{"blocks":[{"type":"thinking","text":"hm"},{"type":"text","text":"x ","repeat":50},'
        '{"type":"tool_use","name":"run_shell_command","id":"t1","input":{"command":"ls"}}],'
        '"usage":{"input_tokens":3,"output_tokens":4}}',
        "",
        '{"blocks":[{"type":"text","deltas":["a","b c"]}],"error":'
        '{"status":500,"message":"broke","kind":"server","remedy":"retry"}}',
    )

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()
        host.session.submit("more", KEYBOARD)
        await host.result(2)

    host.play(script)
    first, second = host.of("result")
    assert first["usage"]["total_tokens"] == 7
    assert first["error"] == {
        "kind": "server",
        "message": "broke",
        "status": 500,
        "remedy": "retry",
    }
    assert first["result"] == "ab c\n\n[API Error: 500 broke]"
    assert second["result"] == "[The offline script has no further reply.]"
    text = next(block for block in host.of("assistant")[1]["message"]["content"])
    assert text["text"] == "x " * 50
    assert host.tool_results()[0]["tool_use_id"] == "t1"


def test_arguments_that_are_no_json_reach_the_session_as_such(tmp_path: Path) -> None:
    host = host_of(
        tmp_path,
        '{"blocks":[{"type":"tool_use","name":"run_shell_command","arguments":"{oops"}]}',
    )

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    assert "not a JSON object, or one that nests" in host.tool_results()[0]["content"]
    assert "than 100: {oops" in host.tool_results()[0]["content"]


def test_arguments_that_nest_deeper_than_anybody_reads_run_nothing(tmp_path: Path) -> None:
    deep = '{"command":"ls","more":' + "[" * 700 + "]" * 700 + "}"
    use = {"type": "tool_use", "name": "run_shell_command", "arguments": deep}
    host = host_of(tmp_path, json.dumps({"blocks": [use]}))

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host.play(script)
    assert "nests deeper than 100" in host.tool_results()[0]["content"]


@pytest.mark.parametrize(
    ("block", "deltas"),
    [
        ('{"type":"text","text":"two words"}', [TextDelta("two "), TextDelta("words")]),
        ('{"type":"text","text":"abc","deltas":2}', [TextDelta("ab"), TextDelta("c")]),
        ('{"type":"text","deltas":["a",""],"repeat":2}', [TextDelta("a"), TextDelta("")] * 2),
        ('{"type":"text","text":"a b","repeat":2}', [TextDelta("a b")] * 2),
        ('{"type":"thinking","text":"hm"}', [ThinkingDelta("hm")]),
        (
            '{"type":"tool_use","name":"t","id":"1","arguments":"{no","deltas":2}',
            [ToolCallStart("1", "t"), ToolCallArguments("{n"), ToolCallArguments("o")],
        ),
        (
            '{"type":"tool_use","name":"t","id":"1"}',
            [ToolCallStart("1", "t"), ToolCallArguments("{}")],
        ),
        (
            '{"type":"thinking","thinking":"so so","signature":"x"}',
            [ThinkingDelta("so "), ThinkingDelta("so")],
        ),
    ],
)
def test_blocks_go_out_in_the_pieces_asked_for(
    tmp_path: Path, block: str, deltas: list[ModelDelta]
) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text(f'\ufeff{{"blocks":[{block}]}}\r\n')
    model = load_script(str(path))

    async def played() -> list[ModelDelta]:
        return [delta async for delta in model.stream(ModelRequest("", []))]

    assert anyio.run(played) == deltas
    assert anyio.run(played) == [TextDelta("[The offline script has no further reply.]")]


def test_calls_without_an_id_get_different_ones(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text('{"blocks":[{"type":"tool_use","name":"t"},{"type":"tool_use","name":"t"}]}')
    model = load_script(str(path))

    async def ids() -> list[str]:
        deltas = [delta async for delta in model.stream(ModelRequest("", []))]
        return [delta.id for delta in deltas if isinstance(delta, ToolCallStart)]

    first, second = anyio.run(ids)
    assert first != second


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nope", ":2: not JSON"),
        ('{"blocks":[{"type":"image"}]}', "blocks.0"),
        (
            '{"blocks":[{"type":"text","text":5}]}',
            "blocks.0.text.text: expected text, not 5",
        ),
        ('{"delay_ms":-1}', "delay_ms: expected greater than or equal to 0, not -1"),
        ('{"blok":[]}', "blok: no such key"),
        ('{"blocks":[{"type":"text","text":"a","deltas":["a"]}]}', "text or a list of deltas"),
        ('{"blocks":[{"type":"tool_use","name":"t","input":{},"arguments":""}]}', "input or arg"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(ScriptError) as caught:
        host_of(tmp_path, "{}", line)
    assert says in str(caught.value)
    assert caught.value.line == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"none\.jsonl: cannot be read"):
        load_script(str(tmp_path / "none.jsonl"))
