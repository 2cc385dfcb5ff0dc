from __future__ import annotations

import json
import os
import re
import stat
import time
import tracemalloc
from functools import partial
from pathlib import Path

import anyio
import pytest

from qwen_dual.core.tools.tool import InvalidArguments, Shown, ToolResult
from qwen_dual.tools.commandline import MAX_COMMAND_BYTES
from qwen_dual.tools.job import signal_name
from qwen_dual.tools.shell_environment import environment
from qwen_dual.tools.toolset import Toolset, toolset
from tests.support.contexts import context
from tests.support.processes import group_is_gone
from tests.support.waiting import wait_until
from tests.tools.support import call, cancelled, tool_of

shell = partial(call, name="run_shell_command")


def pgid_in(text: str) -> int:
    found = re.search(r"Process Group PGID: (\d+)", text)
    assert found is not None, text
    return int(found.group(1))


def test_success_gives_the_output_alone(tools: Toolset) -> None:
    result = shell(tools, command="printf 'one\\ntwo\\n'")
    assert result == ToolResult("one\ntwo", shown=Shown("one\ntwo", exit_code=0))


@pytest.mark.parametrize(
    ("command", "fields", "is_error"),
    [
        ("touch made", ("(empty)", "0", "(none)"), False),
        ("echo out; echo err >&2; exit 3", ("out\nerr", "3", "(none)"), True),
        ("kill -9 $$", ("(empty)", "(none)", "SIGKILL"), True),
    ],
)
def test_other_ends_give_the_whole_form(
    tools: Toolset, command: str, fields: tuple[str, str, str], is_error: bool
) -> None:
    result = shell(tools, command=command)
    output, code, signal = fields
    assert result.text == (
        f"Command: {command}\nDirectory: (root)\nOutput: {output}\nError: (none)\n"
        f"Exit Code: {code}\nSignal: {signal}\nProcess Group PGID: {pgid_in(result.text)}"
    )
    assert result.is_error is is_error


def test_the_ways_to_answer_are_the_recorded_ones(tools: Toolset) -> None:
    prepared = tool_of(tools, "run_shell_command").prepare({"command": "touch made"})
    assert list(prepared.suggestions) == [
        {"type": "allow", "label": "Allow Command", "description": "Execute: touch made"},
        {"type": "deny", "label": "Deny", "description": "Block this command execution"},
    ]
    preview = anyio.run(prepared.preview)
    assert preview == {"kind": "command", "title": "Run in the workspace", "text": "touch made"}


def test_arguments_that_cannot_be_used_are_named(tools: Toolset) -> None:
    prepare = tool_of(tools, "run_shell_command").prepare
    with pytest.raises(InvalidArguments, match=r"run_shell_command: command: .*required"):
        prepare({})
    with pytest.raises(InvalidArguments, match=r"timeout: .*600000, not 600001"):
        prepare({"command": "ls", "timeout": 600_001})
    for unseen in ("\0", "\r", "\x1b[2K", "\x7f", "\x9b"):
        with pytest.raises(InvalidArguments, match=r"control characters .*at character 4"):
            prepare({"command": f"ls {unseen}; CMD"})
    prepare({"command": "printf 'a\tb'\nls"})
    with pytest.raises(InvalidArguments, match=r"command: .*unicode string"):
        prepare({"command": "ls \ud800"})


def test_a_directory_outside_is_told(tools: Toolset, workspace: Path) -> None:
    prepare = tool_of(tools, "run_shell_command").prepare
    assert prepare({"command": "ls", "directory": ".."}).outside == str(workspace.parent)
    assert prepare({"command": "ls"}).outside is None
    missing = shell(tools, command="ls", directory="nowhere")
    assert missing.is_error and f"Error: The directory {workspace}/nowhere" in missing.text


def test_a_workspace_that_disappeared_is_named(tools: Toolset, workspace: Path) -> None:
    workspace.rmdir()
    result = shell(tools, command="ls")
    assert result.is_error and f"{workspace} no longer exists" in result.text


def test_there_is_no_terminal_and_nothing_to_read(tools: Toolset) -> None:
    result = shell(
        tools, command="cat; [ -t 0 ] || echo none; (: </dev/tty) 2>/dev/null || echo no"
    )
    assert result.text == "none\nno"


def test_the_environment_neither_prompts_nor_steers_our_ui() -> None:
    made = environment({"PROMPT_TOOLKIT_NO_CPR": "1", "HOME": "/h", "PAGER": "less"})
    assert "PROMPT_TOOLKIT_NO_CPR" not in made
    assert (made["HOME"], made["PAGER"], made["QWEN_CODE"]) == ("/h", "cat", "1")


def test_output_is_reported_while_the_command_runs(tools: Toolset, workspace: Path) -> None:
    heard: list[str] = []

    async def main() -> ToolResult:
        def report(text: str) -> None:
            heard.append(text)
            (workspace / "go").touch()

        command = "echo first; until [ -e go ]; do sleep 0.01; done; echo second"
        return (
            await tool_of(tools, "run_shell_command")
            .prepare({"command": command})
            .run(context(report))
        )

    assert anyio.run(main).text == "first\nsecond"
    assert heard[0] == "first\n" and heard[-1] == "first\nsecond\n"


def test_a_process_left_behind_holds_nothing_up(tools: Toolset) -> None:
    begun = time.monotonic()
    result = shell(tools, command="sleep 1000 & echo $$")
    assert time.monotonic() - begun < 20
    tools.close()
    wait_until(lambda: group_is_gone(int(result.text)), "the group's end")


def test_a_timeout_kills_grandchildren_that_ignore_sigterm(tools: Toolset) -> None:
    result = shell(
        tools, command="trap '' TERM; echo before; (sleep 1000 & sleep 1000); true", timeout=2000
    )
    assert result.is_error
    assert "Output: before\nError: timed out after 2000 ms" in result.text
    wait_until(lambda: group_is_gone(pgid_in(result.text)), "the group's end")


def test_cancellation_kills_the_whole_group(tools: Toolset) -> None:
    leader = cancelled(tools, "echo $$; (sleep 1000 & sleep 1000); sleep 1000")
    wait_until(lambda: group_is_gone(leader), "the group's end")


def test_a_stopped_process_is_ended_too(tools: Toolset) -> None:
    result = shell(tools, command="kill -STOP $$; true", timeout=200)
    wait_until(lambda: group_is_gone(pgid_in(result.text)), "the group's end")


def test_a_report_that_fails_ends_the_command(tools: Toolset) -> None:
    pids: list[int] = []

    async def main() -> None:
        def report(text: str) -> None:
            pids.append(int(text))
            raise ConnectionError

        command = "echo $$; sleep 1000"
        await tool_of(tools, "run_shell_command").prepare({"command": command}).run(context(report))

    with pytest.raises(ConnectionError):
        anyio.run(main)
    wait_until(lambda: group_is_gone(pids[0]), "the group's end")


def test_a_flood_of_100_mb_is_bounded(tools: Toolset) -> None:
    reported: list[int] = []

    async def main() -> ToolResult:
        command = "yes 'a line of the flood' | head -c 100000000"
        prepared = tool_of(tools, "run_shell_command").prepare({"command": command})
        return await prepared.run(context(lambda text: reported.append(len(text))))

    tracemalloc.start()
    try:
        result = anyio.run(main)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not result.is_error
    assert peak < 8 << 20
    assert len(result.text) < 26_000 and result.text.count("\n") < 1010
    assert max(reported) < 9000
    found = re.search(
        r"100,000,000 bytes in all; the first 67,108,864 bytes are in (\S+)", result.text
    )
    assert found is not None
    saved = os.stat(found.group(1))
    assert saved.st_size == 64 << 20
    assert stat.S_IMODE(saved.st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(found.group(1))).st_mode) == 0o700


def test_saved_output_can_be_read_without_asking_and_goes_with_the_session(tools: Toolset) -> None:
    result = shell(tools, command="seq 5000")
    found = re.search(r"the full output is in (\S+)", result.text)
    assert found is not None
    path = found.group(1)
    assert tool_of(tools, "read_file").prepare({"file_path": path}).outside is None
    assert (
        tool_of(tools, "edit")
        .prepare({"file_path": path, "old_string": "1", "new_string": "2"})
        .outside
        == path
    )
    assert "2501" in call(tools, "read_file", file_path=path, offset=2500, limit=1).text
    tools.close()
    assert not os.path.exists(path)


def test_a_background_command_returns_at_once_and_ends_with_the_session(tools: Toolset) -> None:
    result = shell(tools, command="echo started; sleep 1000", is_background=True)
    assert not result.is_error
    found = re.search(r"Output File: (\S+)", result.text)
    assert found is not None
    output = Path(found.group(1))
    wait_until(lambda: output.read_text() == "started\n", "its output in the file")
    anyio.run(tools.aclose)
    wait_until(lambda: group_is_gone(pgid_in(result.text)), "the group's end")
    assert not output.exists()


def test_a_foreground_command_can_be_moved_to_the_background(tools: Toolset) -> None:
    async def main() -> ToolResult:
        def report(_: str) -> None:
            assert tools.detach_commands() == 1

        command = "echo early; until [ -e go ]; do sleep 0.01; done; echo late"
        return (
            await tool_of(tools, "run_shell_command")
            .prepare({"command": command})
            .run(context(report))
        )

    result = anyio.run(main)
    found = re.search(r"Output File: (\S+)", result.text)
    assert found is not None
    (Path(tools.workspace.root) / "go").touch()
    output = Path(found.group(1))
    wait_until(lambda: output.read_text() == "early\nlate\n", "the output after the move")


def test_a_command_is_as_long_as_the_system_takes_it(tools: Toolset) -> None:
    longest = "echo " + "x" * (MAX_COMMAND_BYTES - 5)
    assert not shell(tools, command=longest).is_error
    with pytest.raises(InvalidArguments, match=r"at most 131,071 bytes.*not 131,072"):
        tool_of(tools, "run_shell_command").prepare({"command": f"{longest}x"})


def test_the_default_timeout_is_the_sessions(workspace: Path) -> None:
    tools = toolset(workspace, os.environ, shell_timeout_ms=100)
    assert "timed out after 100 ms" in shell(tools, command="sleep 1000").text
    tools.close()


def test_a_signal_without_a_name_is_its_number() -> None:
    assert (signal_name(15), signal_name(200)) == ("SIGTERM", "200")


def test_results_read_as_the_recordings_do(tools: Toolset) -> None:
    """The recording's text, with this run's own group number."""
    recorded = (
        "Command: sh -c 'echo out; echo err >&2; exit 3'\\nDirectory: (root)\\nOutput: out\\nerr"
        "\\nError: (none)\\nExit Code: 3\\nSignal: (none)\\nProcess Group PGID: 15663"
    )
    text = shell(tools, command="sh -c 'echo out; echo err >&2; exit 3'").text
    assert text.replace(str(pgid_in(text)), "15663") == json.loads(f'"{recorded}"')
