"""Sub-agents without a screen: what they say is passed on as theirs, and is no part of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.frontends.headless.progress import Progress
from qwen_dual.frontends.headless.terminal_text import TerminalText
from qwen_dual.protocol import events
from tests.headless.program import Runner, call, text
from tests.headless.test_output import Kept
from tests.support.lanes import interleaved, of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.events import Event


def message(text: str) -> list[Event]:
    return [
        events.message_start("m", "fake"),
        events.block_start(0, {"type": "text", "text": ""}),
        *(events.text_delta(0, letter) for letter in text),
        events.block_stop(0),
        events.message_stop(),
    ]


@pytest.mark.parametrize("seed", range(10))
def test_the_text_that_streams_is_the_main_agents(seed: int) -> None:
    kept = Kept()
    output = TerminalText(kept, lambda: 80, markdown=False)
    for event in interleaved(seed, message("mine"), of("task_1", message("THEIRS"))):
        output.message(event)
    output.message({"type": "result", "is_error": False, "result": "mine"})
    output.close()
    assert kept.data.decode().strip() == "mine"


def test_what_goes_on_is_told_of_the_main_agents_calls() -> None:
    drawn: list[str] = []
    progress = Progress(drawn.append, lambda: 80, now=lambda: 0.0)
    progress(events.tool_progress("call_1", "task", "started", "look"))
    for event in of(
        "task_1",
        [
            events.tool_progress("call_1", "read_file", "started", "secret.py"),
            events.tool_result("call_1", "text", is_error=False),
            events.assistant(
                "m", "fake", [], stop_reason=None, usage={"input_tokens": 1, "output_tokens": 9}
            ),
        ],
    ):
        progress(event)
    progress.draw()
    assert "task look" in drawn[-1]
    assert "tokens" not in drawn[-1]


def test_what_is_said_of_a_sub_agent_names_it_and_its_refused_calls_are_listed(
    tmp_path: Path,
) -> None:
    runner = Runner(tmp_path)
    task = {"description": "look", "prompt": "ALPHA", "subagent_type": "general-purpose"}
    touch = {**call("run_shell_command", command="touch x"), "when": "ALPHA"}
    looks = {**call("read_file", file_path="nope"), "when": "ALPHA"}
    script = runner.script(call("agent", **task), touch, *[looks] * 5, text("done"))
    ended = runner.run("-p", "go", "-o", "json", *script)
    assert "qwen-dual: general-purpose: " in ended.err
    assert "run_shell_command (1)" in ended.err
    [denied] = ended.result["permission_denials"]
    assert denied["parent_tool_use_id"]
    assert (denied["tool_name"], denied["tool_input"]) == (
        "run_shell_command",
        {"command": "touch x"},
    )
