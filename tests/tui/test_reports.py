"""What the terminal is told of a session: when, in which words, and that all of it is taken back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.model import ModelError, TextDelta
from qwen_dual.frontends.tui.keyparser import KeyParser
from qwen_dual.frontends.tui.program_status import MAX_UNTOLD, Status, StatusFollower
from qwen_dual.frontends.tui.reports import KEEP_ALIVE, LONG_TURN, Reports
from qwen_dual.protocol import events as build
from qwen_dual.runtime.in_terminal import InTerminal
from tests.support.fakes import FakeModel, FakeTool, Host, call
from tests.support.osc import by_events, oscs, statuses, titles
from tests.tui.support import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prompt_toolkit.key_binding import KeyPress

    from qwen_dual.protocol.events import Event
    from tests.support.fakes import Step

XTERM = {"TERM": "xterm-256color"}
KNOWN, ATTRIBUTES = "\x1b]7501;?", "\x1b[?62;c"
SECRET = "sesame-7501-prompt"


class Desk:
    """Reports, a clock, and all that was written, as the terminal gets it."""

    def __init__(
        self,
        env: Mapping[str, str] = XTERM,
        wishes: InTerminal | None = None,
        cwd: str = "/home/me/proj",
        *,
        words: bool = False,
    ) -> None:
        self.clock = Clock()
        self.reports = Reports(cwd, env, wishes or InTerminal(), self.clock, words=words)
        self.written, self.asks = self.reports.drawn()

    def __call__(self, *said: str) -> str:
        """What is written once the session did what is said."""
        self.tell(*said)
        new, self.asks = self.reports.drawn()
        self.written += new
        return new

    def tell(self, *said: str) -> None:
        """A state, ``ask`` or ``answer``, or how a turn ended."""
        for word in said:
            for event in made(word):
                self.reports(event)

    def answers(self, *reports: str) -> str:
        """What is written once the terminal has said that of itself."""
        for report in reports:
            self.reports.said(report)
        return self()

    @property
    def statuses(self) -> list[str]:
        return statuses(self.written.encode())


def made(word: str) -> list[Event]:
    if word in ("done", "error", "interrupted"):
        result = {
            "type": "result",
            "is_error": word == "error",
            "stop_reason": word,
            "parent_tool_use_id": None,
        }
        return [*made("idle"), result]
    if word == "ask":
        request = {"tool_name": "edit", "input": {}, "preview": {"kind": "diff", "text": SECRET}}
        return [*made("awaiting_approval"), build.control_request("r", request)]
    if word in ("propose", "take"):
        proposals = [{"id": None, "text": SECRET, "origin": "input"}] if word == "propose" else []
        return [{**build.system("proposals", {"proposals": proposals}), "parent_tool_use_id": None}]
    if word == "answer":
        return [build.control_response("r", allowed=True, resolved_by="keyboard")]
    return [{**build.system("state", {"state": word}), "parent_tool_use_id": None}]


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


def test_prompts_are_marked_only_where_program_status_is_known_to_be_off() -> None:
    desk = Desk()
    marked = [desk.reports.marks_prompts]
    for report in (ATTRIBUTES, KNOWN):
        desk.answers(report)
        marked.append(desk.reports.marks_prompts)
    assert marked == [False, True, False]
    assert Desk(wishes=InTerminal(status="off")).reports.marks_prompts
    assert not Desk(wishes=InTerminal(status="on")).reports.marks_prompts


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
    assert len(follower.take()) == MAX_UNTOLD
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


# -- two planes ----------------------------------------------------------------------------


def answer(chance: random.Random) -> list[Step]:
    """One answer of the model: text, calls, or a failure."""
    kind = chance.choice(["text", "text", "call", "calls", "failure"])
    if kind == "text":
        return [TextDelta(f"{SECRET} {chance.random()}")]
    if kind == "failure":
        return [ModelError(f"{SECRET} no", 400)]
    count = 1 if kind == "call" else 3
    arguments = {"command": f"rm {SECRET}"}
    return [
        step
        for number in range(count)
        for step in call("run_shell_command", f"{chance.random()}-{number}", **arguments)
    ]


def play(seed: int, reports: Reports) -> tuple[list[Event], str]:
    """A random session; its events, and what the terminal was written, drawn now and then."""
    chance = random.Random(seed)
    reports.drawn()
    reports.said(KNOWN)
    written = [reports.drawn()[0]]
    host = Host(FakeModel(*(answer(chance) for _ in range(12))), FakeTool(), FakeTool("edit"))
    host.bus.subscribe(reports, streamed=False)

    async def draw() -> None:
        while True:
            await anyio.lowlevel.checkpoint()
            if chance.random() < 0.3:
                written.append(reports.drawn()[0])

    def decide(event: Event) -> None:
        if event["type"] != "control_request":
            return
        what = chance.choice(["allow", "allow", "deny", "stop", "interrupt"])
        if what == "interrupt":
            host.session.interrupt(KEYBOARD)
        else:
            host.session.answer(event["request_id"], what == "allow", INPUT, stop=what == "stop")

    host.bus.subscribe(decide)

    async def script(host: Host) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(draw)
            for number in range(1, 5):
                command = chance.random() < 0.2
                host.session.submit("/help" if command else f"{SECRET} {number}", KEYBOARD)
                if chance.random() < 0.3:
                    await anyio.lowlevel.checkpoint()
                    host.session.interrupt(KEYBOARD)
                await host.result(number)
            group.cancel_scope.cancel()

    host.play(script)
    written.append(reports.drawn()[0])
    return host.events, "".join(written)


@pytest.mark.timeout(1000)
def test_the_terminal_and_the_channel_say_the_same_over_random_sessions(whole: bool) -> None:
    ends = set[str]()
    for seed in range(2000 if whole else 30):
        reports = Reports(f"/tmp/{seed}", XTERM, InTerminal())
        events, written = play(seed, reports)
        said = statuses(written.encode())
        assert said == by_events(events), seed
        # The first title was there before the terminal had answered.
        assert titles(written.encode()) == [word.split()[0] for word in said[1:]], seed
        assert SECRET not in written
        ends |= set(said)
    assert ends == {"idle", "working", "blocked permission", "done", "error"}


# -- what a terminal may answer ------------------------------------------------------------

REPLIES = st.sampled_from(
    [
        *("\x1b]7501;?\x1b\\", "\x1b]7501;?\x07", "\x1b[?62;c", "\x1b[?1;2c", "\x1b[I", "\x1b[O"),
        *("\x1b]7501;state=done\x1b\\", "\x1b]7501;" + "?" * 500 + "\x07", "\x1b]7501\x07"),
        *("\x1b]11;rgb:1/2/3\x1b\\", "\x1b[>0;276;0c", "\x1bP1$r0m\x1b\\"),
    ]
)


@given(st.lists(REPLIES | st.sampled_from("abc\r\x03é"), max_size=12), st.data())
def test_whatever_the_terminal_answers_no_key_is_lost_or_made_up(
    pieces: list[str], data: st.DataObject
) -> None:
    stream = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    keys: list[KeyPress] = []
    desk = Desk()
    parser = KeyParser(keys.append, lambda: 0.0)
    parser.on_report = lambda report: desk.reports.said(report)
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        parser.feed(stream[begin:end])
    assert [key.data for key in keys] == [piece for piece in pieces if len(piece) == 1]
    known = any(piece in ("\x1b]7501;?\x1b\\", "\x1b]7501;?\x07") for piece in pieces)
    assert bool(statuses(desk("thinking").encode())) is known
