"""What a person's keys find across sessions and over what is folded, in the real program."""

from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING

from prompt_toolkit.output import ColorDepth

from qwen_dual.frontends.tui.text.theme import make_style
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.pty import Terminal


def start(folder: Path, *arguments: str) -> Program:
    (folder / "events.jsonl").unlink(missing_ok=True)
    (folder / "input.jsonl").write_text("")
    return Program(folder, ["--offline", *arguments]).ready()


def drafted(line: str) -> Callable[[Terminal], bool]:
    """The line is the draft, and stands in the transcript too."""
    return lambda terminal: [row.rstrip() for row in terminal.screen].count(line) == 2


def test_prompts_are_found_in_the_next_session(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        first.terminal.send("Say Hello World\r")
        first.result()
        assert first.quit() == 0
    (file,) = (tmp_path / "home" / ".qwen").rglob("history.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["text"] == "Say Hello World"
    with start(tmp_path, "--continue") as second:
        second.terminal.wait_for("● continued")
        second.terminal.send("\x1b[A")
        second.terminal.wait_for(drafted("> Say Hello World"))
        second.terminal.send("\x15\x12hello w")
        second.terminal.wait_for("search: hello w  (enter")
        second.terminal.wait_for(drafted("> Say Hello World"))
        second.terminal.send("\x1b")
        assert second.quit() == 0


def test_nothing_is_kept_where_nothing_is_to_be_recorded(tmp_path: Path) -> None:
    settings = tmp_path / "home" / ".qwen" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"general": {"chatRecording": false}}')
    with start(tmp_path) as program:
        program.terminal.send("say hello\r")
        program.result()
        assert program.quit() == 0
    assert list(settings.parent.rglob("history.jsonl")) == []


def test_a_theme_is_kept_where_the_person_says_so(tmp_path: Path) -> None:
    settings = tmp_path / "home" / ".qwen" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{\n  // by day\n  "ui": {"hideTips": false}\n}\n')
    with start(tmp_path) as first:
        first.terminal.send("/theme\r")
        first.terminal.wait_for("› 1. default")
        first.terminal.send("\x1b[B\r")
        first.terminal.wait_for("For how long?")
        first.terminal.send("2")
        first.terminal.wait_for("Theme: dark, from now on")
        assert first.quit() == 0
    assert (
        settings.read_text() == '{\n  // by day\n  "ui": {"hideTips": false, "theme": "dark"}\n}\n'
    )
    with start(tmp_path) as second:
        second.terminal.send("/theme\r")
        second.terminal.wait_for("› 2. dark")
        second.terminal.send("\x1b")
        assert second.quit() == 0


def test_vim_keys_begin_as_they_were_kept_and_leave_the_cursor_as_it_was(tmp_path: Path) -> None:
    settings = tmp_path / "home" / ".qwen" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"general": {"vimMode": true}}')
    with start(tmp_path) as program:
        screen = program.terminal
        screen.wait_for("  INSERT · ")
        screen.send("sad hello")
        screen.wait_for("> sad hello")
        screen.send("\x1b")
        screen.wait_for("  NORMAL · ")
        screen.send("0")
        screen.send("r")  # as a host sends them: one by one
        screen.send("s")
        screen.send("llry\r")
        program.result()
        (sent,) = program.of("user")
        assert sent["message"]["content"] == [{"type": "text", "text": "say hello"}]
        screen.wait_for("  INSERT · ")
        screen.send("\x03\x03")
        assert screen.wait_exit() == 0
        shapes = re.findall(rb"\x1b\[(\d) q", screen.raw)
        assert [shapes[0], shapes[-1]] == [b"6", b"0"]
        assert b"2" in shapes


def test_the_terminals_answer_about_its_background_is_never_typed(tmp_path: Path) -> None:
    with start(tmp_path) as program:
        program.terminal.send("\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\draft")
        program.terminal.wait_for("> draft")
        assert "rgb" not in program.terminal.text
        program.terminal.send("\x15")
        assert program.quit() == 0


def test_the_colours_follow_the_background_that_the_terminal_names(tmp_path: Path) -> None:
    arguments, env = ["--offline"], {"COLORTERM": "truecolor", "TERM": "xterm-256color"}
    with Program(tmp_path, arguments, env=env) as program:
        screen = program.terminal
        screen.wait_for(lambda terminal: b"\x1b]11;?\x1b\\" in terminal.raw)
        screen.send("\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\")
        program.ready()
        screen.send("say hello\r")
        program.result()
        screen.wait_for(lambda terminal: any(row.startswith("✦ I am") for row in terminal.screen))
        row = next(at for at, row in enumerate(screen.screen) if row.startswith("✦ I am"))
        light = make_style(ColorDepth.DEPTH_24_BIT, "light")
        accent = light.get_attrs_for_style_str("class:accent").color
        assert screen.cell(row, 0).fg == accent
        assert program.quit() == 0
