"""What a hostile model or repository sends holds up neither keys nor the end, in the real program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.pauses import Spy
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONGEST = 0.05
"""Seconds of processor time that the loop may take for one thing."""

TRIES = 4
"""Programs that may be tried, each a new one: what takes long in one for a reason of ours does so in
each, and what does because the machine is shared, which makes processor time longer too, does not."""


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": arguments}


def star_rules(work: Path) -> None:
    (work / ".gitignore").write_text("*a" * 20 + "b\n")
    (work / ("a" * 200)).touch()


def deep_folder(work: Path) -> None:
    (work / ".qwenignore").write_text("*a" * 20 + "b\n")
    folder = os.open(work, os.O_RDONLY)
    for _ in range(1700):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)


def links(work: Path) -> None:
    (work / "round").symlink_to("round")


def hostile_folder(work: Path) -> None:
    star_rules(work)
    deep_folder(work)
    links(work)


def nothing(work: Path) -> None:
    pass


SEARCHES = [
    tool("glob", pattern="**/*"),
    tool("grep_search", pattern="x"),
    tool("list_directory", path="."),
]
WARM = [tool("run_shell_command", command="true"), *SEARCHES, {"type": "text", "text": "`a` **b**"}]
CALLS = [
    tool("glob", pattern="{" + "," * 100_000),
    tool("glob", pattern="{a,b}" * 3000),
    tool("read_file", file_path="/proc/1/root/x"),
    tool("run_shell_command", command="true" + " >/dev/null" * 40_000),
    tool("run_shell_command", command="((((<<<>>>|||&&" * 6000),
    *([tool("list_directory", path=".")] * 400),
]
NASTY = ("[", "![", "*a_ ", "> ", "|a", "*_~[", "`a``", "<a:")
NASTY_CODE = {"html": "<a ", "cpp": "a<", "yaml": "{a: ", "ruby": "%w("}
ANSWERS = [
    *(f"{nasty * (6000 // len(nasty))}\n\n" for nasty in NASTY),
    *(f"```{name}\n{(nasty * 90 + chr(10)) * 12}```\n\n" for name, nasty in NASTY_CODE.items()),
]
CASES: dict[str, tuple[Callable[[Path], None], list[dict[str, Any]]]] = {
    "folder": (hostile_folder, SEARCHES),
    "calls": (nothing, CALLS),
    "answers": (nothing, [{"type": "text", "text": text, "repeat": 2} for text in ANSWERS]),
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("case", CASES)
def test_the_loop_never_stands_still_and_a_signal_ends_it(tmp_path: Path, case: str) -> None:
    found = []
    for number in range(TRIES):
        folder = tmp_path / str(number)
        (folder / "work").mkdir(parents=True)
        found.append(longest_pause(folder, case))
        subprocess.run(["rm", "-rf", str(folder / "work" / "d")], check=True)
        if found[-1][0] < LONGEST:
            break
    assert found[-1][0] < LONGEST, found


def longest_pause(folder: Path, case: str) -> tuple[float, str]:
    """The longest that the loop was at one thing in a session with this case, and at what."""
    prepare, blocks = CASES[case]
    prepare(folder / "work")
    script = folder / "script.jsonl"
    lines = [{"blocks": WARM}, {"blocks": []}, {"blocks": blocks}, {"blocks": []}]
    script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "spy").mkdir()
    spy = Spy(folder / "spy")
    arguments = ["--offline-script", str(script), "--approval-mode", "yolo"]
    with Program(folder, arguments, env=spy.environment) as program:
        program.ready()
        program.submit("what is imported when it is first used belongs to the start")
        program.result()
        program.terminal.wait_for(lambda _: spy.loaded)
        with spy.watching():
            program.submit("go")
            program.result(2, timeout=60)
            program.terminal.send("@d")
            program.terminal.wait_for("@d")
        os.kill(program.terminal.pid, signal.SIGTERM)
        program.terminal.wait_exit()
        assert program.of("system", "session_end")
    return spy.take() or (0.0, "nothing took longer than a moment")
