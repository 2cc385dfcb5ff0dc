"""Sub-agents of the real program on a real screen, with the channels open."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def says(text: str, **more: Any) -> dict[str, Any]:
    return {"blocks": [{"type": "text", "text": text}], **more}


def calls(name: str, *inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    blocks = [{"type": "tool_use", "name": name, "input": one} for one in inputs]
    return {"blocks": blocks, **more}


def task(prompt: str, who: str) -> dict[str, Any]:
    return {"description": f"work on {prompt}", "prompt": prompt, "subagent_type": who}


def script(tmp_path: Path, replies: Sequence[dict[str, Any]]) -> list[str]:
    path = tmp_path / "script.jsonl"
    path.write_text("".join(f"{json.dumps(reply)}\n" for reply in replies))
    return ["--offline-script", str(path)]


REPLIES = [
    calls("agent", task("AAA", "explore"), task("BBB", "plan"), task("CCC", "general-purpose")),
    calls("run_shell_command", {"command": "touch a"}, when="CCC"),
    says("C is done.", when="CCC"),
    says("A is done. " + "and more " * 12, when="AAA", delay_ms=20),
    says("B is done. " + "and more " * 12, when="BBB", delay_ms=20),
    says("All three are done."),
]


@pytest.mark.parametrize("cols", [80, 30])
def test_three_at_once_are_a_row_each_and_stand_again_when_it_goes_on(
    tmp_path: Path, cols: int
) -> None:
    with Program(tmp_path, script(tmp_path, REPLIES), cols=cols) as program:
        screen = program.ready().terminal
        screen.send("go\r")
        names = ("explore", "plan", "general-purpose")
        rows = [rf"^[●◆] {name}\b" for name in names]
        screen.wait_for(
            lambda terminal: all(
                sum(bool(re.match(row, line)) for line in terminal.screen) == 1 for row in rows
            )
        )
        screen.wait_for("general-purpose asks:")
        request = program.until(lambda event: event["type"] == "control_request")
        assert request["parent_tool_use_id"] is not None
        assert not any("is done. and" in line for line in screen.screen)
        program.answer(request["request_id"], allowed=True)
        screen.wait_for("All three are done." if cols > 40 else "All three are")
        ended = [line for line in screen.screen if re.match(r"^✓ (explore|plan|general-)", line)]
        assert len(ended) == 3
        assert all(len(line) <= cols for line in screen.screen)
        assert not [line for line in screen.screen if re.match(r"^[●◆] ", line)]
        lanes = {event.get("parent_tool_use_id") for event in program.refresh()}
        assert len(lanes) == 4  # the main agent's too
        screen.send("/quit\r")
        assert screen.wait_exit() == 0
    if cols < 80:  # how it is shown again does not depend on the width
        return
    with Program(tmp_path, ["--continue"], cols=cols) as again:
        screen = again.ready().terminal
        screen.wait_for("● continued")
        shown = [line for line in screen.lines if re.match(r"^✓ (explore|plan|general-)", line)]
        assert sorted(shown) == sorted(ended)
        screen.send("/quit\r")
        assert screen.wait_exit() == 0
