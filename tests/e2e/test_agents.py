"""Sub-agents as a person has them: on the screen and on the channel at the same time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path


def test_three_at_a_time_are_allowed_stopped_and_told_of(tmp_path: Path) -> None:
    def agent(name: str) -> dict[str, object]:
        given = {"description": f"does {name}", "prompt": name.upper()}
        return {"type": "tool_use", "name": "agent", "id": "call_1", "input": given}

    command = {"type": "tool_use", "name": "run_shell_command", "input": {"command": "touch made"}}
    lines = [
        {"blocks": [agent("alpha"), agent("beta"), agent("gamma")]},
        {"blocks": [{"type": "text", "text": "All three are back."}]},
        {"when": "ALPHA", "blocks": [command]},
        {"when": "ALPHA", "blocks": [{"type": "text", "text": "Made it."}]},
        {
            "when": "BETA",
            "blocks": [{"type": "text", "text": "so far "}],
            "error": {"message": "no"},
        },
        {"when": "GAMMA", "delay_ms": 200, "blocks": [{"type": "text", "text": "w " * 500}]},
    ]
    script = tmp_path / "script.jsonl"
    script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Program(tmp_path, ["--offline-script", str(script)]) as program:
        screen = program.ready().terminal
        screen.send("go\r")
        screen.wait_for("general-purpose asks")
        request = program.until(lambda event: event["type"] == "control_request")
        assert request["parent_tool_use_id"] == "call_1"
        screen.wait_for(lambda terminal: any("› y  Yes" in row for row in terminal.screen))
        screen.send("y")
        program.until(lambda event: "Made it." in str(event))
        program.send(type="interrupt", tool_use_id="call_1_3")
        screen.wait_for("All three are back.")
        result = program.result()
        assert result["stop_reason"] == "end_turn"
        assert (program.work / "made").exists()
        blocks = [block for e in program.of("user") for block in e["message"]["content"]]
        told = {b["tool_use_id"]: b for b in blocks if b["type"] == "tool_result"}
        assert told["call_1"]["content"] == "Made it."
        assert told["call_1_2"]["is_error"] and "failed" in told["call_1_2"]["content"]
        assert told["call_1_3"]["is_error"] and "was stopped" in told["call_1_3"]["content"]
        program.quit()
