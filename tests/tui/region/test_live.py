"""The live region, the footer, the shortcuts, and how they share a window."""

from __future__ import annotations

import re

import pytest

from qwen_dual.core.tools.tool import Display
from qwen_dual.frontends.tui.region.footer import Facts, footer_line, footer_lines, short_folder
from qwen_dual.frontends.tui.region.frame import compose
from qwen_dual.frontends.tui.region.help import SHORTCUTS, help_lines
from qwen_dual.frontends.tui.region.live import live_part
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import width_of
from qwen_dual.protocol import events
from tests.tui.support import (
    Clock,
    Desk,
    answer,
    call,
    edit_request,
    feed,
    request,
    state,
    text_of,
    waiting,
)

FACTS = Facts("~/project", "main", "coder", "default", 15_360, 128_000, 2)


def live(view: View, width: int = 60, height: int = 20, now: float = 103.0) -> list[str]:
    return text_of(live_part(view, width, height, now).lines)


def test_an_idle_session_shows_nothing() -> None:
    assert live(View()) == []


def test_only_the_last_lines_of_an_open_block_are_shown() -> None:
    view = View(now=Clock())
    code = "\n".join(f"line {number}" for number in range(80))
    feed(view, [state("responding"), *answer(f"```\n{code}")])
    lines = live(view, height=6)
    assert lines == [
        "✦ line 76",
        "  line 77",
        "  line 78",
        "  line 79",
        "",
        "⠋ Answering · 3 s · ↓158 tokens · esc stops",
    ]


def test_a_running_call_shows_its_argument_its_seconds_and_its_last_output() -> None:
    shell = Display("Shell", "Running", can_detach=True)
    view = View(now=Clock(), display_of=lambda name: shell)
    feed(view, [state("running_tool"), *call(command="make test")])
    feed(view, [events.tool_progress("c", "run_shell_command", "started", "make test")])
    output = "\n".join(f"test {number}" for number in range(30))
    feed(view, [events.tool_progress("c", "run_shell_command", "output", output)])
    assert live(view, width=80) == [
        "● Shell  make test  3 s",
        *(f"  test {number}" for number in range(25, 30)),
        "",
        "⠋ Running make · 3 s · ↓10 tokens · esc stops · ctrl+b background",
    ]


@pytest.mark.parametrize("count", range(1, 8))
def test_of_a_little_output_all_is_shown(count: int) -> None:
    view = View(now=Clock())
    feed(view, [state("running_tool"), *call("c", "run_shell_command", command="pytest -q")])
    output = [f"test {number}" for number in range(count)]
    feed(view, [events.tool_progress("c", "run_shell_command", "output", "\n".join(output))])
    rows = [row.strip() for row in text_of(live_part(view, 60, 10, 105.0).lines)]
    assert [row for row in rows if row in output] == output[-5:]


def test_what_a_hook_holds_up_is_said_to_wait_for_it() -> None:
    view = View(now=Clock())
    hook = {"hook_id": "h", "hook_name": "guard", "hook_event": "PreToolUse"}
    feed(view, [state("running_tool"), events.system("hook_started", hook)])
    assert live(view) == ["⠋ Hook guard · 3 s · esc stops"]
    feed(view, [events.system("hook_response", hook)])
    assert live(view) == ["⠋ Working · 3 s · esc stops"]
    told = {**hook, "status_message": "Looking for\x1b[2J secrets"}
    feed(view, [events.system("hook_started", told)])
    assert live(view) == ["⠋ Looking for⟨ESC⟩[2J secrets · 3 s · esc stops"]
    feed(view, call(command="make test"))
    feed(view, [events.tool_progress("c", "run_shell_command", "started", "make test")])
    assert live(view)[-1].startswith("⠋ Working on make test")


def test_queued_prompts_are_listed_and_those_from_outside_marked() -> None:
    view = View(now=Clock())
    feed(view, waiting("thinking", ("mine", "keyboard"), ("theirs", "input")))
    assert live(view)[1:] == [
        "  queued: mine · up edits",
        "  queued: theirs  ⇄ remote",
    ]


def test_the_hint_stands_where_the_prompt_is_that_up_takes() -> None:
    view = View(now=Clock())
    feed(view, waiting("thinking", *((f"p{number}", "keyboard") for number in range(5))))
    assert live(view)[1:] == [
        "  queued: p0",
        "  queued: p1",
        "  queued: p2",
        "  … and 2 more · up edits",
    ]


def test_what_steers_is_told_from_what_waits_for_its_turn() -> None:
    view = View(now=Clock())
    feed(view, waiting("thinking", ("now", "keyboard"), ("later", "keyboard"), steers=1))
    assert text_of(live_part(view, 40, 10, 100.0).lines)[1:] == [
        "  steering: now",
        "  queued: later · up edits",
    ]


def test_a_call_that_asks_for_leave_is_shown_by_the_dialog_alone() -> None:
    view = View(now=Clock())
    feed(view, [state("awaiting_approval"), *call(call_id="call-r1", command="ls"), request()])
    assert live(view) == ["◆ Waiting for you · 3 s"]


@pytest.mark.parametrize("mode", ["plan", "default", "auto-edit", "yolo"])
def test_the_footer_leaves_out_what_matters_least(mode: str) -> None:
    facts = Facts("~/project", "main", "coder", mode, 15_360, 128_000, 2)

    def shown(width: int) -> str:
        return text_of([footer_line(facts, width)])[0]

    whole = "~/project ⎇ main · coder · {} (shift + tab to cycle) · 15k of 128k · ⇄ 2"
    assert shown(120) == f"  {whole.format(mode)} · ? keys"
    for width in range(120):
        line = shown(width)
        assert width_of(line) <= width
        if width >= 2 + len(mode):
            assert mode in line
    assert shown(30).endswith("⇄ 2")


def test_a_tip_outlives_what_can_be_seen_elsewhere() -> None:
    facts = Facts("~/project", "main", "coder", "default", 15_360, 128_000, 2, tip="ctrl+y retries")
    assert "ctrl+y retries" in text_of([footer_line(facts, 50)])[0]
    assert "ctrl+y retries" not in text_of([footer_line(facts, 20)])[0]


def test_the_footer_names_hosts_where_there_is_room() -> None:
    facts = Facts("~/p", "main", "coder", "default", 15_360, 128_000, 3, hosts=["file", "zed"])
    assert "⇄ file, zed ·" in text_of([footer_line(facts, 120)])[0]
    assert "⇄ 3" in text_of([footer_line(facts, 34)])[0]
    many = Facts("~/p", "", "coder", "default", hosts=["a", "b", "c", "d", "e"])
    assert "⇄ a, b, c +2" in text_of([footer_line(many, 120)])[0]


def test_the_footer_counts_what_runs_in_the_background_and_warns_of_yolo() -> None:
    facts = Facts("~/p", "main*", "coder", "yolo", 15_360, 128_000, 2, tasks=2)
    line = footer_line(facts, 120)
    whole = (
        "  ~/p ⎇ main* · coder · yolo (shift + tab to cycle) · 15k of 128k · ⇄ 2 · 2 tasks · ? keys"
    )
    assert text_of([line]) == [whole]
    assert (theme.ERROR, "yolo") in line
    one = Facts("~/p", None, "coder", "default", tasks=1)
    assert " · 1 task · " in text_of([footer_line(one, 80)])[0]


def test_the_footer_names_the_mode_of_vi_and_no_key_that_is_a_command_of_it() -> None:
    facts = Facts("~/p", "main", "coder", "default", channels=2, vi="NORMAL")
    assert text_of([footer_line(facts, 80)])[0].startswith("  NORMAL · ~/p ⎇ main · coder")
    assert text_of([footer_line(facts, 120)])[0].endswith("⇄ 2 · i insert")
    assert text_of([footer_line(facts, 20)]) == ["  NORMAL · default"]


def test_a_hint_takes_the_footers_place() -> None:
    facts = Facts("~/p", None, "m", "default", hint="Press Ctrl+C again to exit.")
    assert text_of(footer_lines(facts, 80)) == ["  Press Ctrl+C again to exit."]
    assert text_of(footer_lines(facts, 20, 3)) == ["  Press Ctrl+C again", "  to exit."]
    assert [width_of(row) for row in text_of(footer_lines(facts, 20, 1))] == [20]


def test_the_home_folder_is_a_tilde() -> None:
    assert short_folder("/home/me/x", "/home/me") == "~/x"
    assert short_folder("/home/me", "/home/me") == "~"
    assert short_folder("/home/mean", "/home/me") == "/home/mean"


@pytest.mark.parametrize("width", [1, 20, 30, 60, 80, 200])
def test_the_shortcuts_fit_every_width(width: int) -> None:
    lines = text_of(help_lines(width, 50))
    assert all(width_of(line) <= width for line in lines)
    if width >= 30:
        assert "ctrl+r" in "\n".join(lines)


def test_one_column_says_what_each_key_does_at_30() -> None:
    text = "\n".join(text_of(help_lines(30, 50)))
    assert "…" not in text
    for _, what in SHORTCUTS:
        assert what in text


def test_where_enter_queues_the_list_of_keys_says_so() -> None:
    text = "\n".join(text_of(help_lines(30, 50, enter_queues=True)))
    assert re.search("enter +send, or queue", text) and re.search(r"ctrl\+q +steer the turn", text)


def test_two_columns_hold_every_shortcut_at_80() -> None:
    text = "\n".join(text_of(help_lines(80, 24)))
    assert len(text.split("\n")) == (len(SHORTCUTS) + 1) // 2
    for keys, what in SHORTCUTS:
        assert keys in text
        assert what in text


def desk_in_full_swing() -> Desk:
    desk = Desk()
    code = "\n".join(f"line {number} 漢字" for number in range(80))
    calls = [event for index in range(6) for event in call(call_id=f"c{index}", command="x y z")]
    feed(desk.view, [*waiting("responding", *[("queued " * 20, "input")] * 9), *calls])
    feed(desk.view, answer(f"```\n{code}"))
    return desk


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 12, 24, 50])
@pytest.mark.parametrize("columns", [1, 2, 10, 20, 30, 80])
@pytest.mark.parametrize("case", ["editor", "long draft", "shell", "edit", "help", "slash"])
def test_a_frame_never_exceeds_the_window(columns: int, rows: int, case: str) -> None:
    desk = desk_in_full_swing()
    if case == "long draft":
        desk.type("word " * 200)
    elif case == "shell":
        desk.ask(request(command="ls -la " * 30), request("r2"))
    elif case == "edit":
        desk.ask(edit_request(diff="\n".join(["+added"] * 200)))
    elif case == "help":
        desk.controller.question_mark()
    elif case == "slash":
        desk.type("/")
    facts = Facts("~/project", "main", "coder", "default", 15_360, 128_000, 2)
    frame = compose(
        desk.view, desk.controller, facts, columns=columns, rows=rows, now=desk.now.time
    )
    assert frame.height <= rows
    lines = [*frame.live, *frame.dialog, *frame.panel, *frame.footer]
    if columns > 4:
        assert all(width_of(line) <= columns for line in text_of(lines))
    assert (frame.editor_rows > 0) == (case not in ("shell", "edit"))


def test_the_editor_grows_to_a_third_of_the_screen() -> None:
    desk = Desk()

    def editor_rows() -> int:
        frame = compose(desk.view, desk.controller, FACTS, columns=40, rows=24, now=0.0)
        return frame.editor_rows

    assert editor_rows() == 1
    desk.type("a\nb")
    assert editor_rows() == 2
    desk.type("\n" * 30)
    assert editor_rows() == 8


@pytest.mark.parametrize(
    ("tokens", "window", "shown"),
    [
        (12_034, 131_072, "12k of 128k"),
        (840, 128_000, "840 of 128k"),
        (1_500, 1_048_576, "1.5k of 1M"),
        (999_700, None, "1M tokens"),
    ],
)
def test_the_footer_tells_the_tokens_of_the_window(
    tokens: int, window: int | None, shown: str
) -> None:
    facts = Facts("~/p", None, "m", "default", tokens, window)
    assert f" · {shown} · " in text_of([footer_line(facts, 80)])[0]


def test_what_goes_on_stands_right_below_what_of_it_is_finished() -> None:
    desk = Desk()
    items = "\n".join(f"- item {number}" for number in range(5))
    feed(desk.view, [state("responding"), *answer(f"{items}\n- la")])
    desk.view.take()

    def first_rows() -> list[str]:
        frame = compose(desk.view, desk.controller, FACTS, columns=40, rows=24, now=desk.now.time)
        return text_of(frame.live)[:2]

    assert first_rows() == ["  - item 4", "  - la"]
    feed(desk.view, answer(" and so on" * 90))
    assert first_rows()[0] == "", "some rows between are not shown"
    feed(desk.view, answer("\n\nwords"))
    desk.view.take()
    assert first_rows()[0] == ""
