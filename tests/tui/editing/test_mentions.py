"""Files after ``@``: suggested at the cursor, taken, dismissed, found later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.commands.questions import Choice
from tests.tui.support import Desk

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeFiles:
    """Knows what it is told."""

    def __init__(self, *paths: str) -> None:
        self.on_change: Callable[[], object] = lambda: None
        self.paths = list(paths)
        self.asked: list[str] = []

    def suggest(self, query: str, limit: int) -> list[Choice]:
        """Those that hold the query."""
        self.asked.append(query)
        return [Choice(path) for path in self.paths if query in path][:limit]


def suggesting(desk: Desk) -> bool:
    return desk.controller.suggestions.shown


def test_files_are_suggested_at_the_cursor_and_tab_takes_one() -> None:
    desk = Desk(FakeFiles("src/", "src/main.py", "my notes.md"))
    desk.type("look at @ma and go")
    editor = desk.controller.editor
    assert not suggesting(desk)
    editor.buffer.cursor_position = len("look at @ma")
    assert [item.label for item in desk.controller.suggestions.items] == ["src/main.py"]
    desk.controller.complete()
    assert (editor.text, editor.cursor) == ("look at @src/main.py and go", 20)


def test_a_folder_goes_on_and_a_file_ends_with_a_blank() -> None:
    desk = Desk(FakeFiles("src/", "src/main.py", "my notes.md"))
    desk.type("@sr")
    desk.controller.enter()
    assert desk.controller.editor.text == "@src/"
    assert suggesting(desk)
    desk.controller.down()
    desk.controller.enter()
    assert desk.controller.editor.text == "@src/main.py "
    assert not suggesting(desk)
    desk.type("@not")
    desk.controller.enter()
    assert desk.controller.editor.text == "@src/main.py @my\\ notes.md "
    desk.controller.enter()
    assert desk.session.submitted == ["@src/main.py @my\\ notes.md"]


def test_a_blank_in_a_mention_is_escaped_both_ways() -> None:
    files = FakeFiles("my notes.md")
    desk = Desk(files)
    desk.type("@my\\ n")
    assert files.asked[-1] == "my n"


def test_a_mention_typed_in_full_is_sent_by_enter() -> None:
    desk = Desk(FakeFiles("a.py", "a.pyi"))
    desk.type("see @a.py")
    assert suggesting(desk)
    desk.controller.enter()
    assert desk.session.submitted == ["see @a.py"]


def test_an_address_is_no_mention() -> None:
    files = FakeFiles("x")
    desk = Desk(files)
    desk.type("me@x ./@x")
    assert files.asked == []


def test_escape_dismisses_the_files_until_the_draft_changes() -> None:
    desk = Desk(FakeFiles("a.py"))
    desk.type("@a")
    desk.controller.escape()
    assert not suggesting(desk)
    desk.controller.editor.buffer.cursor_position = 1
    desk.controller.editor.buffer.cursor_position = 2
    assert not suggesting(desk)
    desk.type(".")
    assert suggesting(desk)


def test_what_is_found_later_appears_and_the_selected_one_stays() -> None:
    files = FakeFiles("b1", "b2")
    desk = Desk(files)
    desk.type("@b")
    desk.controller.down()
    files.paths.insert(0, "b0")
    desk.controller.files_changed()
    suggestions = desk.controller.suggestions
    assert [item.label for item in suggestions.items] == ["b0", "b1", "b2"]
    assert suggestions.items[suggestions.selected].label == "b2"


def test_a_mention_is_looked_for_in_a_bounded_part_of_a_huge_draft() -> None:
    files = FakeFiles("a.py")
    desk = Desk(files)
    desk.controller.editor.set("x" * 1_000_000 + " @a")
    assert [item.label for item in desk.controller.suggestions.items] == ["a.py"]
