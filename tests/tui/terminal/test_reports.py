"""What the terminal is told of a session: when, in which words, and that all of it is taken back."""

from __future__ import annotations

import pytest

from qwen_dual.frontends.tui.terminal.program_status import MAX_UNREPORTED, Status, StatusFollower
from qwen_dual.runtime.in_terminal import InTerminal
from tests.support.osc import statuses, titles
from tests.tui.terminal.reported import ATTRIBUTES, KNOWN, XTERM, Desk, made


def test_a_terminal_that_knows_program_status_is_told_each_change_once() -> None:
    desk = Desk()
    assert desk.asks
    assert desk.written.startswith("\x1b]7501;?\x1b\\\x1b[c\x1b[22;2t\x1b[?1004h\x1b]2;")
    assert desk("thinking") != ""
    assert desk.statuses == []
    desk.answers(KNOWN, ATTRIBUTES)
    assert desk.written.count("\x1b[c") == 1
    desk("responding", "running_tool")
    desk("ask")
    assert desk() == ""
    desk("answer", "running_tool")
    desk("done")
    desk("thinking", "error")
    desk("thinking", "interrupted")
    assert desk.statuses == [
        *("working", "blocked permission", "working", "done", "working", "error"),
        *("working", "idle"),
    ]
    assert desk("idle") == ""


def test_what_happens_between_two_drawings_is_told_in_order() -> None:
    desk = Desk()
    desk.answers(KNOWN)
    desk("thinking", "ask", "answer", "running_tool", "done", "thinking")
    assert desk.statuses[1:] == ["working", "blocked permission", "working", "done", "working"]
    assert titles(desk.written.encode())[1:] == ["working", "blocked", "working", "done", "working"]


def test_coming_back_to_the_window_draws_it_anew_since_the_branch_may_be_another() -> None:
    desk = Desk()
    assert desk.reports.said("\x1b[I")
    assert not desk.reports.said("\x1b[O")


def test_an_answer_counts_however_late_and_a_terminal_that_gives_none_is_told_nothing() -> None:
    desk = Desk()
    desk("thinking", "done", "thinking")
    assert desk.statuses == []
    desk.clock.time += 3600
    assert statuses(desk.answers(KNOWN).encode()) == ["working"]


@pytest.mark.parametrize(
    "report", ["\x1b]7501;?x", "\x1b]7501;state=done", "\x1b]7501", "\x1b]11;?", "\x1b[>0;276;0c"]
)
def test_what_is_no_answer_is_none(report: str) -> None:
    desk = Desk()
    desk("thinking")
    assert desk.answers(report) == ""
    assert desk.statuses == []
    assert not desk.reports.marks_prompts


def test_nothing_that_was_not_asked_for_counts() -> None:
    desk = Desk(wishes=InTerminal(status="off"))
    desk.answers(KNOWN)
    desk("thinking")
    assert "7501" not in desk.written


@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "dumb"},
        {"TERM": "linux"},
        {},
        {**XTERM, "CI": "true"},
        {**XTERM, "NO_COLOR": "1"},
    ],
)
def test_some_are_told_nothing_at_all(env: dict[str, str]) -> None:
    desk = Desk(env, InTerminal(status="on", progress="on"))
    desk("thinking", "ask")
    desk.answers(KNOWN, "\x1b[O")
    assert (desk.written, desk.asks, desk.reports.given()) == ("", False, "")


def test_all_is_taken_back_once_and_told_again_when_the_terminal_is_ours_again() -> None:
    desk = Desk()
    desk.answers(KNOWN)
    desk("thinking")
    back = desk.reports.given()
    assert "\x1b]7501;state=clear\x1b\\" in back
    assert back.endswith("\x1b]2;\x1b\\\x1b[23;2t\x1b[?1004l")
    assert desk.reports.given() == ""
    again = desk("ask")
    assert not desk.asks
    assert again.startswith("\x1b[22;2t\x1b[?1004h")
    assert statuses(again.encode())[-1] == "blocked permission"


def test_prompts_are_marked_only_where_program_status_is_known_to_be_off() -> None:
    desk = Desk()
    marked = [desk.reports.marks_prompts]
    for report in (ATTRIBUTES, KNOWN):
        desk.answers(report)
        marked.append(desk.reports.marks_prompts)
    assert marked == [False, True, False]
    assert Desk(wishes=InTerminal(status="off")).reports.marks_prompts
    assert not Desk(wishes=InTerminal(status="on")).reports.marks_prompts


def test_in_tmux_the_terminal_around_it_is_told_where_the_person_says_so() -> None:
    tmux = {**XTERM, "TMUX": "/tmp/x,1,0"}
    desk = Desk(tmux, InTerminal(status="on"))
    assert "]7501;?" not in desk.written
    passed = "\x1bPtmux;\x1b\x1b]7501;state=working:app=qwen-dual\x1b\x1b\\\x1b\\"
    assert passed in desk("thinking")
    assert "\x1bPtmux;\x1b\x1b]7501;state=clear" in desk.reports.given()
    own = Desk(tmux)
    own.answers(KNOWN)
    assert "\x1b]7501;state=working:app=qwen-dual\x1b\\" in own("thinking")
    assert "Ptmux" not in own.written


def test_a_terminal_that_does_not_read_makes_nothing_grow() -> None:
    follower = StatusFollower()
    for _ in range(1000):
        for event in (*made("thinking"), *made("done")):
            follower(event)
    assert len(follower.take()) == MAX_UNREPORTED
    assert follower.take() == []
    assert follower.latest == Status("done")


def test_a_prompt_that_is_looked_at_before_it_runs_waits_for_the_person() -> None:
    desk = Desk()
    desk.answers(KNOWN, "\x1b[O")
    assert desk("propose").endswith("\x07")
    desk("take")
    desk("thinking", "propose")
    desk("done")
    desk("take")
    assert desk.statuses == [
        *("idle", "blocked permission", "idle", "working", "blocked permission", "done")
    ]


def test_a_command_beside_a_turn_ends_nothing_and_one_at_rest_is_no_work() -> None:
    desk = Desk()
    desk.answers(KNOWN)
    beside = made("done")[-1]
    desk.reports(beside)
    assert desk() == ""
    desk("thinking")
    desk.reports(beside)
    assert desk() == ""
    desk("done")
    assert desk.statuses == ["idle", "working", "done"]
