"""A good guest in the terminal: what it is told, in step with the channel, and taken back whatever happens."""

from __future__ import annotations

import json
import random
import shlex
import shutil
import signal
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.osc import by_events, oscs, statuses, titles
from tests.support.program import COMMAND, Program, in_terminal
from tests.support.pty import terminal_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pty import Terminal

ANSWER = "\x1b]7501;?\x1b\\\x1b[?62;22c"
CLEARED, TITLE_BACK = b"\x1b]7501;state=clear\x1b\\", b"\x1b]2;\x1b\\\x1b[23;2t"
SECRET = "sesame"


def answered(program: Program) -> Program:
    """A terminal that knows program status, once it has said so."""
    program.ready()
    program.terminal.wait_for(lambda t: b"\x1b]7501;?\x1b\\\x1b[c" in t.raw)
    program.terminal.send(ANSWER)
    program.terminal.wait_for(lambda t: b"state=idle" in t.raw)
    return program


def has(part: bytes, count: int, terminal: Terminal) -> bool:
    """So often the terminal got that."""
    return terminal.raw.count(part) == count


def act(program: Program, chance: random.Random) -> None:
    """One prompt of some kind, to its result."""
    results = len(program.of("result"))
    kind = chance.choice(["say", "allow", "deny", "interrupt", "list", "command"])
    if kind in ("allow", "deny", "interrupt"):
        asked = len(program.of("control_request"))
        program.submit(f"run touch {SECRET}{results}")
        request = program.request(asked + 1)
        if kind == "interrupt":
            program.send(type="interrupt")
        else:
            program.answer(request, kind == "allow")
    else:
        text = {"say": f"say 30 words {SECRET}", "list": "list", "command": "/help"}[kind]
        program.submit(text)
    program.result(results + 1)


@pytest.mark.timeout(1000)
def test_the_terminal_and_the_channel_say_the_same_and_nothing_of_prompts_or_answers(
    tmp_path: Path, whole: bool
) -> None:
    chance = random.Random(15)
    with Program(tmp_path, ["--offline"]) as program:
        answered(program)
        for _ in range(150 if whole else 6):
            act(program, chance)
        assert program.quit() == 0
        raw = bytes(program.terminal.raw)
        said = statuses(raw)
        assert said == [*by_events(program.refresh()), "clear"]
        # The folder's name stood there before the terminal had answered.
        assert titles(raw) == [word.split()[0] for word in said[:-1]]
        assert {"working", "blocked permission", "done"} < set(said)
        told = [osc for osc in oscs(raw) if osc.number not in ("8", "11")]
        assert SECRET not in str(told)
        assert {osc.number for osc in told} == {"2", "7501"}


def test_a_signal_in_the_middle_of_a_turn_leaves_nothing_behind(tmp_path: Path) -> None:
    with Program(tmp_path, ["--offline"]) as program:
        answered(program).submit("run touch x")
        program.request()
        program.terminal.wait_for(lambda t: b"state=blocked" in t.raw)
        program.terminal.signal(signal.SIGTERM)
        program.terminal.wait_exit()
        raw = bytes(program.terminal.raw)
        assert raw.count(CLEARED) == raw.count(TITLE_BACK) == raw.count(b"\x1b[22;2t") == 1
        end = raw[raw.index(CLEARED) :]
        assert b"\x1b[?1004l" in end
        assert statuses(end) == ["clear"]


def test_an_editor_gets_a_terminal_that_knows_nothing_of_the_session(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nprintf 'EDITOR RUNS'\n")
    editor.chmod(0o755)
    with Program(tmp_path, ["--offline"], env={"VISUAL": str(editor)}) as program:
        answered(program)
        program.terminal.send("\x18")
        program.terminal.wait_for(lambda t: t.raw.count(b"\x1b[22;2t") == 2)
        program.terminal.wait_for(lambda t: t.raw.count(b"state=idle") == 2)
        raw = bytes(program.terminal.raw)
        order = [CLEARED, TITLE_BACK, b"\x1b[?1004l", b"EDITOR RUNS"]
        places = [raw.index(part) for part in order] + [raw.rindex(b"\x1b[22;2t")]
        assert places == sorted(places)
        assert raw.rindex(b"\x1b[?1004h") > places[-2]
        program.quit()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_stopped_it_takes_back_what_it_told_and_tells_it_again(tmp_path: Path) -> None:
    line = f"{shlex.join([*COMMAND, '--offline'])}\n"
    with in_terminal(["bash", "--norc", "-i"], tmp_path, env={"PS1": "shell: "}) as terminal:
        terminal.wait_for("shell:")
        terminal.send(line)
        terminal.wait_for("Type a prompt")
        terminal.wait_for(lambda t: b"\x1b]7501;?\x1b\\\x1b[c" in t.raw)
        terminal.send(ANSWER)
        terminal.wait_for(lambda t: b"state=idle" in t.raw)
        terminal.send("\x1a")
        terminal.wait_for("Stopped")
        assert terminal.raw.index(CLEARED) < terminal.raw.index(b"Stopped")
        assert TITLE_BACK in terminal.raw
        terminal.send("fg\n")
        terminal.wait_for(lambda t: t.raw.count(b"state=idle") == 2)
        assert terminal.raw.count(b"\x1b[22;2t") == 2


def test_where_nobody_looks_nothing_is_told_or_asked(tmp_path: Path) -> None:
    with Program(tmp_path, ["--offline"], env={"CI": "true"}) as program:
        program.ready().submit("say 3 words")
        program.result()
        program.quit()
        assert {osc.number for osc in oscs(bytes(program.terminal.raw))} <= {"8", "11"}
        assert b"\x1b[c" not in program.terminal.raw
        assert b"1004" not in program.terminal.raw


def test_a_terminal_that_answers_without_knowing_status_gets_marks_at_its_prompts(
    tmp_path: Path,
) -> None:
    with Program(tmp_path, ["--offline"]) as program:
        program.ready()
        program.terminal.wait_for(lambda t: b"\x1b[c" in t.raw)
        program.terminal.send("\x1b[?62;22cdraft")
        program.terminal.wait_for("> draft")
        for number in range(1, 3):
            program.submit("say 3 words")
            program.result(number)
            program.terminal.wait_for(partial(has, b"133;C", number))
        program.quit()
        marks = [osc.text for osc in oscs(bytes(program.terminal.raw)) if osc.number == "133"]
        assert marks[:6] == ["A", "B", "C"] * 2
        assert statuses(bytes(program.terminal.raw)) == []


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_through_tmux_goes_what_it_lets_pass(tmp_path: Path) -> None:
    settings, conf = tmp_path / "home/.qwen/settings.json", tmp_path / "conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"ui": {"programStatus": "on"}}))
    conf.write_text(
        "set -g allow-passthrough on\nset -g focus-events on\nset -g status off\n"
        "set -g set-titles on\nset -g set-titles-string '#T'\nset -g bell-action any\n"
    )
    tmux = ["tmux", "-S", str(tmp_path / "socket"), "-f", str(conf)]
    try:
        with Program(tmp_path, ["--offline"], wrapper=[*tmux, "new-session"]) as program:
            terminal = program.ready().terminal
            terminal.send("\x1b[O")  # the window has lost the focus, says the terminal to tmux
            asked = terminal.raw.count(b"\x07")
            program.submit("run touch x")
            request = program.request()
            terminal.wait_for(lambda t: "blocked permission" in told(t))
            terminal.wait_for(lambda t: t.raw.count(b"\x07") > asked)
            program.answer(request, True)
            program.result()
            terminal.wait_for(lambda t: told(t)[-1:] == ["done"])
            terminal.wait_for(lambda t: "✓ work · qwen-dual".encode() in t.raw)
            program.submit("/quit")
            terminal.wait_exit()
            said = [*by_events(program.refresh()), "clear"]
            assert told(terminal) == said
    finally:
        subprocess.run([*tmux, "kill-server"], env=terminal_environment(), check=False)


def told(terminal: Terminal) -> list[str]:
    """The statuses that have come whole."""
    raw = bytes(terminal.raw)
    whole = raw[: raw.rfind(b"\x1b\\") + 2] if b"\x1b\\" in raw else b""
    return statuses(whole)
