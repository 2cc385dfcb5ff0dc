"""Images in the draft: pasted, dropped, one unit each, and sent with the prompt that names them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.prompts.prompt import Entered
from qwen_dual.frontends.tui.editing.draft_images import DraftImages
from qwen_dual.frontends.tui.editing.dropped import dropped
from qwen_dual.frontends.tui.editing.editor import Editor
from qwen_dual.frontends.tui.editing.pasting import Pasting
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
    draft = DraftImages(count(1).__next__)
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
    draft = DraftImages(count(1).__next__)
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


def test_a_prompts_image_that_is_refused_leaves_nothing_that_seems_to_run() -> None:
    desk = Desk()
    asked_for = request("r9", tool_use_id="prompt_1", tool_name="read_file")
    desk.session.bus.publish(asked_for)
    desk.session.bus.publish(
        events.control_response("r9", allowed=False, resolved_by="keyboard", message="no")
    )
    assert not desk.view.work.tools and not desk.view.work.requests
