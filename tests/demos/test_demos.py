"""Every demo runs as it is, and shows what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pty import Terminal

ROOT = Path(__file__).parents[2]
DEMOS = ROOT / "demos"


def run(name: str, home: Path) -> str:
    env = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, str(DEMOS / name)],
        env=env,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=18,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_every_demo_is_listed_short_and_tested_here() -> None:
    listed = {
        line.split("`")[1]
        for line in (DEMOS / "README.md").read_text().splitlines()
        if line.startswith("| `")
    }
    there = {path.name for path in DEMOS.glob("*.py")} - {"hosting.py"}
    assert listed == there
    tested = Path(__file__).read_text()
    for path in DEMOS.glob("*.py"):
        assert len(path.read_text().splitlines()) < 60, path
    assert all(f'"{name}"' in tested for name in there)


def test_observe_shows_the_session_from_start_to_end(tmp_path: Path) -> None:
    lines = run("observe.py", tmp_path).splitlines()
    assert lines[0] == "1 system session_start"
    assert lines[-1].endswith("system session_end")
    assert any("content_block_delta" in line for line in lines)
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))


def test_inject_gets_a_receipt_and_a_result_for_each_prompt(tmp_path: Path) -> None:
    out = run("inject.py", tmp_path)
    for number in range(3):
        assert f"prompt-{number} success" in out
    assert "made by a script" in out
    assert "prompt-0 accepted" in out


def test_remote_approval_allows_the_one_and_denies_the_other(tmp_path: Path) -> None:
    lines = run("remote_approval.py", tmp_path).splitlines()
    assert lines == [
        "allowed by input",
        "turn ended: end_turn",
        "denied by input",
        "turn ended: end_turn",
    ]


def test_failure_drills_say_what_is_wrong(tmp_path: Path) -> None:
    out = run("failure_drills.py", tmp_path)
    assert out.count("Warning: dual output disabled — ") == 3
    assert "fd 1" in out
    assert "9999" in out
    assert "/no/such/folder/events.jsonl" in out
    assert "mutually exclusive" in out
    assert [line.strip() for line in out.splitlines() if "exit status" in line] == [
        "exit status 0",
        "exit status 0",
        "exit status 0",
        "exit status 2",
    ]


@pytest.mark.parametrize("program", ["own_bridge.py"])
def test_another_program_gets_the_same_two_channels(tmp_path: Path, program: str) -> None:
    source = (DEMOS / program).read_text().splitlines()
    code = [line for line in source if line.strip() and not line.startswith(("import", "from"))]
    assert len(code) < 40
    out, commands = tmp_path / "events.jsonl", tmp_path / "commands.jsonl"
    commands.write_text('{"type":"submit","text":"old"}\n')
    argv = [sys.executable, str(DEMOS / program), str(out), str(commands)]
    with Terminal.spawn(argv, env={"PYTHONPATH": str(ROOT)}, cwd=tmp_path) as terminal:
        terminal.wait_for("loud>")
        terminal.send("typed\r")
        terminal.wait_for("TYPED")
        with commands.open("a") as file:
            file.write('{"type":"submit","text":"sent"}\nnonsense\n')
        terminal.wait_for("SENT")
        with commands.open("a") as file:
            file.write('{"type":"submit","text":"bye"}\n')
        assert terminal.wait_exit() == 0
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert events[0]["subtype"] == "session_start"
    assert events[-1]["subtype"] == "session_end"
    origins = [event["origin"] for event in events if event["type"] == "user"]
    assert origins == ["keyboard", "input"]
    assert any(event.get("subtype") == "input_error" for event in events)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
