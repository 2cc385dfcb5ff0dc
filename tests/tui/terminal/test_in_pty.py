"""The terminal layer in a real PTY: what a person sees, types, and finds afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import termios
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.scripted import Scripted

    Start = Callable[..., Scripted]

_STOPPED = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
REGION = ["live 0", "live 1", "footer"]


def test_commits_stand_in_order_above_the_region(start: Start) -> None:
    program = start(rows=10)
    for n in range(30):
        program.command(f"commit line {n}")
    program.terminal.wait_for("line 29")
    program.terminal.wait_for(lambda t: t.lines[-1:] == ["footer"])
    assert program.terminal.lines == ["before the app", *(f"line {n}" for n in range(30)), *REGION]
    assert program.terminal.screen[-3:] == REGION


def test_a_commit_is_one_synchronized_update(start: Start) -> None:
    program = start()
    before = len(program.terminal.raw)
    program.command("commit one line")
    program.terminal.wait_for(lambda t: "one line" in t.text and t.lines[-1:] == ["footer"])
    update = program.terminal.raw[before:].decode()
    assert re.fullmatch("\x1b\\[\\?2026h(?s:.*)\x1b\\[\\?2026l", update)
    assert update.count("\x1b[?2026h") == 1
    assert update.index("\x1b[J") < update.index("one line") < update.index("footer")


def test_a_long_line_is_wrapped_by_the_terminal(start: Start) -> None:
    program = start(rows=8, cols=20)
    program.command("commit " + "x" * 45)
    program.command("commit " + "y" * 20)
    program.terminal.wait_for("y" * 20)
    program.terminal.wait_for(lambda t: t.lines[-1:] == ["footer"])
    assert program.terminal.lines[1:] == ["x" * 20, "x" * 20, "x" * 5, "y" * 20, *REGION]


def test_styles_end_with_the_text(start: Start) -> None:
    program = start(rows=5, COLORTERM="truecolor")
    program.command("styled")
    program.terminal.wait_for(lambda t: "red plain" in t.text and t.lines[-1:] == ["footer"])
    row = program.terminal.screen.index("red plain")
    assert program.terminal.cell(row, 0).bg == "ff0000"
    assert program.terminal.cell(row, 4).bg == "default"
    assert program.terminal.cell(row, 30).bg == "default"
    assert program.terminal.cell(row - 1, 30).bg == "default"


def test_the_region_shrinks_through_a_commit(start: Start) -> None:
    program = start(rows=12)
    program.command("live 8")
    program.terminal.wait_for("live 7")
    program.command("both 1 done")
    program.terminal.wait_for(lambda t: t.lines == ["before the app", "done", "live 0", "footer"])
    program.command("live 6")
    program.terminal.wait_for("live 5")
    program.command("live 0")
    program.command("shrink")
    program.terminal.wait_for(lambda t: t.lines == ["before the app", "done", "footer"])


def test_clearing_keeps_what_was_above_in_the_scrollback(start: Start) -> None:
    program = start(rows=8)
    program.command("commit one")
    program.terminal.wait_for("one")
    program.command("clear")
    program.terminal.wait_for(lambda t: t.history == ["before the app", "one"])
    program.terminal.wait_for(lambda t: t.screen[:4] == [*REGION, ""])
    program.command("commit two")
    program.terminal.wait_for(lambda t: t.screen[:4] == ["two", *REGION])
    assert program.terminal.history == ["before the app", "one"]


def test_a_change_of_width_leaves_what_stands_there(start: Start) -> None:
    program = start(rows=8, cols=40)
    for n in range(20):
        program.command(f"commit line {n}")
    program.terminal.wait_for("line 19")
    program.terminal.wait_for(lambda t: t.lines[-1:] == ["footer"])
    said = ["before the app", *(f"line {n}" for n in range(20))]
    for cols in (20, 60, 30):
        program.terminal.resize(8, cols)
        program.command(f"commit at {cols}")
        said.append(f"at {cols}")
        program.terminal.wait_for(lambda t: t.lines == [*said, *REGION])


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("how", ["ctrl+z", "SIGTSTP"])
def test_stopped_it_gives_the_terminal_to_the_shell_until_it_goes_on(
    start: Start, how: str
) -> None:
    program = start(job=True)
    if how == "ctrl+z":
        program.terminal.send("\x1a")
    else:
        program.command("pid")
        program.terminal.wait_for(lambda _: program.answers)
        os.kill(int(program.answers[-1].removeprefix("pid ")), signal.SIGTSTP)
    program.terminal.wait_for(lambda t: "shell:" in t.lines)
    assert_restored(program)
    assert "footer" not in program.terminal.text
    program.terminal.send("echo said meanwhile; fg\r")
    program.terminal.wait_for(lambda t: t.lines[-3:] == REGION)
    assert_raw(program)
    shown = "\n".join(program.terminal.lines)
    assert (
        0
        < shown.index("before the app")
        < shown.index("\nsaid meanwhile\n")
        < shown.index("live 0")
    )
    program.terminal.send("a\r")
    program.wait_answer("key a", "key c-m")


def test_after_a_stop_that_nobody_hears_of_it_has_all_it_had(start: Start) -> None:
    program = start()
    program.terminal.signal(signal.SIGSTOP)
    program.terminal.wait_for(lambda _: os.waitid(os.P_PID, program.terminal.pid, _STOPPED))
    shell_modes(program)
    program.terminal.signal(signal.SIGCONT)
    program.terminal.wait_for(lambda _: is_raw(program))
    program.terminal.wait_for(lambda t: t.lines[-3:] == REGION)
    program.terminal.send("a\r")
    program.wait_answer("key a", "key c-m")


def test_without_a_shell_to_continue_it_ctrl_z_stops_nothing(start: Start) -> None:
    program = start()
    program.terminal.send("\x1aa")
    program.wait_answer("key a")
    program.terminal.wait_for(lambda t: t.lines == ["before the app", *REGION])
    assert_raw(program)


def test_modes_that_another_program_changed_are_put_right_at_the_next_frame(start: Start) -> None:
    program = start()
    shell_modes(program)
    program.command("live 3")
    program.terminal.wait_for(lambda _: is_raw(program))
    shell_modes(program)
    program.terminal.send("a\r")  # a line, in the mode there is
    program.terminal.wait_for(lambda _: is_raw(program))
    program.wait_answer("key a", "key c-m")


def test_a_paste_without_its_end_comes_after_a_pause(start: Start) -> None:
    program = start()
    program.terminal.send("\x1b[200~pasted")
    program.wait_answer("key <bracketed-paste> pasted")
    program.terminal.send("a")
    program.wait_answer("key a")


@pytest.mark.parametrize("how", ["exit", "SIGTERM", "raise"])
def test_modifiers_are_asked_for_and_given_back_where_they_are_understood(
    start: Start, how: str
) -> None:
    program = start()
    program.terminal.send("\x1b[>84;0;0c")  # what the terminal answers
    program.terminal.wait_for(lambda t: b"\x1b[>4;1m" in t.raw)
    if how == "SIGTERM":
        program.terminal.signal(signal.SIGTERM)
    else:
        program.command(how)
    program.terminal.wait_exit()
    raw = bytes(program.terminal.raw)
    assert 0 < raw.index(b"\x1b[>c") < raw.index(b"\x1b[>4;1m") < raw.rindex(b"\x1b[>4m")


@pytest.mark.parametrize("answer", ["", "\x1b[?6c"])
def test_a_terminal_that_does_not_say_what_it_is_is_asked_for_nothing(
    start: Start, answer: str
) -> None:
    program = start(TERM="foot", TMUX="of the shell that started it")
    program.terminal.send(f"{answer}a")
    program.wait_answer("key a")
    program.command("exit")
    program.terminal.wait_exit()
    assert b"\x1b[>4" not in program.terminal.raw


def shell_modes(program: Scripted) -> None:
    """What `stty sane` does."""
    found = termios.tcgetattr(program.terminal._fd)
    found[3] |= termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN
    found[0] |= termios.ICRNL
    termios.tcsetattr(program.terminal._fd, termios.TCSANOW, found)


def is_raw(program: Scripted) -> bool:
    return not termios.tcgetattr(program.terminal._fd)[3] & (termios.ECHO | termios.ICANON)


def assert_raw(program: Scripted) -> None:
    assert is_raw(program)
    raw = bytes(program.terminal.raw)
    assert raw.rfind(b"\x1b[?2004h") > raw.rfind(b"\x1b[?2004l")


def test_enter_is_enter_after_another_process_has_changed_the_terminals_modes(start: Start) -> None:
    program = start()
    shell_modes(program)
    program.terminal.send("ab\r")
    program.wait_answer("key a", "key b", "key c-m")
    assert_raw(program)
    program.terminal.send("\n")  # Ctrl+J, in a terminal that changes no key
    program.wait_answer("key a", "key b", "key c-m", "key c-j")


@pytest.mark.parametrize("rows", [5, 14])
def test_a_change_of_height_keeps_the_transcript_whole(start: Start, rows: int) -> None:
    program = start(rows=8)
    for n in range(10):
        program.command(f"commit line {n}")
    program.terminal.wait_for("line 9")
    program.terminal.wait_for(lambda t: t.lines[-1:] == ["footer"])
    program.terminal.resize(rows, 80)
    program.command("commit last")
    program.terminal.wait_for(lambda t: "last" in t.lines and t.lines[-1:] == ["footer"])
    expected = ["before the app", *(f"line {n}" for n in range(10)), "last", *REGION]
    assert program.terminal.lines == expected


def test_what_is_committed_while_another_program_has_the_terminal_follows_it(start: Start) -> None:
    program = start()
    program.command("elsewhere")
    program.terminal.wait_for("committed meanwhile")
    program.terminal.wait_for(lambda t: t.lines[-1:] == ["footer"])
    lines = [line for line in program.terminal.lines if line]
    assert lines == ["before the app", "another program", "committed meanwhile", *REGION]


def test_keys_arrive_and_replies_do_not(start: Start) -> None:
    program = start()
    program.terminal.send("\x1b[I\x1b[?1;2c\x1b]11;rgb:0/0/0\x1b\\\x1bP>|host\x1b\\\x1b[5;5R")
    program.terminal.send("a\x1b[13;2u\x1b[27;5;13~\x1bb\x1b\r\x1b[200~pasted\x1b[201~\r")
    program.terminal.send("\x1b")
    program.wait_answer(
        "key a",
        "key c-j",
        "key c-j",
        "key escape+b",
        "key escape+c-m",
        "key <bracketed-paste> pasted",
        "key c-m",
        "key escape",
    )
    assert len(program.answers) == 8


def test_a_paste_of_ten_megabytes_is_one_key(start: Start) -> None:
    program = start()
    program.terminal.send(b"\x1b[200~" + b"0123456789abcde\r" * 655_360 + b"\x1b[201~")
    program.wait_answer(f"key <bracketed-paste> {10 * 1024 * 1024}")


def modes(program: Scripted) -> object:
    return termios.tcgetattr(program.terminal._fd)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM, signal.SIGXCPU]
)
def test_a_signal_ends_the_program_and_the_terminal_is_as_before(
    start: Start, number: signal.Signals
) -> None:
    program = start()
    program.terminal.signal(number)
    assert program.terminal.wait_exit() == 0
    assert program.answers == [f"terminate {number.value}"]
    assert program.terminal.lines == ["before the app", "after the app"]
    assert_restored(program)


def test_signals_that_mean_nothing_end_nothing(start: Start) -> None:
    program = start()
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        program.terminal.signal(number)
    program.command("ping 1")
    program.wait_answer("pong 1")


def test_an_exception_leaves_the_terminal_as_before(start: Start) -> None:
    program = start()
    program.command("raise")
    assert program.terminal.wait_exit() == 1
    assert "ZeroDivisionError" in program.terminal.text
    assert_restored(program)


def assert_restored(program: Scripted) -> None:
    local = modes(program)[3]  # type: ignore[index]
    for flag in (termios.ECHO, termios.ICANON, termios.ISIG, termios.IEXTEN):
        assert local & flag
    raw = bytes(program.terminal.raw)
    assert raw.rfind(b"\x1b[?2004l") > raw.rfind(b"\x1b[?2004h")
    assert raw.rfind(b"\x1b[?2026l") > raw.rfind(b"\x1b[?2026h")
    assert not program.terminal.cursor_hidden


def test_sigint_from_outside_is_told(start: Start) -> None:
    program = start()
    program.terminal.signal(signal.SIGINT)
    program.wait_answer("interrupt")
    program.terminal.send("\x03")
    program.wait_answer("key c-c")


def test_the_program_ends_when_the_terminal_goes(start: Start) -> None:
    program = start()
    program.terminal.hang_up()
    assert program.terminal.wait_exit() == 0
    assert "gone" in program.answers or "terminate 1" in program.answers


def test_a_host_that_stops_reading_misses_nothing(start: Start) -> None:
    program = start(rows=10)
    program.command("flood 10000")
    program.command("ping 1")
    program.wait_answer_without_reading("pong 1")
    # The PTY is full by now; the program goes on, takes keys, and commits.
    os.write(program.terminal._fd, b"a\x1b[A")
    for n in range(50):
        program.command(f"commit later {n}")
    program.command("ping 2")
    program.wait_answer_without_reading("pong 2")
    program.wait_answer_without_reading("key a")
    program.terminal.wait_for("later 49", timeout=30)
    program.terminal.wait_for(lambda t: t.lines[-1:] == ["footer"])
    expected = [f"flood {n}" for n in range(10000)] + [f"later {n}" for n in range(50)]
    assert program.terminal.lines == ["before the app", *expected, *REGION]


def test_a_program_whose_host_does_not_read_still_ends(start: Start) -> None:
    program = start()
    program.command("flood 20000")
    program.command("ping 1")
    program.wait_answer_without_reading("pong 1")
    program.terminal.signal(signal.SIGTERM)
    program.wait_answer_without_reading("terminate 15")
    os.waitid(os.P_PID, program.terminal.pid, os.WEXITED | os.WNOWAIT)
    local = modes(program)[3]  # type: ignore[index]
    assert local & termios.ECHO


@pytest.mark.parametrize(
    ("rows", "cols", "env"),
    [
        (24, 80, {"TERM": "dumb"}),
        (24, 80, {"TERM": None}),
        (24, 80, {"NO_COLOR": "1"}),
        (5, 20, {}),
        (0, 0, {}),
    ],
)
def test_odd_terminals_work(start: Start, rows: int, cols: int, env: dict[str, str | None]) -> None:
    program = start(rows=rows, cols=cols, **env)
    program.command("commit some text")
    program.terminal.wait_for("some text")
    program.command("exit")
    assert program.terminal.wait_exit() == 0
    assert "after the app" in program.terminal.text


def test_standard_streams_stay_blocking(start: Start) -> None:
    program = start()
    program.command("flood 20000")
    program.command("ping 1")
    program.wait_answer_without_reading("pong 1")
    for fd in (0, 1, 2):
        with open(f"/proc/{program.terminal.pid}/fdinfo/{fd}") as info:
            flags = next(line for line in info if line.startswith("flags:")).split()[1]
        assert not int(flags, 8) & os.O_NONBLOCK
