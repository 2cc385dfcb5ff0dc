"""Prompts that are on the channel before the program is there: told at once, run once, and saved."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from tests.support.program import ROOT, Program

if TYPE_CHECKING:
    from pathlib import Path

HELD_UP = """
import os, sys
from importlib.machinery import PathFinder

class Late:
    def find_spec(self, name, path=None, target=None):
        if name != "qwen_dual.cli.interactive":
            return None
        open(os.environ["REACHED"], "w").close()
        open(os.environ["GO_ON"]).close()  # a FIFO: until somebody opens the other end
        return None

if "qwen_dual" in sys.orig_argv:
    sys.meta_path.insert(0, Late())
"""


def written(folder: Path, *texts: str) -> None:
    """Prompts that are in the input file."""
    lines = [{"type": "submit", "text": text, "id": text} for text in texts]
    (folder / "input.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def held(folder: Path) -> tuple[Program, Path]:
    """A program that is held up before it imports what runs a session, and what lets it go on."""
    path, reached, go_on = folder / "path", folder / "reached", folder / "go_on"
    os.mkfifo(go_on)
    path.mkdir()
    (path / "sitecustomize.py").write_text(HELD_UP)
    env = {
        "PYTHONPATH": os.pathsep.join([str(path), ROOT]),
        "REACHED": str(reached),
        "GO_ON": str(go_on),
    }
    program = Program(folder, ["--input-from", "start"], env=env)
    program.terminal.wait_for(lambda _: reached.exists())
    return program, go_on


def chats(program: Program) -> str:
    """What is saved."""
    return "".join(path.read_text() for path in program.home.glob(".qwen/projects/*/chats/*.jsonl"))


def test_the_first_begins_before_what_runs_it_is_there_and_each_runs_once(tmp_path: Path) -> None:
    written(tmp_path, "one", "two", "three")
    program, go_on = held(tmp_path)
    with program:
        (first,) = [event for event in program.refresh() if event["type"] == "user"]
        assert first["message"]["content"][0]["text"] == "one"
        states = [event["data"]["state"] for event in program.of("system", "state")]
        assert states[-1] == "thinking"
        go_on.open("w").close()
        program.result(3)
        assert [event["command_id"] for event in program.of("result")] == ["one", "two", "three"]
        prompts = [event for event in program.of("user") if "origin" in event]
        assert len(prompts) == 3
        assert program.quit() == 0


def test_one_that_a_signal_keeps_from_running_is_saved_all_the_same(tmp_path: Path) -> None:
    written(tmp_path, "remember me")
    program, go_on = held(tmp_path)
    with program:
        program.terminal.signal(signal.SIGTERM)
        go_on.open("w").close()
        program.terminal.wait_exit()
        (result,) = program.of("result")
        assert (result["stop_reason"], result["command_id"]) == ("interrupted", "remember me")
        assert program.refresh()[-1]["subtype"] == "session_end"
        assert chats(program).count("remember me") >= 1
        (program.home / "told").write_text("")
    again = Program(tmp_path, ["--continue"])
    with again:
        again.terminal.wait_for("> remember me")


def test_one_that_a_person_is_to_look_at_first_is_held_and_begins_nothing(tmp_path: Path) -> None:
    (tmp_path / "home" / ".qwen").mkdir(parents=True)
    settings = {"dualOutput": {"review": True}}
    (tmp_path / "home" / ".qwen" / "settings.json").write_text(json.dumps(settings))
    written(tmp_path, "one")
    with Program(tmp_path, ["--input-from", "start"]) as program:
        program.until(lambda event: (event.get("data") or {}).get("focus") == "proposal")
        assert [event["data"]["status"] for event in program.of("system", "command_receipt")] == [
            "held"
        ]
        assert not program.of("user")
        program.terminal.wait_for("⇄ remote proposes a prompt")
        program.terminal.send("\r")
        program.result(1)
        (prompt,) = [event for event in program.of("user") if "origin" in event]
        assert prompt["origin"] == "input"
        program.submit("/approval-mode yolo", id="two", review=False)
        program.until(lambda event: (event.get("data") or {}).get("focus") == "proposal", 2)
        program.terminal.signal(signal.SIGTERM)
        program.terminal.wait_exit()
        told = program.of("system", "command_receipt")
        assert [one["data"].get("code") for one in told if one["data"]["id"] == "two"] == [
            None,
            "session_ended",
        ]
        assert not program.of("system", "mode_changed")
