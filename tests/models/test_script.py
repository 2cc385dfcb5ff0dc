"""Scripts: what they play, and what a wrong one says."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

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
        '{"blocks":[{"type":"text","deltas":["a","b c"]}],"error":{"status":500,"message":"broke"}}',
    )

    async def script(host: Host) -> None:
        host.session.submit("go")
        await host.result()
        host.session.submit("more")
        await host.result(2)

    host.play(script)
    first, second = host.of("result")
    assert first["usage"]["total_tokens"] == 7
    assert first["error"] == {"message": "broke", "status": 500}
    assert first["result"] == "ab c[API Error: 500 broke]"
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
        host.session.submit("go")
        await host.result()

    host.play(script)
    assert "not a JSON object: {oops" in host.tool_results()[0]["content"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nope", ":2: not JSON"),
        ('{"blocks":[{"type":"image"}]}', "blocks.0"),
        ('{"blocks":[{"type":"text","text":5}]}', "blocks.0.text.text"),
        ('{"delay_ms":-1}', "delay_ms"),
        ('{"blok":[]}', "blok"),
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
