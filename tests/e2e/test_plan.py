"""A plan in the real program: proposed on the screen and the channel, refused, and allowed by a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "# Move the tests\n\n1. Make `tests/new`\n"


def test_a_plan_is_refused_with_a_reason_and_the_next_one_allowed_with_edits(
    tmp_path: Path,
) -> None:
    calls = [
        ("exit_plan_mode", {"plan": FIRST}),
        ("exit_plan_mode", {"plan": "- tests first\n"}),
        ("write_file", {"file_path": "made.txt", "content": "x\n"}),
    ]
    blocks = [[{"type": "tool_use", "name": name, "input": given}] for name, given in calls]
    lines = [*blocks, [{"type": "text", "text": "All done."}]]
    script = tmp_path / "script.jsonl"
    script.write_text("".join(json.dumps({"blocks": line}) + "\n" for line in lines))
    with Program(tmp_path, ["--offline-script", str(script)]) as program:
        screen = program.ready().terminal
        screen.send("/plan move the tests\r")
        request = program.request()
        screen.wait_for("Go on with this plan?")
        screen.wait_for("1. Make `tests/new`")
        screen.wait_for("n  No, keep planning")
        program.answer(request, False, message="tests first")
        screen.wait_for("- tests first")
        screen.wait_for("› y  Yes, and ask before each change")  # keys are taken
        screen.send("s\r")
        program.result()
        screen.wait_for("All done.")
        assert (program.work / "made.txt").read_text() == "x\n"
        changed = [event["data"] for event in program.of("system", "mode_changed")]
        assert [(one["from"], one["to"], one["origin"]) for one in changed] == [
            ("default", "plan", "keyboard"),
            ("plan", "auto-edit", "keyboard"),
        ]
        program.quit()
