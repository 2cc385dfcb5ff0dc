"""Launch lines of the reference's embedders, with the command's name changed and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path


def test_a_launch_line_of_the_reference_starts_and_tells_what_of_it_cannot_be_used(
    tmp_path: Path,
) -> None:
    line = ["--channel=VSCode", "--mcpConfig", "none.json", "--chat-recording=false", "-d"]
    line += ["--appendSystemPrompt", "- Be brief.", "--telemetry=false", "--allowed-tools", "LS"]
    with Program(tmp_path, line) as program:
        program.ready()
        said = program.until(lambda event: event.get("subtype") == "notice")["data"]["text"]
        assert said == (
            "--mcp-config: 'none.json' is neither a file nor a JSON object; no MCP server is used"
        )
        program.terminal.wait_for("'none.json' is neither a file")
        program.submit("say hello")
        assert program.result()["subtype"] == "success"
        assert program.quit() == 0
    assert not list((program.home / ".qwen").glob("projects/*/chats/*"))


def test_a_prompt_without_a_flag_runs_and_that_is_all(tmp_path: Path) -> None:
    with Program(tmp_path, ["list", "."]) as program:
        assert program.terminal.wait_exit() == 0
        assert program.result()["subtype"] == "success"
        assert program.of("user")[0]["message"]["content"][0]["text"] == "list ."


def test_a_prompt_with_the_flag_for_that_runs_in_the_ui(tmp_path: Path) -> None:
    with Program(tmp_path, ["-i", "list ."]) as program:
        assert program.result()["subtype"] == "success"
        assert program.ready().quit() == 0
