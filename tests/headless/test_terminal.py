"""A prompt at a terminal: the answer rendered, a line of progress, Ctrl+C."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.headless.program import COMMAND, Runner, call, text
from tests.support.pty import Terminal

if TYPE_CHECKING:
    from pathlib import Path

MARKDOWN = "# Head\n\nSome **weight** and a list:\n\n- one\n- two\n\n```py\nx = 1\n```\n"


def started(runner: Runner, *arguments: str, cols: int = 80, **env: str | None) -> Terminal:
    home = {"HOME": str(runner.home), "QWEN_HOME": None, "XDG_RUNTIME_DIR": None}
    return Terminal.spawn(
        [*COMMAND, *arguments], env={**home, **env}, cwd=runner.work, cols=cols, rows=30
    )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.parametrize("cols", [80, 30])
def test_markdown_is_rendered_and_nothing_else_is_left(runner: Runner, cols: int) -> None:
    with started(runner, "-p", "go", *runner.script(text(MARKDOWN)), cols=cols) as terminal:
        assert terminal.wait_exit() == 0
        lines = [line.strip() for line in terminal.text.splitlines() if line.strip()]
    assert lines[0] == "Head"
    assert "Some weight and a list:" in " ".join(lines)
    assert lines[-3:] == ["• one", "• two", "x = 1"]


def test_without_colours_it_is_the_text_itself(runner: Runner) -> None:
    with started(runner, "-p", "go", *runner.script(text(MARKDOWN)), NO_COLOR="1") as terminal:
        assert terminal.wait_exit() == 0
        assert "Some **weight** and a list:" in terminal.text
        assert b"\x1b[1m" not in terminal.raw


def test_a_line_says_what_it_is_at_and_goes_away(runner: Runner) -> None:
    gate = runner.work / "gate"
    command = f"while [ ! -e {gate} ]; do sleep 0.05; done"
    script = runner.script(call("run_shell_command", command=command), text("Done."))
    with started(
        runner, "-p", "go", "-y", *script, QWEN_CODE_SUPPRESS_YOLO_WARNING="1"
    ) as terminal:
        terminal.wait_for("run_shell_command while")
        gate.touch()
        assert terminal.wait_exit() == 0
        assert terminal.text.split() == ["Done."]


def test_it_is_quiet_when_asked_to_be(runner: Runner) -> None:
    slow = {"blocks": [{"type": "text", "deltas": ["a ", "b"]}], "delay_ms": 400}
    with started(runner, "-p", "go", "-q", *runner.script(slow)) as terminal:
        assert terminal.wait_exit() == 0
        assert bytes(terminal.raw).replace(b"\r\n", b"\n") == b"a b\n"


def test_ctrl_c_ends_it_with_a_result(runner: Runner) -> None:
    slow = {"blocks": [{"type": "text", "text": "word ", "repeat": 10_000}], "delay_ms": 20}
    arguments = ("-p", "go", "-o", "stream-json", "--include-partial-messages", "-q")
    with started(runner, *arguments, *runner.script(slow), cols=4000) as terminal:
        terminal.wait_for("text_delta")
        terminal.send(b"\x03")
        assert terminal.wait_exit() == 130
        said = terminal.raw.decode()
    # The terminal itself writes ^C, wherever that comes.
    results = [part.splitlines()[0] for part in said.split('{"type":"result",')[1:]]
    assert [json.loads("{" + each)["stop_reason"] for each in results] == ["interrupted"]


def test_a_terminal_without_a_prompt_is_for_the_ui(runner: Runner) -> None:
    with started(runner, "--offline", "-o", "json") as terminal:
        terminal.wait_for("--output-format has no effect in the UI")
        terminal.wait_for("Type a prompt")
