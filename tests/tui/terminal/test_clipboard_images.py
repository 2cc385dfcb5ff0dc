"""Images of the clipboard: by the programs that read it, and by the terminal."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.frontends.tui.terminal.clipboard_image import Pasted, read_clipboard
from qwen_dual.frontends.tui.terminal.keyparser import KeyParser
from qwen_dual.frontends.tui.terminal.terminal_clipboard import ask_terminal, can_be_asked
from tests.support.images import png
from tests.tui.editing.test_images import PastingDesk, sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


# -- the clipboard ---------------------------------------------------------------------------


def program(folder: Path, name: str, body: str) -> dict[str, str]:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    path = tmp_path / "picture"
    path.write_bytes(png(20, 10))
    return path


def wayland(folder: Path, kinds: str, data: str) -> dict[str, str]:
    body = f'[ "$1" = --list-types ] && printf "{kinds}" && exit; [ "$2" = --type ] && {data}'
    return {**program(folder, "wl-paste", body), "WAYLAND_DISPLAY": "w"}


def test_wayland(tmp_path: Path, picture_file: Path) -> None:
    env = wayland(tmp_path, r"text/plain\nimage/png\n", f"cat {picture_file}")
    assert read_clipboard(env, "linux") == Pasted(png(20, 10))


def test_x11(tmp_path: Path, picture_file: Path) -> None:
    body = f'[ "$5" = TARGETS ] && printf "TARGETS\\nimage/jpeg\\n" && exit; cat {picture_file}'
    env = {**program(tmp_path, "xclip", body), "DISPLAY": ":0"}
    assert read_clipboard(env, "linux").image == png(20, 10)


def test_macos(tmp_path: Path, picture_file: Path) -> None:
    assert read_clipboard(program(tmp_path, "pngpaste", f"cat {picture_file}"), "darwin").image
    (tmp_path / "pngpaste").unlink()
    env = program(tmp_path, "osascript", f'cat {picture_file} > "$3"')
    assert read_clipboard(env, "darwin").image == png(20, 10)


def test_a_copied_file_is_its_path(tmp_path: Path) -> None:
    env = wayland(tmp_path, r"text/uri-list\n", "printf 'file:///a.png\r\n'")
    assert read_clipboard(env, "linux") == Pasted(paths="file:///a.png\r\n")


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({}, "no clipboard"),
        ({"DISPLAY": ":0", "PATH": "/nowhere"}, "install xclip"),
        ({"WAYLAND_DISPLAY": "w", "PATH": "/nowhere"}, "install wl-clipboard"),
    ],
)
def test_what_is_missing_is_said(env: dict[str, str], told: str) -> None:
    assert told in read_clipboard(env, "linux").why


def test_a_clipboard_without_an_image_says_so(tmp_path: Path) -> None:
    assert "no image" in read_clipboard(wayland(tmp_path, "text/plain", "true"), "linux").why


@pytest.mark.parametrize("data", ["sleep 600", "yes", "exit 3", "kill -9 $$"])
def test_a_program_that_hangs_floods_or_fails_holds_nothing_up(
    tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwen_dual.frontends.tui.terminal.clipboard_image.TIMEOUT", 0.3)
    monkeypatch.setattr("qwen_dual.frontends.tui.terminal.clipboard_image.MAX_BYTES", 1 << 20)
    began = time.monotonic()
    assert not read_clipboard(wayland(tmp_path, "image/png", data), "linux").image
    assert time.monotonic() - began < 20


def test_ctrl_v_puts_the_image_into_the_draft(tmp_path: Path, picture_file: Path) -> None:
    desk = PastingDesk(wayland(tmp_path, "image/png", f"cat {picture_file}"))
    desk.controller.editor.insert("see ")
    desk.controller.paste_image()
    assert desk.controller.editor.text == "see [image 1: clipboard, 20×10]"
    assert sent(desk)[0]["source"]["type"] == "base64"


@pytest.mark.parametrize(
    ("data", "told"),
    [("true", "no image"), ("printf GIF89a", "is damaged"), ("echo x", "no image")],
)
def test_what_is_no_image_is_a_remark(tmp_path: Path, data: str, told: str) -> None:
    desk = PastingDesk(wayland(tmp_path, "image/png", data))
    desk.controller.paste_image()
    assert desk.controller.editor.text == ""
    assert told in desk.controller.hint


# -- the terminal's own clipboard --------------------------------------------------------------


def osc(*fields: str, payload: str = "") -> str:
    return f"5522;type=read:{':'.join(fields)}" + (f";{payload}" if payload else "")


def base64(text: str | bytes) -> str:
    return b64encode(text.encode() if isinstance(text, str) else text).decode()


def asked(*answers: str) -> Pasted | None:
    """What comes of a terminal that answers so."""
    written: list[str] = []

    async def main() -> Pasted | None:
        taker: list[Callable[[str], None]] = []

        def collect(take: Callable[[str], None] | None) -> None:
            if take is not None:
                taker.append(take)

        def write(data: str) -> None:
            written.append(data)
            for answer in answers:
                taker[0](answer)

        with anyio.fail_after(30):
            return await ask_terminal(write, collect)

    found = anyio.run(main)
    kinds = base64("image/png image/jpeg image/webp image/gif")
    assert written == [f"\x1b]5522;type=read;{kinds}\x1b\\"]
    return found


def test_over_ssh_the_terminal_is_asked() -> None:
    mime, data = base64("image/png"), png(20, 10)
    found = asked(
        osc("status=OK"),
        "52;c;bm90aGluZw==",
        osc("status=DATA", f"mime={mime}", payload=base64(data[:30])),
        osc("status=DATA", f"mime={base64('text/plain')}", payload=base64("words")),
        osc("status=DATA", f"mime={mime}", payload=base64(data[30:])),
        osc("status=DATA", f"mime={mime}", payload="no base64"),
        osc("status=DONE"),
    )
    assert found == Pasted(data)


@pytest.mark.parametrize(
    ("answer", "told"),
    [("status=EPERM", "did not give"), ("status=ENOSYS", "no image"), ("status=DONE", "no image")],
)
def test_a_terminal_that_gives_nothing_is_a_remark(answer: str, told: str) -> None:
    found = asked(osc(answer))
    assert found is not None and told in found.why


def test_a_terminal_that_floods_is_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwen_dual.frontends.tui.terminal.terminal_clipboard.MAX_BYTES", 100)
    part = osc("status=DATA", f"mime={base64('image/png')}", payload=base64(b"x" * 60))
    found = asked(part, part, part)
    assert found is not None and "more than 100 bytes" in found.why


def test_a_terminal_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwen_dual.frontends.tui.terminal.terminal_clipboard.QUIET", 0.05)
    assert asked() is None


@pytest.mark.parametrize(
    ("env", "can"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"KITTY_WINDOW_ID": "1"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty", "TMUX": "x"}, False),
    ],
)
def test_which_terminals_are_asked(env: dict[str, str], can: bool) -> None:
    assert can_be_asked(env) is can


@given(st.text(max_size=50), st.lists(st.integers(0, 60), max_size=5))
def test_an_osc_is_given_on_whole_however_it_is_cut(text: str, cuts: list[int]) -> None:
    body = "5522;" + "".join(char for char in text if char >= " " and char != "\x7f")
    keys: list[object] = []
    found: list[str] = []
    parser = KeyParser(keys.append)
    parser.on_osc = found.append
    data = f"\x1b]{body}\x1b\\"
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    for begin, end in pairwise(places):
        parser.feed(data[begin:end])
    parser.on_osc = None
    parser.feed("\x1b]5522;unasked\x07")
    assert (found, keys) == ([body], [])
