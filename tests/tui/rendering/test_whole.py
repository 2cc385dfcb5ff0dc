"""The whole conversation for the pager, and what Ctrl+O decides."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.frontends.tui.rendering.unfolding import Unfolding
from qwen_dual.frontends.tui.rendering.whole import EARLIER, WholeTranscript
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.protocol import events
from tests.support.images import image
from tests.support.lanes import of
from tests.tui.support import call, edit_request, feed

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.frontends.tui.editing.external import ExternalPrograms
    from qwen_dual.frontends.tui.state.blocks import ExpandedBlock
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ResultContent, ToolOutcome


def tool_result(text: ResultContent, call_id: str = "c", *, is_error: bool = False) -> Event:
    block = {"type": "tool_result", "tool_use_id": call_id, "content": text, "is_error": is_error}
    return {"type": "user", "message": {"role": "user", "content": [block]}}


def lines(count: int) -> str:
    return "\n".join(f"line {number}" for number in range(count))


def long_diff() -> str:
    return "--- a/x\n+++ b/x\n@@ -0,0 +1,400 @@\n" + "\n".join(f"+new {n}" for n in range(400))


def edited() -> list[Event]:
    request = edit_request("c", long_diff())
    return [*call("edit", "call-c", file_path="x"), request, tool_result("edited", "call-c")]


def test_an_image_is_one_line_of_it() -> None:
    whole = WholeTranscript()
    for event in (*call("read_file", file_path="a.png"), tool_result([image()])):
        whole(event)
    assert "[image: PNG, 800×600, 57 bytes]" in whole.text
    assert "iVBOR" not in whole.text


def test_a_command_is_what_it_printed_and_how_it_ended() -> None:
    whole = WholeTranscript()
    told = "Command: make\nOutput: no rule\nExit Code: 2\nProcess Group PGID: 17"
    outcome: ToolOutcome = {"output": "no rule\n", "exit_code": 2}
    result = events.tool_result("call", told, is_error=True, outcome=outcome)
    for event in (*call(call_id="call", command="make"), result):
        whole(event)
    assert whole.text == "✗ Run shell command  make  exit 2\n  no rule\n"


def test_everything_that_was_folded_is_open_in_it() -> None:
    whole = WholeTranscript()
    told = [
        events.user_text("look\nclosely", "keyboard"),
        *call(command="seq 500"),
        tool_result(lines(500)),
        *edited(),
    ]
    for event in told:
        whole(event)
    assert whole.text.startswith("> look\n  closely\n")
    assert "line 0\n" in whole.text
    assert "line 499\n" in whole.text
    assert "  +new 0\n" in whole.text
    assert "  +new 399\n" in whole.text
    assert "run_shell_command" not in whole.text


def test_what_a_tool_said_cannot_reach_the_terminal_through_the_pager() -> None:
    whole = WholeTranscript()
    for event in (*call(command="x\x1b[2J"), tool_result("a\x1b]52;c;eA==\x07b\x9bm")):
        whole(event)
    assert not set(whole.text) & {"\x1b", "\x07", "\x9b"}


def test_it_is_bounded_and_says_what_is_missing() -> None:
    whole = WholeTranscript(max_chars=1000)
    for number in range(100):
        whole(events.user_text(f"prompt {number} " + "x" * 50, "keyboard"))
    assert len(whole.text) < 1200
    assert "/export" in whole.text
    assert "prompt 99 " in whole.text
    assert "prompt 1 " not in whole.text


def test_a_new_session_begins_it_anew() -> None:
    whole = WholeTranscript()
    whole(events.user_text("before", "keyboard"))
    whole(events.system("session_changed", {"from": "a", "to": "b", "origin": "keyboard"}))
    assert whole.text == ""


class Programs:
    """Records what was paged; there is a pager where ``path`` has one."""

    def __init__(self, path: str) -> None:
        self.paged: list[tuple[str, bool]] = []
        self.has_pager = shutil.which("less", path=path) is not None

    def page(self, text: str, *, at_end: bool = False) -> None:
        """Records."""
        self.paged.append((text, at_end))


class Bench:
    """Unfolding over a view of its own, in a window of 24 rows."""

    def __init__(self, path: str, *sequence: Event) -> None:
        self.view, self.whole, self.programs = View(), WholeTranscript(), Programs(path)
        self.shown: list[ExpandedBlock] = []
        for event in sequence:
            self.whole(event)
        feed(self.view, sequence)
        self.unfolding = Unfolding(
            self.view,
            self.whole,
            cast("ExternalPrograms", self.programs),
            self.shown.append,
            lambda: 24,
        )


def with_pager(tmp_path: Path) -> str:
    pager = tmp_path / "less"
    pager.write_text("#!/bin/sh\n")
    pager.chmod(0o755)
    return str(tmp_path)


def test_the_whole_diff_of_an_edit_opens_in_a_pager(tmp_path: Path) -> None:
    bench = Bench(with_pager(tmp_path), *edited())
    assert bench.unfolding.expand()
    assert "+new 399" in bench.programs.paged[0][0]
    assert bench.shown == []


def test_without_a_pager_it_goes_below_the_conversation(tmp_path: Path) -> None:
    bench = Bench(str(tmp_path), *edited())
    assert bench.unfolding.expand()
    assert bench.shown[0].diff
    assert bench.shown[0].text.endswith("+new 399")
    assert bench.programs.paged == []


def test_what_fits_into_the_window_stays_out_of_the_pager(tmp_path: Path) -> None:
    bench = Bench(with_pager(tmp_path), *call(command="seq 12"), tool_result(lines(12)))
    bench.unfolding.expand()
    assert bench.shown[0].text == lines(12)


def test_the_second_time_the_whole_conversation_opens_at_its_end(tmp_path: Path) -> None:
    told: tuple[Any, ...] = (*call(command="seq 12"), tool_result(lines(12)))
    bench = Bench(with_pager(tmp_path), *told)
    bench.unfolding.expand()
    assert not bench.unfolding.expand()
    assert bench.programs.paged == [(bench.whole.text, True)]
    feed(bench.view, [*call(command="seq 9"), tool_result(lines(9))])
    assert bench.unfolding.expand()
    assert bench.shown[-1].text == lines(9)


def test_of_a_text_longer_than_all_that_is_held_the_end_stays() -> None:
    whole = WholeTranscript(max_chars=1000)
    whole.replay([events.notice("the first"), events.notice(f"\x1b[31m{lines(500)}\nlast\x07")])
    assert whole.text.startswith(EARLIER) and whole.text.endswith("  last\n")
    assert "the first" not in whole.text and "\x07" not in whole.text
    assert 800 < len(whole.text) < 1500 and "\n  line 499\n" in whole.text


def agents_at_work() -> list[Event]:
    asked = {"subagent_type": "explore", "description": "find it", "prompt": "Find it."}
    lane = of("call_1", [events.user_text("Find it.", "agent")])
    return [*call("agent", "call_1", **asked), *lane]


def test_while_sub_agents_are_at_work_their_lanes_open_first_and_again(tmp_path: Path) -> None:
    bench = Bench(with_pager(tmp_path), *agents_at_work())
    assert bench.unfolding.expand()
    assert bench.programs.paged == [(bench.whole.agents, True)]
    assert "● explore  find it\n  > Find it." in bench.whole.agents
    assert not bench.unfolding.expand()
    assert bench.programs.paged[1] == (bench.whole.text, True)
    assert bench.unfolding.expand()
    assert bench.programs.paged[2] == (bench.whole.agents, True)


def test_once_sub_agents_have_ended_their_lanes_open_from_the_beginning(tmp_path: Path) -> None:
    bench = Bench(with_pager(tmp_path), *agents_at_work(), tool_result("found", "call_1"))
    bench.unfolding.expand()
    assert bench.programs.paged == [(bench.whole.agents, False)]
    assert not bench.unfolding.expand()
    assert "✓ Agent  explore: find it\n  found" in bench.programs.paged[1][0]


def test_without_a_pager_the_lanes_go_below_the_conversation(tmp_path: Path) -> None:
    bench = Bench(str(tmp_path), *agents_at_work(), tool_result("found", "call_1"))
    bench.unfolding.expand()
    assert bench.shown[0].title == "Sub-agents"
    assert "> Find it." in bench.shown[0].text
