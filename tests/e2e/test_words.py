"""What a person reads in a session: words, and nothing that is named for programs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.tools.toolset import toolset
from tests.screens.kept import kept
from tests.screens.tour import WIDTHS
from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

INTERNAL = (
    *("awaiting_approval", "running_tool", "Process Group PGID", "Directory:", "Exit Code:"),
    *(
        "tool_result",
        "tool_use",
        "control_request",
        "can_use_tool",
        "old_string",
        "is_error",
        "[Errno",
    ),
)


def internal_names(folder: Path) -> list[str]:
    """Names of tools with an underscore in them, which no person would write, and others."""
    tools = toolset(folder, os.environ)
    names = [tool.name for tool in tools.tools if "_" in tool.name]
    tools.close()
    return [*names, *INTERNAL]


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": arguments}


def scripted(folder: Path, *messages: list[dict[str, Any]]) -> list[str]:
    """The arguments that make the model say ``messages``, one a call."""
    script = folder / "script.jsonl"
    script.write_text("".join(f"{json.dumps({'blocks': blocks})}\n" for blocks in messages))
    return ["--offline-script", str(script)]


def said(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}]


@pytest.mark.parametrize("cols", [80, 30])
def test_no_internal_name_reaches_the_screen(tmp_path: Path, cols: int) -> None:
    script = scripted(
        tmp_path,
        [call("run_shell_command", command="echo out; exit 3")],
        [call("run_shell_command", command="touch made")],
        [call("write_file", file_path="a.txt", content="one\ntwo\n")],
        [call("edit", file_path="a.txt", old_string="one", new_string="1\n1")],
        [call("read_file", file_path="a.txt"), call("list_directory", path=".")],
        [call("grep_search", pattern="two"), call("glob", pattern="*.txt")],
        [call("todo_write", todos=[{"id": "1", "content": "think", "status": "pending"}])],
        [call("mcp__git__log_all")],
        [call("run_shell_command", command="exit 5", is_background=True)],
        said("first done"),
        [call("run_shell_command", command="rm -rf x")],
    )
    with Program(tmp_path, [*script, "--approval-mode", "yolo"], rows=60, cols=cols) as program:
        screen = program.ready().terminal
        program.submit("go")
        screen.wait_for("first done")
        program.until(lambda event: "exit 5" in event.get("data", {}).get("text", ""))
        seen = screen.text
        commands = ("/stats", "/tools", "/tasks", "/channels", "/export md no/x", "/help")
        for number, command in enumerate(commands, start=2):
            screen.send(f"{command}\r")
            program.result(number)
            screen.wait_for(lambda _: program.of("system", "state")[-1]["data"]["state"] == "idle")
            seen += screen.text
        screen.send("!printf 'mine\\n'; exit 4\r")
        screen.wait_for("exit 4")
        seen += screen.text
        program.submit("/approval-mode default")
        program.submit("again")
        screen.wait_for("y  Yes")
        seen += screen.text
        program.answer(program.request(), False)
        program.quit()
    for name in internal_names(tmp_path):
        assert name not in seen, f"{name} at {cols} columns:\n{seen}"
    if cols == 80:
        for row in (
            "✗ Shell  echo out; exit 3  exit 3",
            "✓ Shell  touch made  no output",
            "✓ Write  a.txt  +2 −0",
            "✓ Edit   a.txt  +2 −1",
            "✓ Read   a.txt  3 lines",
        ):
            assert row in seen, f"{row}:\n{seen}"


@pytest.mark.parametrize("cols", WIDTHS)
def test_no_internal_name_is_on_a_kept_screen(tmp_path: Path, cols: int) -> None:
    names = internal_names(tmp_path)
    for moment, rows in kept(cols).items():
        # Where a row ends a name may go on in the next.
        seen = "\n".join([*rows, "".join(row.removeprefix("  ") for row in rows)])
        assert not [name for name in names if name in seen], f"{moment} at {cols} columns:\n{seen}"


def test_an_interrupted_command_leaves_what_it_printed(tmp_path: Path) -> None:
    script = scripted(
        tmp_path,
        [call("run_shell_command", command="echo before; read -r _ < fifo")],
        said("I know"),
    )
    with Program(tmp_path, [*script, "--approval-mode", "yolo"]) as program:
        screen = program.ready().terminal
        os.mkfifo(program.work / "fifo")
        program.submit("go")
        program.until(
            lambda event: (
                event.get("subtype") == "tool_progress" and event["data"]["status"] == "output"
            )
        )
        screen.wait_for("Running echo · ")
        screen.wait_for("tokens · esc stops · ctrl+b background")
        screen.send("\x1b")
        screen.wait_for("interrupted")
        screen.wait_for("✗ Shell  echo before; read -r _ < fifo  interrupted")
        screen.wait_for("  before")
        program.result()
        (told,) = program.of("user")[1:]
        assert "Output: before\n" in told["message"]["content"][0]["content"]
        assert told["tool_use_result"]["note"] == "interrupted"
        assert told["tool_use_result"]["output"] == "before"
        program.quit()
