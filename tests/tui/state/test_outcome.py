"""A finished call in words: how it ended, how long it took, what of its output stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.tools.tool import Display
from qwen_dual.frontends.tui.markdown.markdown import MarkdownRenderer
from qwen_dual.frontends.tui.region.live import live_part
from qwen_dual.frontends.tui.rendering.render import BlockRenderer
from qwen_dual.frontends.tui.state.blocks import ToolBlock
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.protocol import events
from tests.tui.support import Clock, call, feed, state, text_of

if TYPE_CHECKING:
    from qwen_dual.protocol.shapes import ToolOutcome

SHELL = Display("Shell", "Running", can_detach=True)
FORM = "Command: x\nDirectory: (root)\nOutput: (empty)\nProcess Group PGID: 7"


def ended(command: str, outcome: ToolOutcome, *, is_error: bool, text: str = FORM) -> ToolBlock:
    view = View(display_of=lambda name: SHELL)
    feed(view, call(command=command))
    told = events.tool_result("c", text, is_error=is_error, outcome=outcome)
    (block,) = feed(view, [told])
    assert isinstance(block, ToolBlock)
    return block


def rendered(block: ToolBlock, width: int = 80) -> list[str]:
    return text_of(BlockRenderer(MarkdownRenderer()).render(block, width))


@pytest.mark.parametrize(
    ("outcome", "is_error", "row"),
    [
        ({"output": "", "exit_code": 0, "duration_ms": 20}, False, "✓ Shell  x  no output"),
        ({"output": "", "exit_code": 1, "duration_ms": 3200}, True, "✗ Shell  x  exit 1 · 3 s"),
        ({"output": "", "signal": "SIGKILL"}, True, "✗ Shell  x  ended by SIGKILL"),
        (
            {"output": "", "signal": "SIGTERM", "note": "timed out", "duration_ms": 125_000},
            True,
            "✗ Shell  x  timed out · 2 min 5 s",
        ),
        ({"output": "", "note": "in the background"}, False, "✓ Shell  x  in the background"),
        ({"output": "", "note": "a\x1b[2Jb\nc"}, True, "✗ Shell  x  ab c"),
    ],
)
def test_a_person_reads_how_it_ended_and_never_the_form(
    outcome: ToolOutcome, is_error: bool, row: str
) -> None:
    assert rendered(ended("x", outcome, is_error=is_error)) == [row]


SEARCH = Display("Search", "Searching for", ("line", "lines"))


@pytest.mark.parametrize(
    ("outcome", "row"),
    [({"note": "2 matches"}, "✓ Search  a  2 matches"), ({}, "✓ Search  a  5 lines")],
)
def test_what_was_found_is_counted_by_the_tool_that_found_it(
    outcome: ToolOutcome, row: str
) -> None:
    view = View(display_of=lambda name: SEARCH)
    feed(view, call(pattern="a"))
    text = "Found 2 matches\n---\nFile: x\nL1: a\nL2: a"
    (block,) = feed(view, [events.tool_result("c", text, is_error=False, outcome=outcome)])
    assert isinstance(block, ToolBlock)
    assert rendered(block) == [row]


def test_what_failed_shows_its_end_and_what_is_folded_names_the_key() -> None:
    output = "\n".join(f"line {number}" for number in range(46))
    block = ended("pytest -q", {"output": output, "exit_code": 1}, is_error=True)
    lines = rendered(block)
    assert lines[0] == "✗ Shell  pytest -q  exit 1"
    assert lines[1] == "  … 40 lines above (ctrl+o shows all)"
    assert lines[-1] == "  line 45"


def test_the_colours_of_a_command_reach_the_screen() -> None:
    outcome: ToolOutcome = {"output": "\x1b[32mok\x1b[0m \x1b]52;c;x\x07rest", "exit_code": 0}
    block = ended("x", outcome, is_error=False, text="ok rest")
    (_, row) = BlockRenderer(MarkdownRenderer()).render(block, 80)
    assert ("fg:ansigreen", "ok") in row
    assert text_of([row]) == ["  ok rest"]


@pytest.mark.parametrize("width", [80, 30, 20])
def test_the_head_of_a_call_fits_and_keeps_how_it_ended(width: int) -> None:
    outcome: ToolOutcome = {"output": "", "exit_code": 1, "duration_ms": 3000}
    head, *below = rendered(ended("make " * 40, outcome, is_error=True), width)
    assert len(head) <= width
    assert "Shell  make make" in head
    note = "exit 1 · 3 s"
    assert head.endswith(note) if width == 80 else below[0] == f"  {note}"


@pytest.mark.parametrize("width", [80, 30])
def test_the_status_line_says_first_what_matters_most(width: int) -> None:
    view = View(now=Clock(), display_of=lambda name: SHELL)
    started = events.tool_progress("c", "run_shell_command", "started", "pytest -q")
    feed(view, [state("running_tool"), *call(command="pytest -q"), started])
    line = text_of(live_part(view, width, 20, 104.2).lines)[-1]
    assert len(line) <= width
    assert line[2:].startswith("Running pytest · 4 s")
    assert ("ctrl+b background" in line) == (width == 80)


def test_what_waits_for_the_person_does_not_look_like_work() -> None:
    view = View(now=Clock())
    feed(view, [state("awaiting_approval")])
    lines: Any = text_of(live_part(view, 80, 20, 133.0).lines)
    assert lines == ["◆ Waiting for you · 33 s"]


def test_a_call_that_a_model_cleared_says_so_and_why() -> None:
    outcome: ToolOutcome = {"auto_verdict": "allow", "auto_reason": "it builds\x1b[2J"}
    block = ended("make", {**outcome, "output": ""}, is_error=False)
    assert rendered(block) == ["✓ Shell  make  no output · auto: it builds[2J"]
    assert rendered(block, 30) == ["✓ Shell  make", "  no output · auto: it builds…"]
    failed = ended("make", {**outcome, "exit_code": 2, "output": "x"}, is_error=True)
    assert rendered(failed) == ["✗ Shell  make  exit 2", "  x"]
