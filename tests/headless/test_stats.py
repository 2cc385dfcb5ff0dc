"""What a run took, counted from its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.headless.program import Runner, call, text

if TYPE_CHECKING:
    from pathlib import Path


def test_calls_of_models_and_tools_are_counted(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    usage = {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 1}
    answers = [
        {**call("list_directory", path="."), "usage": usage},
        {**call("run_shell_command", command="touch a"), "usage": usage},
        {**call("read_file", file_path="nothing"), "usage": usage},
        {**text("Done."), "usage": usage},
    ]
    stats = runner.run("-p", "go", "-o", "json", *runner.script(*answers)).result["stats"]
    (model,) = stats["models"].values()
    assert model["api"]["totalRequests"] == 4
    assert model["api"]["totalErrors"] == 0
    assert model["tokens"] == {"prompt": 20, "candidates": 8, "total": 28, "cached": 4}
    tools = stats["tools"]
    assert (tools["totalCalls"], tools["totalSuccess"], tools["totalFail"]) == (3, 1, 2)
    assert tools["totalDecisions"] == {"accept": 0, "reject": 1, "auto_accept": 2}
    assert tools["byName"]["run_shell_command"]["decisions"]["reject"] == 1


def test_a_call_that_failed_is_counted_as_one(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    failure = {"error": {"status": 500, "message": "no"}}
    result = runner.run("-p", "go", "-o", "json", *runner.script(failure)).result
    (model,) = result["stats"]["models"].values()
    assert (model["api"]["totalRequests"], model["api"]["totalErrors"]) == (1, 1)
    assert "stats" not in runner.run("-p", "x", "-o", "stream-json", "--offline").result
