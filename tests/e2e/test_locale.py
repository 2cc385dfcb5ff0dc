"""A locale that knows ASCII only: names and texts are what they are anywhere else."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

ASCII_ONLY = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": arguments}


@pytest.mark.parametrize("locale", ["POSIX", "C.UTF-8"])
def test_names_beyond_ascii_are_the_bytes_that_the_file_system_has(
    tmp_path: Path, locale: str
) -> None:
    script = tmp_path / "script.jsonl"
    calls = [
        tool("write_file", file_path=str(tmp_path / "work" / "grün.txt"), content="süß\n"),
        tool("run_shell_command", command="cat 'grün.txt'; printf '%s|' *"),
        tool("list_directory", path="."),
        tool("glob", pattern="gr*n.txt"),
        tool("grep_search", pattern="süß"),
        tool("read_file", file_path="nicht da: ß"),
    ]
    lines = [{"blocks": calls}, {"blocks": [{"type": "text", "text": "Schön."}]}]
    script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "work").mkdir()
    broken = os.fsencode(tmp_path / "work") + b"/\xff\xfe"
    with open(broken, "w"):
        pass
    env = {**ASCII_ONLY, "LC_ALL": locale}
    arguments = ["--offline-script", str(script), "--approval-mode", "yolo", "-i", "größer"]
    with Program(tmp_path, arguments, env=env) as program:
        result = program.result()
        assert (result["stop_reason"], result["result"]) == ("end_turn", "Schön.")
        assert program.of("user")[0]["message"]["content"][0]["text"] == "größer"
        asked = [
            block
            for event in program.of("assistant")
            for block in event["message"]["content"]
            if block["type"] == "tool_use"
        ]
        came = {
            block["tool_use_id"]: block
            for event in program.of("user")
            for block in event["message"]["content"]
            if block["type"] == "tool_result"
        }
        results = [came[block["id"]] for block in asked]
        assert [block["is_error"] for block in results] == [False] * 5 + [True]
        for block in results[1:4]:
            assert "grün.txt" in block["content"]
        assert "süß" in results[1]["content"] and "süß" in results[4]["content"]
        assert program.quit() == 0
    assert (tmp_path / "work" / "grün.txt").read_bytes() == "süß\n".encode()
