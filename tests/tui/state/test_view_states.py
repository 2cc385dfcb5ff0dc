"""What the view makes of retries, failures, lists, long prompts, and an earlier conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.frontends.tui.region.live import live_part, tokens_written
from qwen_dual.frontends.tui.state.blocks import (
    MAX_EXPANDED,
    AnswerBlock,
    ExpandedBlock,
    NoticeBlock,
    PersonBlock,
    PictureBlock,
    RemoteBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.replay import MAX_BLOCKS, replay
from qwen_dual.frontends.tui.state.todo import Todo, TodoBlock, todo_lines
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.frontends.tui.text.lines import width_of
from qwen_dual.protocol import events
from tests.support.declared import display_of
from tests.tui.support import (
    Clock,
    Desk,
    answer,
    call,
    feed,
    request,
    result,
    state,
    text_of,
    waiting,
)

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event


# -- retries, failures, lists, long prompts ----------------------------------------------------


def retry(attempt: int = 2, delay_ms: int = 7000) -> Event:
    data = {"attempt": attempt, "attempts": 7, "delay_ms": delay_ms, "message": "rate\x1b[2J limit"}
    return events.system("model_retry", data)


def test_a_retry_is_waited_for_until_the_model_answers() -> None:
    now = Clock()
    view = View(now=now)
    feed(view, [state("thinking"), retry()])
    assert text_of(live_part(view, 80, 10, now.time + 2).lines) == [
        "  retrying in 5 s (2 of 7): rate limit · esc stops"
    ]
    narrow = text_of(live_part(view, 30, 10, now.time + 60).lines)
    assert " ".join(" ".join(narrow).split()) == "retrying in 0 s (2 of 7): rate limit · esc stops"
    feed(view, answer("at last"))
    assert view.work.retry is None
    feed(view, [retry(), state("idle", turn=None)])
    assert view.work.retry is None


def test_a_retry_of_a_summary_is_over_when_the_turn_goes_on_and_may_have_no_bound() -> None:
    now = Clock()
    view = View(now=now)
    endless = retry(12, 300_000)
    endless["data"]["attempts"] = None
    feed(view, [state("compacting"), endless, state("compacting")])
    assert text_of(live_part(view, 80, 10, now.time).lines) == [
        "  retrying in 300 s (12): rate limit · esc stops"
    ]
    feed(view, [state("thinking")])
    assert view.work.retry is None


def failed(message: str = "overloaded", status: int | None = 529) -> Event:
    error = {"kind": "overloaded", "message": message, "status": status}
    return {**result("error"), "error": error}


def test_a_failed_call_is_an_error_that_says_how_to_retry() -> None:
    view = View()
    told = [*answer("[API Error: 529 overloaded"), events.text_delta(0, "\n\nthe *service*]")]
    assert feed(view, [*told, events.block_stop(0), events.message_stop()]) == []
    assert feed(view, [failed()]) == [NoticeBlock("error", "529 overloaded\nctrl+y retries")]


def test_what_the_model_said_before_it_failed_stays() -> None:
    view = View()
    blocks = feed(view, [*answer("Half of it"), events.block_stop(0)])
    error = {"type": "text", "text": ""}
    blocks += feed(view, [events.block_start(1, error), events.text_delta(1, "\n\n[API Error: x]")])
    blocks += feed(view, [events.block_stop(1), failed("x", None)])
    assert blocks == [
        AnswerBlock("Half of it", first=True),
        NoticeBlock("error", "x\nctrl+y retries"),
    ]


def test_an_answer_that_only_looks_like_a_failure_is_shown() -> None:
    view = View()
    shown = feed(view, [*answer("[API Error: is how it shows"), events.block_stop(0), result()])
    assert shown == [AnswerBlock("[API Error: is how it shows", first=True)]


TODOS = [
    {"id": "1", "content": "read\x07", "status": "completed"},
    {"id": "2", "content": "change", "status": "in_progress"},
    {"id": "3", "content": "test", "status": "odd"},
    {"id": "4", "status": "pending"},
    "no item",
]


def test_a_list_of_things_to_do_is_committed_when_it_changes_and_live_while_the_turn_runs() -> None:
    view = View(now=Clock(), display_of=display_of)
    feed(view, [state("running_tool"), *call("todo_write", todos=TODOS)])
    blocks = feed(view, [events.tool_result("c", "noted", is_error=False)])
    items = (Todo("read", "completed"), Todo("change", "in_progress"), Todo("test", "pending"))
    assert blocks == [TodoBlock(items)]
    assert "  ◐ change" not in text_of(live_part(view, 60, 20, 100.0).lines), "it stands just above"
    feed(view, [events.notice("something else")])
    assert "  ◐ change" in text_of(live_part(view, 60, 20, 100.0).lines)
    feed(view, [state("idle", turn=None)])
    assert text_of(live_part(view, 60, 20, 100.0).lines) == []


def test_a_list_that_was_refused_is_a_failed_call() -> None:
    view = View(display_of=display_of)
    feed(view, call("todo_write", todos=TODOS))
    (block,) = feed(view, [events.tool_result("c", "no", is_error=True)])
    assert isinstance(block, ToolBlock)


def test_a_long_list_shows_the_current_item_and_counts() -> None:
    items = tuple(Todo(f"item {n}", "completed" if n < 30 else "pending") for n in range(60))
    lines = text_of(todo_lines(items, 30, 6))
    assert len(lines) == 6
    assert "☐ item 30" in lines
    assert lines[-1] == "… 30 of 60 done"
    assert all(width_of(line) <= 30 for line in lines)


def test_tokens_are_estimated_while_they_come_and_exact_when_they_are_told() -> None:
    view = View(now=Clock())
    feed(view, [state("responding"), *answer("x" * 6000)])
    assert tokens_written(view.work) == "↓1.5k tokens"
    feed(view, call(command="x"))
    assert tokens_written(view.work) == "↓10 tokens"
    feed(view, [state("idle", turn=None), state("thinking")])
    assert tokens_written(view.work) == ""


def test_what_a_command_has_the_model_asked_is_folded_and_a_prompt_behind_it_is_not() -> None:
    view = View()
    long = "\n".join(f"line {number}" for number in range(30))
    command = events.slash_command("/review", "keyboard")
    blocks = feed(view, [command, events.user_text(long, "keyboard"), result()])
    asked = [block.text for block in blocks if isinstance(block, PersonBlock)]
    assert asked[0] == "/review"
    assert asked[1].startswith("line 0\nline 1\nline 2\n… ")
    assert isinstance(view.folded, ExpandedBlock)
    assert view.folded.text == long
    [typed] = feed(view, [events.user_text(long, "keyboard")])
    assert isinstance(typed, PersonBlock)
    assert typed.text == long


def test_a_huge_prompt_is_cut_in_the_transcript_and_bounded_when_it_is_expanded() -> None:
    view = View()
    text = "\n".join(f"line {number}" for number in range(1_000_000))
    (block,) = feed(view, [events.user_text(text, "keyboard")])
    assert isinstance(block, PersonBlock)
    assert len(block.text) < 5_000
    assert "more characters (ctrl+o shows all)" in block.text
    assert isinstance(view.folded, ExpandedBlock)
    assert view.folded.text.startswith("line 0\nline 1\n")
    assert len(view.folded.text) < MAX_EXPANDED + 100


def test_a_pasted_text_shows_as_its_placeholder_with_the_question_behind_it() -> None:
    desk = Desk()
    pasted = "a line\n" * 5000
    desk.controller.editor.paste(pasted)
    desk.type(" what is this?")
    desk.controller.enter()
    (text,) = desk.session.submitted
    assert text == f"{pasted} what is this?"
    (block,) = feed(desk.view, [events.user_text(text, "keyboard")])
    assert block == PersonBlock("[Pasted text #1 +5000 lines] what is this?")
    assert isinstance(desk.view.folded, ExpandedBlock)
    assert desk.view.folded.text == text


def test_a_placeholder_brings_no_control_characters_that_stand_beside_it() -> None:
    desk = Desk()
    desk.controller.editor.put("\x1b[2J\x9b\u202eas an editor wrote it ")
    desk.controller.editor.paste("a line\n" * 5000)
    desk.controller.enter()
    (text,) = desk.session.submitted
    (block,) = feed(desk.view, [events.user_text(text, "keyboard")])
    assert block == PersonBlock(
        "⟨ESC⟩[2J⟨U+009B⟩⟨U+202E⟩as an editor wrote it [Pasted text #1 +5000 lines]"
    )


def test_a_long_prompt_from_elsewhere_shows_its_end_too() -> None:
    view = View()
    text = "a line\n" * 5000 + "what is this?"
    (block,) = feed(view, [events.user_text(text, "input")])
    assert isinstance(block, PersonBlock)
    assert block.text.endswith("a line\nwhat is this?")
    assert block.text.count("\n") < 45


def test_the_last_answer_is_the_last_message_with_text() -> None:
    view = View()
    usage = {"input_tokens": 1, "output_tokens": 1}
    for text in ("first", "second\x1b[2J **bold**"):
        message = [{"type": "text", "text": text}]
        said = events.assistant("m", "fake", message, stop_reason=None, usage=usage)
        feed(view, [events.message_start("m", "fake"), said, events.message_stop()])
    feed(view, call(command="x"))
    assert view.last_answer == "second **bold**"


def test_work_without_a_turn_shows_its_seconds_too() -> None:
    now = Clock()
    view = View(now=now)
    feed(view, [state("compacting", turn=None)])
    assert text_of(live_part(view, 60, 5, now.time + 4).lines) == ["⠋ Compacting · 4 s · esc stops"]


def test_for_a_screen_reader_nothing_counts_or_grows() -> None:
    view = View(now=Clock())
    feed(view, [*waiting("responding", ("next", "keyboard")), *answer("tail")])
    lines = [text_of(live_part(view, 60, 20, 100.0 + later, still=True).lines) for later in (0, 9)]
    assert lines[0] == lines[1] == ["  Answering · esc stops", "  queued: next · up edits"]


# -- an earlier conversation -------------------------------------------------------------------


def test_an_earlier_conversation_is_shown_like_a_live_one() -> None:
    live, later = View(), View()
    usage = {"input_tokens": 400, "output_tokens": 100}
    thinking = {"type": "thinking", "thinking": "hm", "signature": ""}
    text = {"type": "text", "text": "Hello **you**\n\nthere"}
    said = [
        events.assistant("m", "fake", [thinking], stop_reason=None, usage=usage),
        events.assistant("n", "fake", [text], stop_reason=None, usage=usage),
    ]
    recorded = [events.user_text("hi", "keyboard"), *said, *call(command="ls")[-2:-1]]
    recorded += [events.tool_result("c", "a\nb", is_error=False)]
    replay(later, recorded)
    streamed = [events.user_text("hi", "keyboard"), events.message_start("m", "fake")]
    streamed += [events.block_start(0, {**thinking, "thinking": ""})]
    streamed += [events.thinking_delta(0, "hm"), events.block_stop(0), said[0]]
    streamed += answer("Hello **you**\n\nthere")
    streamed += [events.block_stop(0), said[1], events.message_stop(), *call(command="ls")]
    streamed += [events.tool_result("c", "a\nb", is_error=False)]
    assert later.take() == feed(live, streamed)
    assert later.last_answer == live.last_answer == "Hello **you**\n\nthere"
    assert later.context_tokens == live.context_tokens


def test_only_the_end_of_a_long_conversation_is_replayed_and_nothing_stays_open() -> None:
    view = View()
    recorded = [events.user_text(f"prompt {number}", "keyboard") for number in range(1000)]
    replay(view, [*recorded, *call(command="never finished"), request()])
    blocks = view.take()
    assert len(blocks) == MAX_BLOCKS
    assert blocks[-1] == PersonBlock("prompt 999")
    assert view.work.tools == {}
    assert view.work.requests == {}


def test_the_latest_pictures_of_a_long_conversation_stand_where_they_stood() -> None:
    view = View()
    recorded = [events.user_text(f"prompt {number}", "keyboard") for number in range(12)]

    def pictures(event: Event) -> list[PictureBlock]:
        number = event["message"]["content"][0]["text"].removeprefix("prompt ")
        return [PictureBlock(number, "sixel", (8, 16))] * (number != "3")

    replay(view, recorded, pictures)
    drawn = [getattr(block, "data", "prompt") for block in view.take()]
    latest = [each for number in range(4, 12) for each in ("prompt", str(number))]
    assert drawn == ["prompt"] * 4 + latest


def rewound(origin: str, **more: Any) -> Event:
    data = {
        "to": "u",
        "conversation": True,
        "files": True,
        "undo": False,
        "text": "fix it\nplease",
        "prompts": 2,
        "changed": 3,
        "added": 4,
        "removed": 0,
        "changes": [],
        "left": [],
        "context_tokens": 77,
        "origin": origin,
    }
    return events.system("rewound", data | more)


def test_a_mark_says_where_a_host_went_back_and_what_was_told_before_is_forgotten() -> None:
    view = View()
    said = [{"type": "text", "text": "the old answer"}]
    usage = {"input_tokens": 500, "output_tokens": 7}
    feed(view, [events.assistant("m", "fake", said, stop_reason=None, usage=usage), result()])
    assert view.last_answer == "the old answer"
    [mark] = feed(view, [rewound("input")])
    assert isinstance(mark, RemoteBlock)
    assert mark.text == (
        "Went back to before “fix it”: 2 prompts taken back, 3 files (+4 −0) changed."
    )
    assert (view.last_answer, view.context_tokens, view.folded) == ("", 77, None)


def test_what_the_command_answers_is_not_said_twice() -> None:
    view = View()
    blocks = feed(view, [events.slash_command("/rewind 1", "keyboard"), rewound("keyboard")])
    assert [type(block).__name__ for block in blocks] == ["PersonBlock"]
    [mark] = feed(view, [rewound("keyboard", undo=True)])  # as a chat that is resumed shows it
    assert isinstance(mark, NoticeBlock)
