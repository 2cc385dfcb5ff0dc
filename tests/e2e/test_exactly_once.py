"""A host's file of commands is read again from its start after the program was killed: nothing runs twice."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path


def receipts(program: Program, since: int) -> dict[str, dict[str, Any]]:
    """The receipts of the run that began behind so many events."""
    told = [event["data"] for event in program.events[since:] if "status" in event.get("data", ())]
    return {data["id"]: data for data in told}


def test_a_file_of_commands_is_read_again_and_what_was_done_is_skipped(tmp_path: Path) -> None:
    start = ["--input-from", "start", "--approval-mode", "yolo"]
    with Program(tmp_path, start) as program:
        program.submit("run echo 1 >> done", id="a")
        program.submit("/approval-mode plan", id="s")
        program.result(2)
        program.submit("say 100000 words", id="b")
        program.submit("run echo 2 >> done", id="c")
        program.until(lambda event: event.get("data", {}).get("id") == "c")
        os.kill(program.terminal.pid, signal.SIGKILL)
        program.terminal.wait_exit()
        session_id = program.refresh()[0]["session_id"]
    with Program(tmp_path, ["--resume", session_id, *start]) as again:
        again.until(lambda event: event.get("subtype") == "session_start", 2)
        begin = max(
            number
            for number, event in enumerate(again.events)
            if event.get("subtype") == "session_start"
        )
        again.until(lambda event: event.get("data", {}).get("id") == "c", 2)
        told = receipts(again, begin)
        assert (told["a"]["outcome"], told["a"]["result"]["command_id"]) == ("done", "a")
        assert told["s"]["outcome"] == "done"
        assert told["b"]["outcome"] == "interrupted"
        assert told["c"]["status"] == "accepted"
    assert (tmp_path / "work" / "done").read_text().split().count("1") == 1
