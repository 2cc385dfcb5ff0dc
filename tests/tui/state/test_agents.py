"""Sub-agents on the screen: what they say and do is never drawn as the main agent's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.frontends.tui.dialogs.choices import question_for
from qwen_dual.frontends.tui.region.live import live_part
from qwen_dual.frontends.tui.rendering.whole import LANE_CHARS, WholeTranscript
from qwen_dual.frontends.tui.state.agents import MAX_OPEN_CALLS
from qwen_dual.frontends.tui.state.blocks import (
    AnswerBlock,
    FoldedAgents,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    ThoughtBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.live_state import is_remote
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.protocol import events
from tests.support.lanes import interleaved, of
from tests.tui.support import answer, edit_request, feed, request, result, state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.protocol.events import Event


def say(text: str, **usage: int) -> list[Event]:
    """A whole message."""
    numbers = {"input_tokens": 0, "output_tokens": 0, **usage}
    blocks = [{"type": "text", "text": text}]
    whole = events.assistant("m", "fake", blocks, stop_reason=None, usage=numbers)
    return [*answer(*text), events.block_stop(0), whole, events.message_stop()]


def use(call_id: str, name: str, **arguments: Any) -> list[Event]:
    """A message with one call."""
    block = {"type": "tool_use", "id": call_id, "name": name, "input": arguments}
    usage = {"input_tokens": 7, "output_tokens": 3}
    return [
        events.message_start("m", "fake"),
        events.block_start(0, {**block, "input": {}}),
        events.json_delta(0, "{}"),
        events.block_stop(0),
        events.assistant("m", "fake", [block], stop_reason="tool_use", usage=usage),
        events.message_stop(),
    ]


def came_to(call_id: str, text: str, *, is_error: bool = False) -> Event:
    return events.tool_result(call_id, text, is_error=is_error)


SUB = [
    events.user_text("look for it", "agent"),
    *use("call_1", "read_file", file_path="secret.py"),
    events.tool_progress("call_1", "read_file", "started", "secret.py"),
    came_to("call_1", "the sub-agent's file"),
    *say("said by the sub-agent", input_tokens=9000, output_tokens=900),
]
"""What a sub-agent says and does; its model counts calls from the same number as the main one's."""


@pytest.mark.parametrize("seed", range(20))
def test_lanes_that_interleave_leave_the_main_one_as_it_is_alone(seed: int) -> None:
    main = [
        events.user_text("go", "keyboard"),
        state("thinking"),
        *say("one\n\ntwo", input_tokens=50, output_tokens=5),
        *use("call_1", "read_file", file_path="mine.py"),
        events.tool_progress("call_1", "read_file", "started", "mine.py"),
        came_to("call_1", "my file"),
        *say("done", input_tokens=60, output_tokens=6),
        result(),
    ]
    alone, together = View(now=lambda: 0.0), View(now=lambda: 0.0)
    expected = feed(alone, main)
    shown = feed(together, interleaved(seed, main, of("task_1", SUB), of("task_2", SUB)))
    assert shown == expected
    assert together.context_tokens == alone.context_tokens
    assert together.last_answer == alone.last_answer == "done"
    together.work.agents = {}
    assert together.work == alone.work
    assert together.folded == alone.folded


def test_deltas_of_a_sub_agent_are_no_part_of_the_open_block() -> None:
    view = View()
    feed(view, [*answer("mine "), *of("task_1", answer("theirs ")), events.text_delta(0, "too")])
    assert view.tail(100) == ("mine too", False)
    feed(view, of("task_1", [events.block_stop(0), events.message_stop()]))
    assert view.tail(100) == ("mine too", False)


def task(call_id: str, who: str, what: str, **more: Any) -> list[Event]:
    """The main agent sets another to work."""
    asked = {"subagent_type": who, "description": what, "prompt": f"{what}, please", **more}
    return [*use(call_id, "agent", **asked), events.tool_progress(call_id, "agent", "started")]


def rows(view: View, now: float = 0.0, width: int = 80) -> list[str]:
    shown = ("".join(text for _, text in line) for line in live_part(view, width, 24, now).lines)
    return [row.rstrip() for row in shown if row.strip()]


def test_every_sub_agent_at_work_is_one_row_with_what_it_is_at_and_what_it_took() -> None:
    view = View(now=lambda: 0.0)
    feed(view, [*task("task_1", "explore", "find it"), *task("task_2", "plan", "plan it")])
    feed(view, [*task("task_3", "", "do it"), state("running_tool")])
    feed(view, of("task_1", use("call_1", "read_file", file_path="x.py")))
    feed(view, of("task_2", use("call_1", "run_shell_command", command="make\x1b[2J")))
    feed(view, of("task_3", [*use("call_1", "grep_search", pattern="a"), came_to("call_1", "b")]))
    feed(view, of("task_3", use("call_2", "grep_search", pattern="c")[:2]))
    explore, plan, general, status = rows(view, now=12.0)
    assert explore == "● explore  find it · Working on x.py  1 call · 10 tokens · 12 s"
    assert plan == "● plan  plan it · Working on make⟨ESC⟩[2J  1 call · 10 tokens · 12 s"
    assert general == "● general-purpose  do it · Thinking  1 call · 10 tokens · 12 s"
    assert "Running 3 agents" in status


def test_in_a_narrow_window_what_a_sub_agent_is_at_goes_before_its_numbers() -> None:
    view = View(now=lambda: 0.0)
    feed(view, [*task("task_1", "explore", "find the place where it is read")])
    feed(view, of("task_1", use("call_1", "read_file", file_path="config.py")))
    for width in (80, 40, 30, 20, 8, 3):
        row = rows(view, 12.0, width)[0]
        assert len(row) <= width
        assert row.startswith("● explore"[:width]) or width < 9
    assert rows(view, 12.0, 30)[0] == "● explore  Working on config.…"


def test_in_a_narrow_window_agents_of_one_name_are_told_apart_by_what_they_are_for() -> None:
    view = View(now=lambda: 0.0)
    feed(
        view, [*task("task_1", "explore", "read the tests"), *task("task_2", "explore", "read it")]
    )
    feed(view, of("task_1", use("call_1", "read_file", file_path="config.py")))
    feed(view, of("task_2", use("call_1", "read_file", file_path="config.py")))
    assert rows(view, 12.0, 30)[:2] == [
        "● explore  read the tests",
        "● explore  read it",
    ]
    feed(view, [*task("task_3", "plan", "plan it")])
    feed(view, of("task_3", use("call_1", "read_file", file_path="config.py")))
    assert rows(view, 12.0, 30)[2].startswith("● plan  Working on")


def test_whoever_waits_for_leave_says_so_in_its_row() -> None:
    view = View(now=lambda: 0.0)
    feed(view, [*task("task_1", "explore", "find it"), *task("task_2", "plan", "plan it")])
    for agent in ("task_1", "task_2"):
        feed(view, of(agent, use("call_1", "run_shell_command", command="make")))
    feed(view, of("task_2", [request("r1")]))
    first, second = rows(view)
    assert "waits" not in first
    assert second.startswith("◆ plan  plan it · waits for you")


def test_what_a_sub_agent_came_to_is_one_line_with_its_totals() -> None:
    view = View(now=lambda: 0.0)
    feed(view, task("task_1", "explore", "find it"))
    feed(view, of("task_1", [*SUB, *use("call_2", "edit", file_path="y.py")]))
    outcome: Any = {"duration_ms": 14_000}
    [block] = feed(
        view, [events.tool_result("task_1", "found\nit", is_error=False, outcome=outcome)]
    )
    note = "2 calls · 9.9k tokens · 14 s"
    assert block == ToolBlock("explore", "find it", "ok", note=note)
    assert view.work.agents == {}
    assert isinstance(view.folded, FoldedAgents)


def test_a_sub_agent_that_failed_says_why() -> None:
    view = View(now=lambda: 0.0)
    feed(view, task("task_1", "explore", "find it"))
    feed(view, of("task_1", say("hm")))
    [block] = feed(view, [came_to("task_1", "The model did not answer.", is_error=True)])
    assert isinstance(block, ToolBlock)
    assert (block.name, block.status) == ("explore", "error")
    assert block.lines == ("The model did not answer.",)


def test_a_thousand_calls_of_a_sub_agent_are_one_row_and_bounded() -> None:
    view = View(now=lambda: 0.0)
    feed(view, task("task_1", "explore", "find it"))
    for number in range(1000):
        feed(view, of("task_1", use(f"call_{number}", "read_file", file_path=f"{number}.py")))
    [agent] = view.work.agents.values()
    assert agent.calls == 1000
    assert len(agent.open_calls) <= MAX_OPEN_CALLS
    [row] = rows(view)
    assert "1000 calls" in row


def test_more_sub_agents_than_there_is_room_for_are_counted() -> None:
    view = View(now=lambda: 0.0)
    for number in range(12):
        feed(view, task(f"task_{number}", "explore", f"part {number}"))
        feed(view, of(f"task_{number}", say("hm")))
    assert rows(view)[-1] == "  … and 2 more agents"


def test_a_sub_agent_of_a_sub_agent_stands_below_it() -> None:
    view = View(now=lambda: 0.0)
    feed(view, task("task_1", "general-purpose", "all of it"))
    feed(view, of("task_1", task("task_2", "explore", "a part")[:-1]))
    feed(view, of("task_2", use("call_1", "read_file", file_path="x.py")))
    outer, inner = rows(view)
    assert "Waiting for explore" in outer
    assert inner.startswith("  ● explore  a part · Working on x.py")
    assert feed(view, of("task_1", [came_to("task_2", "found")])) == []
    assert len(rows(view)) == 1


def test_what_goes_on_in_the_background_outlives_the_turn() -> None:
    view = View(now=lambda: 0.0)
    feed(view, task("task_1", "explore", "find it", run_in_background=True))
    [block] = feed(view, [came_to("task_1", "started")])
    assert isinstance(block, ToolBlock)
    feed(view, [*of("task_1", use("call_1", "read_file", file_path="x.py")), result()])
    [row] = rows(view)
    assert row.startswith("● explore  find it")
    [ended] = feed(view, [notified("task_1", "completed")])
    note = "1 call · 10 tokens · 0 s · in the background"
    assert ended == ToolBlock("explore", "find it", "ok", note=note)
    assert rows(view) == []
    assert isinstance(view.folded, FoldedAgents)
    # The model is told of it by a prompt that is nobody's; without the line it is told by its words.
    report = events.user_text('Background agent "explore: find it" completed.', "agent")
    assert feed(view, [report]) == []
    assert feed(view, [report]) == [NoticeBlock("quiet", report["message"]["content"][0]["text"])]


def test_an_agent_that_runs_in_the_background_by_its_own_file_is_named_by_its_start() -> None:
    view, whole = View(now=lambda: 0.0), WholeTranscript()
    started = {"task_id": "x", "tool_use_id": "task_1", "subagent_type": "explore"}
    told = [
        *use("task_1", "agent", subagent_type="explore", description="find it", prompt="find"),
        events.system("task_started", {**started, "description": "find it"}),
        came_to("task_1", "started"),
        result(),
        *of("task_1", say("looking")),
    ]
    for event in told:
        whole(event)
    feed(view, told)
    [row] = rows(view)
    assert row.startswith("● explore  find it · Answering")
    assert "● explore  find it\n  ✦ looking" in whole.agents
    whole(notified("task_1", "failed"))
    [ended] = feed(view, [notified("task_1", "failed")])
    assert isinstance(ended, ToolBlock)
    assert (ended.status, ended.note[:6]) == ("error", "failed")
    assert whole.text.count("● explore  find it") == 1


def notified(call_id: str, status: str) -> Event:
    return events.system(
        "task_notification", {"task_id": "x", "tool_use_id": call_id, "status": status}
    )


def test_what_a_sub_agent_is_told_names_it() -> None:
    view = View()
    feed(view, task("task_1", "explore", "find it"))
    told = of("task_1", [events.notice("careful", "warning")])
    [notice] = feed(view, told)
    assert isinstance(notice, NoticeBlock)
    assert notice.level == "warning"
    assert notice.text == "explore: careful"


def test_a_request_of_a_sub_agent_says_so_and_is_none_of_the_main_agents_calls() -> None:
    view = View()
    feed(view, [*use("call-r1", "edit", file_path="mine.py"), *task("task_1", "explore", "find")])
    before = dict(view.work.tools)
    feed(view, of("task_1", [edit_request("r1")]))
    asked = view.work.requests["r1"]
    assert asked.agent == "task_1"
    assert question_for(asked) == "explore asks: Apply this change?"
    assert view.work.tools == before
    assert not view.work.tools["call-r1"].diff
    denied = events.control_response("r1", allowed=False, resolved_by="host:zed", message="no")
    blocks = feed(view, of("task_1", [denied]))
    assert view.work.requests == {}
    assert not view.work.tools["call-r1"].denied
    [remote] = blocks
    assert isinstance(remote, RemoteBlock)
    assert remote.text.endswith("(explore)")


def test_a_request_of_the_main_agent_says_nothing_of_sub_agents() -> None:
    view = View()
    feed(view, [request("r1")])
    assert question_for(view.work.requests["r1"]) == "Run this command?"


def test_the_whole_conversation_has_each_lane_below_its_call_and_apart_from_the_rest() -> None:
    whole = WholeTranscript()
    asked = [edit_request("r1"), events.control_response("r1", allowed=True, resolved_by="policy")]
    told = [
        events.user_text("go", "keyboard"),
        *task("task_1", "explore", "find it"),
        *task("task_2", "plan", "plan it"),
        *interleaved(3, of("task_1", SUB), of("task_2", [*say("the plan"), *asked])),
    ]
    for event in told:
        whole(event)
    assert "● explore  find it\n  > look for it" in whole.text
    assert "● plan  plan it\n  ✦ the plan" in whole.agents
    whole(came_to("task_2", "planned"))
    whole(came_to("task_1", "found"))
    for event in [*say("mine"), result()]:
        whole(event)
    text = whole.text
    assert text.index("● plan") < text.index("planned") < text.index("● explore")
    assert text.index("the sub-agent's file") < text.index("said by the sub-agent")
    assert text.index("said by the sub-agent") < text.index("found") < text.index("✦ mine")
    assert "allowed (policy)" in text
    assert text.count("● ") == 2
    assert whole.agents.index("● plan") < whole.agents.index("● explore")


def test_a_lane_reads_the_same_whatever_others_say_in_between() -> None:
    alone, together = WholeTranscript(), WholeTranscript()
    for event in [*task("task_1", "explore", "find it"), *of("task_1", SUB)]:
        alone(event)
    others = [of("task_2", SUB), of("task_3", say("other"))]
    for event in task("task_1", "explore", "find it"):
        together(event)
    for event in interleaved(1, of("task_1", SUB), *others):
        together(event)
    assert alone.agents in together.agents


def test_of_a_lane_that_has_no_bound_the_end_is_held() -> None:
    whole = WholeTranscript()
    for event in task("task_1", "explore", "find it"):
        whole(event)
    for number in range(40):
        for event in of("task_1", [came_to(f"c{number}", f"{number} " * 20_000)]):
            whole(event)
    assert LANE_CHARS * 0.9 < len(whole.agents) < LANE_CHARS * 1.2
    assert "/export" in whole.agents


@pytest.mark.parametrize(
    ("actor", "remote"),
    [
        ("keyboard", False),
        ("cli", False),
        ("policy", False),
        ("interrupt", False),
        (None, False),
        ("input", True),
        ("host:zed", True),
        ("sdk", True),
    ],
)
def test_what_came_from_another_process_is_marked(actor: str | None, remote: bool) -> None:
    assert is_remote(actor) is remote


def test_no_block_is_made_of_what_only_a_sub_agent_says() -> None:
    view = View()
    thought = [
        events.block_start(0, {"type": "thinking", "thinking": "", "signature": ""}),
        events.thinking_delta(0, "hm"),
        events.block_stop(0),
    ]
    blocks: Sequence[object] = feed(view, of("task_1", [*SUB, *thought, *say("more")]))
    kinds = (AnswerBlock, ThoughtBlock, PersonBlock, ToolBlock)
    assert not [block for block in blocks if isinstance(block, kinds)]
    assert view.last_answer == ""
    assert view.context_tokens == 0
