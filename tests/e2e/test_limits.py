"""Little of what the system gives: what cannot be done fails by itself, and the session goes on."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import ROOT, Program

if TYPE_CHECKING:
    from pathlib import Path

LIMITER = """
import os, resource, sys, threading

if "qwen_dual" in sys.orig_argv:
    limit, number = os.environ["LIMIT"].split("=")
    if limit == "threads":  # as the system says it; RLIMIT_NPROC would not hold for root

        def refuse(*arguments, **options):
            raise RuntimeError("can't start new thread")

        threading.Thread.start = threading._start_new_thread = refuse
    else:
        kind = {"files": resource.RLIMIT_NOFILE, "memory": resource.RLIMIT_AS}[limit]
        resource.setrlimit(kind, (int(number), int(number)))
"""
"""Put on the path of the program as ``sitecustomize``."""


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": arguments}


@pytest.mark.parametrize(
    ("limit", "failing"),
    [("threads=0", 3), ("files=32", 0), ("memory=1000000000", 0), ("memory=200000000", 0)],
)
def test_a_session_with_little_of_what_the_system_gives_goes_on(
    tmp_path: Path, limit: str, failing: int
) -> None:
    script, folder = tmp_path / "script.jsonl", tmp_path / "limiter"
    calls = [
        tool("list_directory", path="."),
        tool("run_shell_command", command="echo hi"),
        tool("write_file", file_path="x.txt", content="a"),
    ]
    lines = [{"blocks": calls}, *[{"blocks": [{"type": "text", "text": "**Done.**"}]}] * 2]
    script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(LIMITER)
    env = {"PYTHONPATH": os.pathsep.join([str(folder), ROOT]), "LIMIT": limit}
    arguments = ["--offline-script", str(script), "--approval-mode", "yolo", "-i", "go"]
    with Program(tmp_path, arguments, env=env) as program:
        assert program.result()["stop_reason"] == "end_turn"
        came = [
            block
            for event in program.of("user")
            for block in event["message"]["content"]
            if block["type"] == "tool_result"
        ]
        assert [block["is_error"] for block in came].count(True) == failing
        if failing:
            assert "no more threads (see ulimit -u)" in came[0]["content"]
        program.submit("and on")
        assert program.result(2)["result"] == "**Done.**"
        assert program.quit() == 0
        assert program.refresh()[-1]["subtype"] == "session_end"
        assert "Traceback" not in program.terminal.text


def test_with_less_memory_than_a_session_needs_none_begins(tmp_path: Path) -> None:
    wrapper = ["bash", "-c", 'ulimit -v 100000 && exec "$0" "$@"']
    with Program(tmp_path, ["--offline"], wrapper=wrapper) as program:
        assert program.terminal.wait_exit() == 1
        assert "the address space is limited to 97 MiB" in program.terminal.text
        assert program.refresh() == []
