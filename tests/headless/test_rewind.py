"""Going back without a screen: over stdin, and by the commands that a person would type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.headless.test_streams import Program

if TYPE_CHECKING:
    from pathlib import Path


def test_a_turn_is_taken_back_over_stdin(tmp_path: Path) -> None:
    with Program(tmp_path, "--approval-mode", "yolo") as program:
        program.say("write made.txt: hello")
        program.result()
        assert (program.work / "made.txt").exists()
        program.send(type="rewind_points", id="1")
        told = program.until(lambda message: message.get("subtype") == "rewind_points")
        to = told["data"]["points"][-1]["uuid"]
        program.send(type="rewind", to=to, conversation=True, files=True, id="2")
        done = program.until(lambda message: message.get("subtype") == "rewound")
        assert (done["data"]["prompts"], done["data"]["changed"]) == (1, 1)
        assert not (program.work / "made.txt").exists()
        assert program.end() == 0
