"""Events in, finished blocks and live state out."""

from __future__ import annotations

import time

import pytest

from qwen_dual.core.tools.tool import Display
from qwen_dual.frontends.tui.state.blocks import (
    AnswerBlock,
    ExpandedBlock,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    SessionBlock,
    ThoughtBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.live_state import Request, RunningTool
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.protocol import events
from tests.support.images import image
from tests.tui.support import (
    Clock,
    answer,
    call,
    edit_request,
    feed,
    request,
    result,
    state,
    waiting,
)


def test_a_prompt_from_a_channel_is_marked_and_one_from_the_keyboard_is_not() -> None:
    view = View()
    blocks = feed(view, [events.user_text("a", "keyboard"), events.user_text("b", "input")])
    assert blocks == [PersonBlock("a"), PersonBlock("b", remote="remote")]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("run rm -rf x\rsay hello", "run rm -rf x⟨CR⟩say hello"),
        ("\x1b[8mhidden\x1b[0m \x9b8m\u202eabc", "⟨ESC⟩[8mhidden⟨ESC⟩[0m ⟨U+009B⟩8m⟨U+202E⟩abc"),
        ("lines\r\nof Windows\tand é, 漢, 👩\u200d💻", "lines\nof Windows\tand é, 漢, 👩\u200d💻"),
    ],
)
def test_nothing_of_a_prompt_is_hidden(said: str, shown: str) -> None:
    view = View()
    assert feed(view, [events.user_text(said, "host:zed")]) == [PersonBlock(shown, "zed")]
    feed(view, waiting("responding", (said, "host:zed")))
    assert [one.text for one in view.work.queue] == [shown]


def test_what_a_host_did_has_its_name() -> None:
    view = View()
    said = [events.user_text("a", "host:zed"), events.slash_command("/stats", "host:phone")]
    assert feed(view, said) == [PersonBlock("a", "zed"), PersonBlock("/stats", "phone")]
    feed(view, waiting("responding", ("later", "host:zed")))
    assert view.work.queue[0].remote == "zed"
    asked = request("r", "ls")
    resolved = events.control_response("r", allowed=True, resolved_by="host:zed")
    assert feed(view, [asked, resolved]) == [RemoteBlock("allowed Run shell command  ls", "zed")]


def test_finished_markdown_leaves_the_tail_at_once_and_the_rest_stays() -> None:
    view = View()
    assert feed(view, answer("one\n", "\ntw")) == [AnswerBlock("one", first=True)]
    assert view.tail(100) == ("tw", False)
    assert feed(view, [events.block_stop(0)]) == [AnswerBlock("tw")]
    assert view.tail(100) == ("", False)


def test_every_message_begins_with_the_symbol() -> None:
    view = View()
    blocks = feed(view, [*answer("a"), events.block_stop(0), *answer("b"), events.block_stop(0)])
    assert [block.first for block in blocks if isinstance(block, AnswerBlock)] == [True, True]


def test_changed_is_told_once_until_somebody_takes() -> None:
    told: list[int] = []
    view = View(changed=lambda: told.append(1))
    feed(view, [])
    for event in answer("a", "b", "c"):
        view(event)
    assert len(told) == 1
    view.take()
    view(events.text_delta(0, "d"))
    assert len(told) == 2


def test_escape_sequences_of_a_model_are_taken_out_wherever_they_are_cut() -> None:
    view = View()
    blocks = feed(view, [*answer("a\x1b]52;c;", "aGk=\x07b\x1b", "[31mc"), events.block_stop(0)])
    assert blocks == [AnswerBlock("abc", first=True)]


def test_a_thought_is_dimmed_in_the_tail_and_folded_when_it_is_over() -> None:
    view = View()
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    text = "1\n2\n3\n4\n5"
    feed(view, [events.block_start(0, thinking), events.thinking_delta(0, text)])
    assert view.tail(100) == (text, True)
    assert feed(view, [events.block_stop(0)]) == [ThoughtBlock(("1", "2", "3"), hidden=2)]
    assert isinstance(view.folded, ExpandedBlock)
    assert view.folded.text == text


def test_a_call_is_live_from_its_first_block_until_its_result() -> None:
    now = Clock()
    view = View(now=now)
    assert feed(view, call(command="ls -la")) == []
    tool = view.work.tools["c"]
    assert (tool.name, tool.title, tool.started) == ("run_shell_command", "ls -la", None)
    feed(view, [events.tool_progress("c", "run_shell_command", "started", "ls -la")])
    feed(view, [events.tool_progress("c", "run_shell_command", "output", "a\nb\n")])
    assert tool.started == now.time
    assert tool.output == ("a", "b")
    now.time += 3
    blocks = feed(view, [events.tool_result("c", "a\nb\n", is_error=False)])
    assert blocks == [ToolBlock("Run shell command", "ls -la", "ok", ("a", "b"), note="3 s")]
    assert view.work.tools == {}


def test_long_output_is_folded_and_can_be_had_whole() -> None:
    view = View()
    text = "\n".join(str(number) for number in range(100))
    feed(view, call(command="seq"))
    (block,) = feed(view, [events.tool_result("c", text, is_error=False)])
    assert isinstance(block, ToolBlock)
    assert block.lines[-1] == "99"
    assert block.hidden == 100 - len(block.lines)
    assert isinstance(view.folded, ExpandedBlock)
    assert view.folded.text == text


def test_what_a_reading_tool_gave_is_counted_not_shown() -> None:
    view = View(display_of=lambda name: Display("Read", "Reading", ("line", "lines")))
    feed(view, call("read_file", file_path="a.py"))
    (block,) = feed(view, [events.tool_result("c", "1\n2\n3", is_error=False)])
    assert block == ToolBlock("Read", "a.py", "ok", (), 3, note="3 lines")


def test_an_edit_shows_the_diff_that_was_approved() -> None:
    view = View()
    feed(view, call("edit", "call-e1", file_path="x"))
    feed(view, [edit_request(), events.control_response("e1", allowed=True, resolved_by="policy")])
    (block,) = feed(view, [events.tool_result("call-e1", "done", is_error=False)])
    assert isinstance(block, ToolBlock)
    assert block.diff
    assert block.lines[-1] == "+new"


def test_an_edit_that_nobody_was_asked_about_shows_its_diff() -> None:
    view = View()
    preview = {"kind": "diff", "title": "x", "text": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\x1b[2J"}
    blocks = feed(
        view,
        [
            *call("edit", call_id="c", file_path="x"),
            events.tool_progress("c", "edit", "started", "x", preview),
            events.tool_result("c", "Edited x.", is_error=False),
        ],
    )
    lines = ("--- a/x", "+++ b/x", "@@ -1 +1 @@", "-a", "+b\x1b[2J")
    assert blocks == [
        ToolBlock("Edit", "x", "ok", lines, diff=True, note="+1 −1")
    ]  # exact, as it came


def test_a_denied_call_says_so_and_an_answer_from_a_channel_says_who() -> None:
    view = View()
    feed(view, [*call(call_id="call-r1", command="ls"), request(command="ls")])
    assert list(view.work.requests) == ["r1"]
    blocks = feed(
        view,
        [
            events.control_response("r1", allowed=False, resolved_by="input"),
            events.tool_result("call-r1", "denied", is_error=True),
        ],
    )
    assert view.work.requests == {}
    assert blocks == [
        RemoteBlock("did not allow Run shell command  ls"),
        ToolBlock("Run shell command", "ls", "denied", note="not allowed"),
    ]


@pytest.mark.parametrize(
    ("kind", "note"), [("questions", "not answered"), ("plan", "not accepted")]
)
def test_what_was_no_call_for_leave_is_not_said_to_be_forbidden(kind: str, note: str) -> None:
    request = Request("r1", "c", "x", Display("Question"), kind, "", "")
    call = RunningTool("c", "x", Display("Question"))
    call.deny(request, "")
    assert call.denied == note


def test_a_denied_call_shows_the_reason() -> None:
    view = View()
    blocks = feed(
        view,
        [
            *call(call_id="call-r1", command="rm x"),
            request(command="rm x"),
            events.control_response(
                "r1", allowed=False, resolved_by="keyboard", message="use\x1b[2J trash\n"
            ),
            events.tool_result("call-r1", "denied", is_error=True),
        ],
    )
    assert blocks == [
        ToolBlock("Run shell command", "rm x", "denied", ("use⟨ESC⟩[2J trash",), note="not allowed")
    ]


def test_an_answer_at_the_keyboard_leaves_no_remark() -> None:
    view = View()
    resolved = events.control_response("r1", allowed=True, resolved_by="keyboard")
    assert feed(view, [request(), resolved]) == []


def test_a_late_answer_to_an_unknown_request_changes_nothing() -> None:
    view = View()
    assert feed(view, [request("r2"), events.control_error("r1")]) == []
    assert list(view.work.requests) == ["r2"]


def test_the_state_word_the_queue_and_the_seconds_follow_the_state_event() -> None:
    now = Clock()
    view = View(now=now)
    feed(view, [state("thinking")])
    now.time += 5
    feed(view, waiting("responding", ("later", "input"), ("mine", "keyboard")))
    work = view.work
    assert (work.state, work.since, work.queued) == ("responding", 100.0, 2)
    assert [(item.text, item.remote) for item in work.queue] == [("later", "remote"), ("mine", "")]
    feed(view, [state("idle", turn=None)])
    assert work.since is None


def test_an_interrupt_finishes_what_was_open_and_says_so() -> None:
    view = View()
    feed(view, [*call(command="sleep 9")])
    blocks = feed(view, [*answer("half a "), result("interrupted")])
    assert blocks == [AnswerBlock("half a ", first=True), NoticeBlock("quiet", "interrupted")]
    assert view.work.tools == {}


def test_changes_through_a_channel_are_told_and_those_at_the_keyboard_are_not() -> None:
    view = View()
    remote = {"from": "default", "to": "yolo", "origin": "input"}
    own = {**remote, "origin": "keyboard"}
    blocks = feed(view, [events.system("mode_changed", data) for data in (own, remote)])
    assert blocks == [RemoteBlock("set the approval mode to yolo")]


def test_notices_keep_their_level_and_lose_what_could_harm() -> None:
    (block,) = feed(View(), [events.notice("bad\x1b[2J", "error")])
    assert block == NoticeBlock("error", "bad")


def test_a_new_session_is_a_block_and_nothing_of_the_old_one_can_be_expanded() -> None:
    view = View()
    feed(view, [*call(command="x"), events.tool_result("c", "\n" * 50 + "x", is_error=False)])
    data = {"from": "a", "to": "b", "origin": "keyboard"}
    assert feed(view, [events.system("session_changed", data)]) == [SessionBlock()]
    assert view.folded is None


def test_the_tokens_of_the_last_message_are_known() -> None:
    view = View()
    feed(view, call(command="x"))
    assert view.context_tokens == 100


def test_events_it_does_not_know_are_ignored() -> None:
    view = View()
    unknown = [{"type": "novelty"}, events.system("novelty", {}), events.system("gap", {})]
    assert feed(view, unknown) == []


def test_the_cost_of_a_delta_does_not_grow_with_the_answer() -> None:
    view = View()
    feed(view, answer())
    delta = events.text_delta(0, "word ")

    def seconds(count: int) -> float:
        before = time.process_time()
        for _ in range(count):
            view(delta)
        view.take()
        return time.process_time() - before

    seconds(5_000)
    first = seconds(20_000)
    for _ in range(5):
        seconds(20_000)
    # Ten times is far below what a cost that grew would come to, and far above noise.
    assert seconds(20_000) < 10 * first + 0.05


def test_an_image_is_shown_as_one_line() -> None:
    view = View(display_of=lambda name: Display("Read", "Reading", ("line", "lines")))
    feed(view, call("read_file", file_path="a.png"))
    (block,) = feed(view, [events.tool_result("c", [image()], is_error=False)])
    assert block == ToolBlock("Read", "a.png", "ok", ("[image: PNG, 800×600, 57 bytes]",))
