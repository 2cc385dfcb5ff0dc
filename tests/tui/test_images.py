"""Images in the draft: pasted, dropped, one unit each, and sent with the prompt that names them."""

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

from qwen_dual.core.prompts import Entered
from qwen_dual.frontends.tui.clipboard_image import Pasted, read_clipboard
from qwen_dual.frontends.tui.draft_images import DraftImages
from qwen_dual.frontends.tui.dropped import dropped
from qwen_dual.frontends.tui.editor import Editor
from qwen_dual.frontends.tui.keyparser import KeyParser
from qwen_dual.frontends.tui.pasting import Pasting
from qwen_dual.frontends.tui.terminal_clipboard import ask_terminal, can_be_asked
from qwen_dual.protocol import events
from tests.support.images import image, png
from tests.tui.support import Desk, request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from qwen_dual.protocol.content_shapes import PromptImage

TITLE = "[image 1: clipboard, 800×600]"


def with_image(before: str = "", after: str = "") -> Editor:
    draft = Editor()
    draft.insert(before)
    draft.insert(draft.images.add("clipboard", image(png(800, 600))))
    draft.insert(after)
    return draft


# -- what was dropped ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "paths"),
    [
        ("/a/b.png", ["/a/b.png"]),
        (" /a/b.PNG \n", ["/a/b.PNG"]),
        ("'/a/my shot.png' ", ["/a/my shot.png"]),
        ('"/a/my shot.jpg"', ["/a/my shot.jpg"]),
        (r"/a/my\ shot\ \(1\).jpeg ", ["/a/my shot (1).jpeg"]),
        ("file:///a/my%20shot.webp", ["/a/my shot.webp"]),
        ("file://localhost/a/b.gif\r\n", ["/a/b.gif"]),
        ("~/b.png", ["~/b.png"]),
        ("/a/b.png /c/d.png", ["/a/b.png", "/c/d.png"]),
        ("'/a b.png' '/c d.png' ", ["/a b.png", "/c d.png"]),
        ("/a b.png\n/c d.png\n", ["/a b.png", "/c d.png"]),
        ("file:///a.png\nfile:///b.png", ["/a.png", "/b.png"]),
        ("/a/it's.png", ["/a/it's.png"]),
    ],
)
def test_a_path_is_known_however_the_terminal_writes_it(pasted: str, paths: list[str]) -> None:
    assert paths in dropped(pasted)


def test_a_path_with_blanks_that_nothing_holds_together_is_one_or_many() -> None:
    assert dropped("/a/my shot.png") == [["/a/my shot.png"]]
    assert dropped("/a.png /b.png") == [["/a.png /b.png"], ["/a.png", "/b.png"]]


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "look at /a/b.png",
        "/a/b.txt",
        "b.png",
        "https://x.y/b.png",
        "file://elsewhere/b.png",
        "/a/b.png and /c.png",
        "'/a/b.png",
        "x" * 30_000 + "/a.png",
        "/a.png " * 50,
    ],
)
def test_anything_else_stays_the_text_it_is(pasted: str) -> None:
    assert [found for found in dropped(pasted) if len(found) != 1] == []
    assert all(path == pasted.strip() for found in dropped(pasted) for path in found)


@given(st.text())
def test_no_text_breaks_it(pasted: str) -> None:
    for reading in dropped(pasted):
        assert all(path.startswith(("/", "~/")) for path in reading)


# -- one unit --------------------------------------------------------------------------------


def test_backspace_and_delete_take_the_whole_title() -> None:
    draft = with_image("a")
    draft.backspace()
    assert draft.text == "a"
    draft = with_image("a", "b")
    draft.set(draft.text, 1)
    draft.delete()
    assert draft.text == "ab"


def test_the_cursor_steps_over_it_both_ways() -> None:
    draft = with_image("a", "b")
    end = 1 + len(TITLE)
    draft.set(draft.text, 1)
    draft.buffer.cursor_right()
    assert draft.cursor == end
    draft.buffer.cursor_left()
    assert draft.cursor == 1


@given(st.lists(st.integers(-3, 40), max_size=30))
def test_no_movement_ends_inside_of_it(steps: list[int]) -> None:
    draft = with_image("one ", " two")
    for step in steps:
        draft.buffer.cursor_position = min(max(0, draft.cursor + step - 10), len(draft.text))
        inside = range(5, 4 + len(TITLE))
        assert draft.cursor not in inside


def test_a_folded_paste_is_a_unit_too() -> None:
    draft = Editor()
    draft.paste("\n" * 50)
    length = len(draft.text)
    draft.buffer.cursor_left()
    assert (draft.cursor, draft.unit_after) == (0, length)


def test_what_is_sent_has_its_images_in_order_each_once() -> None:
    draft = DraftImages()
    first, second = draft.add("a.png", image()), draft.add_file("/x/b.png", 34_000)
    assert (first, second) == ("[image 1: a.png, 800×600]", "[image 2: b.png, 34 kB]")
    found = draft.images_in(f"{second} and {first}, {second}; [image 3: c.png]")
    assert [block.get("title") for block in found] == [second, first]


def test_a_title_from_the_history_brings_its_image_back() -> None:
    draft = with_image("look ")
    text = draft.take()
    draft.up()
    assert draft.text == text and len(draft.content_of(draft.text)[1:]) == 1


def test_a_title_of_an_earlier_session_stands_for_nothing() -> None:
    draft = Editor()
    draft.remember([Entered(f"look {TITLE}")])
    draft.insert(draft.images.add("clipboard", image(png(800, 600))))
    assert len(draft.content_of(draft.text)[1:]) == 1
    draft.drop()
    draft.up()
    assert draft.text == "look [image 1: clipboard, 800×600, not kept]"
    assert draft.content_of(draft.text) == ()


def test_a_name_cannot_break_its_title() -> None:
    draft = DraftImages()
    title = draft.add_file("/x/]\x1b[31m[image 9: x]\n.png", 10)
    assert draft.images_in(f"a {title} b")
    assert "\x1b" not in title and "\n" not in title


# -- on its way in ---------------------------------------------------------------------------


class PastingDesk(Desk):
    """A desk whose work beside the UI is done at once."""

    def __init__(self, env: dict[str, str]) -> None:
        super().__init__()
        self.pasting = Pasting(self.controller, self.start, lambda: env)

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        anyio.run(work)


def sent(desk: PastingDesk) -> list[PromptImage]:
    return desk.controller.editor.images.images_in(desk.controller.editor.text)


def test_a_dropped_path_becomes_a_title_and_nothing_of_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "my shot.png"
    path.write_bytes(b"x" * 1234)
    path.chmod(0)
    desk = PastingDesk({})
    desk.controller.editor.insert("see ")
    desk.controller.editor.paste(f"'{path}' ")
    assert desk.controller.editor.text == "see [image 1: my shot.png, 1 kB] "
    [block] = sent(desk)
    assert block["source"] == {"type": "path", "path": str(path)}


def test_a_path_of_nothing_or_of_a_folder_stays_text(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    desk = PastingDesk({})
    for name in ("gone.png", "folder.png"):
        desk.controller.editor.paste(f"{tmp_path}/{name}")
        assert desk.controller.editor.text == f"{tmp_path}/{name}"
        desk.controller.editor.drop()


def test_several_paths_and_one_of_the_home_folder(tmp_path: Path) -> None:
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).touch()
    desk = PastingDesk({"HOME": str(tmp_path)})
    desk.controller.editor.paste(f"~/a.png\n{tmp_path}/b.jpg\n")
    assert desk.controller.editor.text.split("\n") == ["[image 1: a.png] [image 2: b.jpg]", ""]


def test_a_path_that_was_edited_meanwhile_stays(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    desk = PastingDesk({})
    editor = desk.controller.editor
    editor.on_dropped = lambda text, at: None
    editor.paste(f"{tmp_path}/a.png")
    editor.backspace()
    desk.pasting.dropped(f"{tmp_path}/a.png", 0)
    assert editor.text == f"{tmp_path}/a.pn"


def test_in_shell_mode_a_path_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    desk = PastingDesk({})
    desk.controller.bang()
    desk.controller.editor.paste(f"{tmp_path}/a.png")
    assert desk.controller.editor.text == f"{tmp_path}/a.png"


def test_the_image_is_submitted_with_the_text_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    desk = PastingDesk({})
    desk.controller.editor.insert("what is ")
    desk.controller.editor.paste(f"{tmp_path}/a.png")
    desk.controller.enter()
    [content] = desk.session.contents
    assert [block["type"] for block in content] == ["text", "image"]
    assert content[0]["text"] == "what is [image 1: a.png]"


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
    monkeypatch.setattr("qwen_dual.frontends.tui.clipboard_image.TIMEOUT", 0.3)
    monkeypatch.setattr("qwen_dual.frontends.tui.clipboard_image.MAX_BYTES", 1 << 20)
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

        with anyio.fail_after(10):
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
    monkeypatch.setattr("qwen_dual.frontends.tui.terminal_clipboard.MAX_BYTES", 100)
    part = osc("status=DATA", f"mime={base64('image/png')}", payload=base64(b"x" * 60))
    found = asked(part, part, part)
    assert found is not None and "more than 100 bytes" in found.why


def test_a_terminal_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwen_dual.frontends.tui.terminal_clipboard.QUIET", 0.05)
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


def test_a_prompts_image_that_is_refused_leaves_nothing_that_seems_to_run() -> None:
    desk = Desk()
    asked_for = request("r9", tool_use_id="prompt_1", tool_name="read_file")
    desk.session.bus.publish(asked_for)
    desk.session.bus.publish(
        events.control_response("r9", allowed=False, resolved_by="keyboard", message="no")
    )
    assert not desk.view.work.tools and not desk.view.work.requests
