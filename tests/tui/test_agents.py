"""Sub-agents on the screen: what they say and do is never drawn as the main agent's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.frontends.tui.blocks import (
    AnswerBlock,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    ThoughtBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.choices import question_for
from qwen_dual.frontends.tui.live_state import is_remote
from qwen_dual.frontends.tui.view import View
from qwen_dual.frontends.tui.whole import WholeTranscript
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
    assert together.work == alone.work
    assert together.folded == alone.folded


def test_deltas_of_a_sub_agent_are_no_part_of_the_open_block() -> None:
    view = View()
    feed(view, [*answer("mine "), *of("task_1", answer("theirs ")), events.text_delta(0, "too")])
    assert view.tail(100) == ("mine too", False)
    feed(view, of("task_1", [events.block_stop(0), events.message_stop()]))
    assert view.tail(100) == ("mine too", False)


def test_what_sub_agents_do_stands_below_their_calls_while_they_run() -> None:
    view = View()
    feed(view, [*use("task_1", "task", prompt="a"), *use("task_2", "task", prompt="b")])
    feed(view, of("task_1", use("call_1", "read_file", file_path="x.py")))
    feed(view, of("task_2", use("call_1", "run_shell_command", command="make\x1b[2J")))
    feed(view, of("task_1", [came_to("call_1", "text")]))
    feed(view, of("task_2", [came_to("call_1", "no", is_error=True)]))
    [first, second] = view.work.tools.values()
    [one], [other] = first.output, second.output
    assert one.endswith("x.py ✓")
    assert "make" in other
    assert other.endswith("✗")
    assert "\x1b" not in other
    blocks = feed(view, [came_to("task_1", "found it"), came_to("task_2", "made")])
    assert [block.lines for block in blocks if isinstance(block, ToolBlock)] == [
        ("found it",),
        ("made",),
    ]
    assert view.work.tools == {}


def test_a_thousand_calls_of_a_sub_agent_are_twelve_rows() -> None:
    view = View()
    feed(view, use("task_1", "task", prompt="a"))
    for number in range(1000):
        feed(view, of("task_1", use(f"call_{number}", "read_file", file_path=f"{number}.py")))
    [task] = view.work.tools.values()
    assert len(task.output) == 12
    assert task.output[-1].endswith("999.py")


def test_what_a_sub_agent_is_told_names_it() -> None:
    view = View()
    feed(view, use("task_1", "task", prompt="a"))
    told = of("task_1", [events.notice("careful", "warning")])
    [notice] = feed(view, told)
    assert isinstance(notice, NoticeBlock)
    assert notice.level == "warning"
    assert "sub-agent" in notice.text
    assert notice.text.endswith("careful")


def test_a_request_of_a_sub_agent_says_so_and_is_none_of_the_main_agents_calls() -> None:
    view = View()
    feed(view, use("call-r1", "edit", file_path="mine.py"))
    before = dict(view.work.tools)
    feed(view, of("task_1", [edit_request("r1")]))
    asked = view.work.requests["r1"]
    assert asked.agent == "task_1"
    assert question_for(asked) == "Apply this change? (sub-agent)"
    assert view.work.tools == before
    assert not view.work.tools["call-r1"].diff
    denied = events.control_response("r1", allowed=False, resolved_by="host:zed", message="no")
    blocks = feed(view, of("task_1", [denied]))
    assert view.work.requests == {}
    assert not view.work.tools["call-r1"].denied
    [remote] = blocks
    assert isinstance(remote, RemoteBlock)
    assert remote.text.endswith("(sub-agent)")


def test_a_request_of_the_main_agent_says_nothing_of_sub_agents() -> None:
    view = View()
    feed(view, [request("r1")])
    assert question_for(view.work.requests["r1"]) == "Run this command?"


def test_the_whole_conversation_holds_what_the_main_agent_said_alone() -> None:
    main = [events.user_text("go", "keyboard"), *say("mine"), result()]
    alone, together = WholeTranscript(), WholeTranscript()
    for event in main:
        alone(event)
    for event in interleaved(1, main, of("task_1", SUB)):
        together(event)
    assert together.text == alone.text


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
