"""What an MCP server asks while it works, in the real program: filled in, gone back in, refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.pty import Terminal

SERVER = Path(__file__).parents[1] / "mcp" / "modern.py"


@pytest.fixture(params=[80, 30])
def program(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Program]:
    script = tmp_path / "script.jsonl"
    call = {"type": "tool_use", "name": "mcp__shop__order", "input": {}}
    steps = [[call], [{"type": "text", "text": "That is done."}]]
    script.write_text("".join(json.dumps({"blocks": step}) + "\n" for step in steps))
    server = {"command": sys.executable, "args": [str(SERVER)], "trust": True}
    servers = json.dumps({"mcpServers": {"shop": server}})
    arguments = ("--offline-script", str(script), "--mcp-config", servers, "--trust")
    with Program(tmp_path, arguments, cols=request.param) as made:
        made.ready()
        made.until(
            lambda event: (
                event.get("subtype") == "mcp"
                and any(each["state"] == "connected" for each in event["data"]["servers"])
            )
        )
        made.terminal.send("order\r")
        yield made


def flat(terminal: Terminal) -> str:
    """The window with its rows put together: a narrow one has broken the sentences."""
    return " ".join(" ".join(terminal.screen).split())


def result_of(program: Program) -> str:
    program.result()
    blocks = [block for event in program.of("user") for block in event["message"]["content"]]
    return "".join(str(block["content"]) for block in blocks if block["type"] == "tool_result")


def test_a_form_of_a_server_is_filled_in_field_by_field(program: Program) -> None:
    screen = program.terminal
    screen.wait_for("› 2. No")
    assert "? MCP server shop: Gift · 1 of 3 Tell me what to send, and to whom it goes." in flat(
        screen
    )
    assert "esc closes" in flat(screen)
    screen.send("1")
    screen.wait_for(lambda _: "MCP server shop: Name · 2 of 3" in flat(screen))
    screen.wait_for("esc goes back")
    screen.send("Ann\x1b")
    screen.wait_for("› 1. Yes")
    screen.send("\r")
    screen.wait_for(lambda _: "MCP server shop: Name · 2 of 3" in flat(screen))
    screen.send("Ann\r")
    screen.wait_for(lambda _: "3 of 3" in flat(screen) and "> 3" in flat(screen))
    screen.send("0\r")
    screen.wait_for("It is to be")
    screen.send("\x7f\x7f4\r")
    assert result_of(program) == "accept: {'gift': True, 'name': 'Ann', 'count': 4}"
    assert program.quit() == 0


def test_a_form_of_a_server_that_is_closed_is_a_no(program: Program) -> None:
    screen = program.terminal
    screen.wait_for("› 2. No")
    screen.send("\x1b")
    assert result_of(program) == "decline: {}"
    assert program.quit() == 0
