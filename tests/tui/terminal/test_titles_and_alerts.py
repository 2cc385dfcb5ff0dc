"""Titles, progress and calls of the person: in which terminals, in which words, and how often."""

from __future__ import annotations

import pytest

from qwen_dual.frontends.tui.terminal.reports import KEEP_ALIVE, LONG_TURN
from qwen_dual.runtime.in_terminal import InTerminal
from tests.support.osc import oscs
from tests.tui.terminal.reported import ATTRIBUTES, KNOWN, XTERM, Desk


def test_the_title_has_the_folder_and_nothing_that_could_do_more_than_be_read() -> None:
    desk = Desk(cwd="/tmp/a\x1b]2;evil\x07b\u202ec\x9c\n;d" + "x" * 200)
    title = next(osc.text for osc in oscs(desk.written.encode()) if osc.number == "2")
    assert title.startswith("abc,dxxx")
    assert len(title) < 100
    assert title.isprintable()
    assert "evil" not in title


def test_a_title_can_be_chosen_left_alone_or_kept_without_states() -> None:
    chosen = Desk({**XTERM, "CLI_TITLE": "mine\x07"})
    assert "\x1b]2;mine\x1b\\" in chosen.written
    none = Desk(wishes=InTerminal(title=False))
    none("thinking")
    assert "\x1b]2;" not in none.written + none.reports.given()
    assert "\x1b[22;2t" not in none.written
    plain = Desk(wishes=InTerminal(title_status=False))
    assert plain("thinking", "ask") == ""


def test_for_a_screen_reader_titles_have_words() -> None:
    desk = Desk(words=True)
    assert "\x1b]2;waiting for you: proj · qwen-dual\x1b\\" in desk("thinking", "ask")


@pytest.mark.parametrize(
    ("env", "shown"),
    [
        ({"WT_SESSION": "x"}, True),
        ({"TERM_PROGRAM": "ghostty", "TERM_PROGRAM_VERSION": "1.2.0"}, True),
        ({"TERM_PROGRAM": "ghostty", "TERM_PROGRAM_VERSION": "1.1.3"}, False),
        ({"TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.6.6"}, True),
        ({"TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.5.14"}, False),
        ({"TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20240203-110809-5046fc22"}, False),
        ({"VTE_VERSION": "7900"}, True),
        ({"VTE_VERSION": "7600"}, False),
        ({"KITTY_WINDOW_ID": "1"}, False),
        ({"WT_SESSION": "x", "TMUX": "/tmp/x,1,0"}, False),
        ({}, False),
    ],
)
def test_progress_is_for_terminals_that_show_it_and_pop_up_nothing(
    env: dict[str, str], shown: bool
) -> None:
    desk = Desk({**XTERM, **env})
    desk("thinking")
    assert "]9;" not in desk.written  # it may know program status yet
    desk.answers(ATTRIBUTES)
    desk("ask")
    desk("answer", "running_tool")
    desk.clock.time += KEEP_ALIVE
    desk()
    assert desk("done") != ""
    progress = [osc.text for osc in oscs(desk.written.encode()) if osc.number == "9"]
    assert progress == (["4;3", "4;4;100", "4;3", "4;3", "4;0"] if shown else [])
    desk("thinking")
    assert ("]9;4;0" in desk.reports.given()) is shown


def test_a_late_answer_ends_progress() -> None:
    desk = Desk({**XTERM, "WT_SESSION": "x"})
    desk("thinking")
    desk.answers(ATTRIBUTES)
    told = [osc[:2] for osc in oscs(desk.answers(KNOWN).encode())]
    assert told == [("7501", "state=working:app=qwen-dual"), ("9", "4;0")]


ALERTS = {
    "bell": (XTERM, "\x07"),
    "iTerm2": ({**XTERM, "TERM_PROGRAM": "iTerm.app"}, "\x1b]9;qwen-dual: {} · proj\x1b\\"),
    "kitty": (
        {"TERM": "xterm-kitty"},
        "\x1b]99;i=qwen-dual:o=unfocused;qwen-dual: {} · proj\x1b\\",
    ),
    "foot": ({"TERM": "foot"}, "\x1b]777;notify;qwen-dual;{} · proj\x1b\\"),
    "tmux": ({**XTERM, "TMUX": "/tmp/x,1,0", "TERM_PROGRAM": "iTerm.app"}, "\x07"),
}


@pytest.mark.parametrize("terminal", ALERTS)
def test_the_person_is_called_once_while_the_window_has_no_focus(terminal: str) -> None:
    env, alert = ALERTS[terminal]
    desk = Desk(env)
    waiting, done = alert.format("Waiting for you"), alert.format("Done")
    assert waiting not in desk("thinking", "ask")  # it may have the focus, for all that is known
    desk("answer", "done")
    desk.answers("\x1b[O")
    assert desk("thinking", "ask").endswith(waiting)
    assert desk() == ""
    assert not desk("answer", "done").endswith(done)
    desk("thinking")
    desk.clock.time += LONG_TURN + 1
    assert desk("done").endswith(done)
    desk.answers("\x1b[I")
    desk("thinking")
    desk.clock.time += LONG_TURN + 1
    assert not desk("done").endswith(done)


def test_nobody_is_called_for_what_a_host_answers_at_once_or_the_person_has_stopped() -> None:
    desk = Desk()
    desk.answers("\x1b[O")
    assert "\x07" not in desk("thinking", "ask", "answer", "running_tool")
    desk.clock.time += LONG_TURN + 1
    assert "\x07" not in desk("interrupted")


def test_calls_can_be_turned_off_or_kept_for_the_ends_of_turns() -> None:
    off = Desk(wishes=InTerminal(alerts="none"))
    off.answers("\x1b[O")
    off("thinking", "ask")
    assert "\x07" not in off.written
    assert "1004" not in off.written + off.reports.given()
    ends = Desk(wishes=InTerminal(alerts="ends"))
    ends.answers("\x1b[O")
    assert "\x07" not in ends("thinking", "ask")
    ends.clock.time += LONG_TURN + 1
    assert "\x07" in ends("answer", "done")
