"""Copying: a program of this machine, or the terminal, with bounds."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING

import anyio

from qwen_dual.frontends.tui.terminal import clipboard
from qwen_dual.frontends.tui.terminal.clipboard import MAX_BYTES, commands, osc_52

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def copy(text: str, **around: Any) -> str:
    """What is said once ``text`` was copied, or was not."""

    async def main() -> str:
        return await clipboard.copy(lambda: text, **around)

    return anyio.run(main)


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_without_a_program_the_terminal_is_asked() -> None:
    written: list[str] = []
    told = copy("héllo", env={"PATH": ""}, write=written.append, platform="linux")
    assert written == [f"\x1b]52;c;{base64.b64encode('héllo'.encode()).decode()}\x07"]
    assert told == "Copied 5 characters through the terminal, if it allows that (OSC 52)."


def test_tmux_passes_the_sequence_on() -> None:
    assert osc_52(b"a", {"TMUX": "1"}) == "\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\"


def test_screen_gets_pieces_that_it_passes_on() -> None:
    data = b"x" * 10_000
    wrapped = osc_52(data, {"STY": "1.tty"})
    pieces = wrapped.removesuffix("\x1b\\").removeprefix("\x1bP").split("\x1b\\\x1bP")
    assert max(map(len, pieces)) < 768
    assert "".join(pieces) == osc_52(data, {})


def test_what_is_too_long_for_a_terminal_is_refused_with_another_way() -> None:
    written: list[str] = []
    text = "é" * (MAX_BYTES // 2 + 1)
    told = copy(text, env={"PATH": ""}, write=written.append, platform="linux")
    assert written == []
    assert str(2 * len(text)) in told
    assert "/export" in told


def test_a_program_of_this_machine_gets_the_text_and_no_sequence_is_written(
    tmp_path: Path,
) -> None:
    program(tmp_path, "wl-copy", f'exec /bin/cat > "{tmp_path}/copied"')
    written: list[str] = []
    env = {"PATH": str(tmp_path), "WAYLAND_DISPLAY": "w"}
    text = "many\n" * 50_000
    told = copy(text, env=env, write=written.append, platform="linux")
    assert (tmp_path / "copied").read_text() == text
    assert told == "Copied 50000 lines to the clipboard."
    assert written == []


def test_a_program_that_fails_or_hangs_leaves_it_to_the_terminal(tmp_path: Path) -> None:
    program(tmp_path, "wl-copy", "exit 1")
    program(tmp_path, "xclip", "exec /bin/sleep 60")
    written: list[str] = []
    env = {"PATH": str(tmp_path), "WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}
    copy("x", env=env, write=written.append, platform="linux")
    assert len(written) == 1


def test_over_ssh_the_other_machines_clipboard_is_left_alone(tmp_path: Path) -> None:
    program(tmp_path, "wl-copy", "exit 0")
    written: list[str] = []
    env = {"PATH": str(tmp_path), "WAYLAND_DISPLAY": "w", "SSH_CONNECTION": "a b"}
    copy("x", env=env, write=written.append, platform="linux")
    assert len(written) == 1


def test_in_tmux_its_buffer_gets_the_text_over_ssh_too(tmp_path: Path) -> None:
    program(tmp_path, "tmux", f'echo "$@" > "{tmp_path}/how"; exec /bin/cat > "{tmp_path}/copied"')
    written: list[str] = []
    env = {"PATH": str(tmp_path), "TMUX": "/tmp/tmux-0/default,1,0", "SSH_CONNECTION": "a b"}
    told = copy("text", env=env, write=written.append, platform="linux")
    assert (tmp_path / "copied").read_text() == "text"
    assert (tmp_path / "how").read_text() == "load-buffer -w -\n"
    assert "tmux" in told
    assert written == []


def test_a_tmux_that_cannot_pass_it_on_is_asked_to_let_it_through(tmp_path: Path) -> None:
    program(tmp_path, "tmux", "exit 1")
    written: list[str] = []
    env = {"PATH": str(tmp_path), "TMUX": "/tmp/tmux-0/default,1,0"}
    copy("x", env=env, write=written.append, platform="linux")
    assert written == [osc_52(b"x", {"TMUX": "1"})]


def test_only_programs_that_are_there_and_can_work_are_tried(tmp_path: Path) -> None:
    for name in ("pbcopy", "wl-copy", "xclip"):
        program(tmp_path, name, "exit 0")
    path = {"PATH": str(tmp_path)}
    assert commands(path, "linux") == []
    assert commands(path, "darwin") == [(f"{tmp_path}/pbcopy",)]
    xclip = (f"{tmp_path}/xclip", "-selection", "clipboard")
    assert commands({**path, "DISPLAY": ":0"}, "linux") == [xclip]


def test_nothing_to_copy_is_said() -> None:
    assert copy("", env={}, write=lambda _: None) == ""


def test_the_keys_wait_neither_for_the_text_nor_for_a_program() -> None:
    where = []

    def text() -> str:
        where.append(threading.current_thread())
        return "x"

    async def main() -> str:
        return await clipboard.copy(text, env={"PATH": ""}, write=lambda _: None, platform="linux")

    assert anyio.run(main)
    assert where != [threading.main_thread()], "whoever gives the text waits for the programs too"
