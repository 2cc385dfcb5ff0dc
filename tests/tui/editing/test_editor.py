"""The draft: rows, history, search, pastes, suggestions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.prompts.prompt import Entered
from qwen_dual.frontends.tui.editing.editor import MAX_UNFOLDED, Editor
from qwen_dual.frontends.tui.editing.history import MAX_ENTRIES, MAX_QUERY, History
from qwen_dual.frontends.tui.editing.paste import Pastes
from qwen_dual.frontends.tui.editing.rows import moved, row_starts
from qwen_dual.frontends.tui.editing.suggest import Suggestions
from qwen_dual.frontends.tui.text.lines import width_of
from tests.tui.support import FakeSession, text_of


def editor(text: str = "", cursor: int | None = None, width: int = 78) -> Editor:
    made = Editor()
    made.width = width
    made.set(text, cursor)
    return made


def place(draft: Editor) -> tuple[str, int]:
    return draft.text, draft.buffer.cursor_position


# -- rows ------------------------------------------------------------------------------------


def test_up_goes_a_row_up_then_to_the_line_edge_then_into_the_history() -> None:
    draft = editor()
    draft.set("sent")
    draft.take()
    draft.set("one\ntwo", 6)
    draft.up()
    assert place(draft) == ("one\ntwo", 2)
    draft.up()
    assert place(draft) == ("one\ntwo", 0)
    draft.up()
    assert draft.text == "sent"
    draft.down()
    draft.down()
    assert draft.text == "one\ntwo"


def test_down_goes_a_row_down_then_to_the_end() -> None:
    draft = editor("one\ntwo", 1)
    draft.down()
    assert place(draft) == ("one\ntwo", 5)
    draft.down()
    assert place(draft) == ("one\ntwo", 7)
    draft.down()
    assert place(draft) == ("one\ntwo", 7)


def test_rows_are_those_of_the_wrapped_line() -> None:
    assert row_starts("abcdef", 4) == [0, 4]
    assert moved("abcdef", 5, 4, -1) == 1
    assert moved("abcdef", 1, 4, 1) == 5
    assert moved("漢字漢字", 2, 4, -1) == 0


@given(st.text(st.sampled_from("ab\n\t漢"), max_size=40), st.integers(2, 9), st.data())
def test_a_move_lands_in_the_next_row_at_most_as_far_right(
    text: str, width: int, data: st.DataObject
) -> None:
    width = max(width, 4)
    cursor = data.draw(st.integers(0, len(text)))
    starts = row_starts(text, width)
    row = sum(start <= cursor for start in starts) - 1
    target = moved(text, cursor, width, 1)
    if row == len(starts) - 1:
        assert target is None
    else:
        assert target is not None
        assert sum(start <= target for start in starts) - 1 == row + 1
        column = width_of(text[starts[row] : cursor].replace("\t", "    "))
        assert width_of(text[starts[row + 1] : target].replace("\t", "    ")) <= column


def test_a_backslash_before_enter_is_a_new_line() -> None:
    draft = editor("one\\")
    assert draft.newline_for_backslash()
    assert place(draft) == ("one\n", 4)
    assert not draft.newline_for_backslash()


# -- history ---------------------------------------------------------------------------------


def test_the_history_keeps_the_draft_and_skips_repetitions_and_blanks() -> None:
    history = History()
    for text in ("a", "a", " ", "b"):
        history.add(text)
    assert history.back("draft") == "b"
    assert history.back("b") == "a"
    assert history.back("a") is None
    assert history.forward() == "b"
    assert history.forward() == "draft"
    assert history.forward() is None


def test_the_history_is_bounded() -> None:
    history = History()
    for number in range(MAX_ENTRIES + 5):
        history.add(str(number))
    assert history.find("3") == (998, "1003", 3)
    assert history.find("0", before=1) is None
    assert history.find("5", before=1) == (0, "5", 0)


def test_a_reverse_search_shows_the_newest_match_then_older_ones() -> None:
    draft = editor()
    for text in ("make test", "ls", "make run"):
        draft.set(text)
        draft.take()
    draft.set("draft", 2)
    draft.search_back()
    for char in "make":
        draft.search_type(char)
    assert draft.text == "make run"
    draft.search_back()
    assert draft.text == "make test"
    draft.search_back()
    assert draft.search is not None
    assert draft.search.failed
    draft.end_search(accept=False)
    assert place(draft) == ("draft", 2)


def test_a_search_that_is_accepted_leaves_what_it_found() -> None:
    draft = editor("make test")
    draft.take()
    draft.search_back()
    draft.search_type("testx")
    draft.search_backspace()
    draft.end_search(accept=True)
    assert draft.text == "make test"
    assert draft.search is None


def test_of_a_large_paste_the_beginning_is_searched_for() -> None:
    draft = editor()
    draft.set("x" * 2000)
    draft.take()
    draft.search_back()
    draft.search_type("x" * 20_000)
    draft.search_type("y")
    assert draft.search is not None
    assert (len(draft.search.query), draft.search.failed) == (MAX_QUERY, False)
    assert draft.text == "x" * 2000


# -- pastes ----------------------------------------------------------------------------------


def test_a_large_paste_is_folded_and_sent_in_full() -> None:
    draft = editor("look: ")
    text = "\n".join(f"line {number}" for number in range(84))
    draft.paste(text)
    assert draft.text == "look: [Pasted text #1 +84 lines]"
    assert draft.take() == f"look: {text}"


def test_a_small_paste_stays_as_it_is() -> None:
    draft = editor()
    draft.paste("a\nb\n")
    assert draft.text == "a\nb\n"


def test_a_long_line_is_folded_too() -> None:
    draft = editor()
    draft.paste("x" * 5000)
    assert draft.text == "[Pasted text #1 +5000 characters]"


def test_backspace_takes_a_folded_paste_as_one() -> None:
    draft = editor("a")
    draft.paste("\n" * 50)
    draft.backspace()
    assert draft.text == "a"
    draft.backspace()
    assert draft.text == ""


def test_a_placeholder_that_was_typed_stays_text() -> None:
    pastes = Pastes()
    typed = "[Pasted text #1 +84 lines]"
    assert pastes.expand(typed) == typed
    assert list(pastes.spans(typed)) == []


def test_a_placeholder_from_the_history_still_expands() -> None:
    draft = editor()
    text = "\n".join("abc" for _ in range(20))
    draft.paste(text)
    draft.take()
    draft.up()
    assert draft.take() == text


def test_every_number_is_a_paste_of_its_own() -> None:
    pastes = Pastes()
    first, second = pastes.fold("a\n" * 20), pastes.fold("b\n" * 20)
    assert pastes.expand(f"{second}{first}") == "b\n" * 20 + "a\n" * 20


# -- suggestions -----------------------------------------------------------------------------


def suggestions(text: str) -> Suggestions:
    made = Suggestions(FakeSession().slash)
    made.update(text)
    return made


def test_commands_are_suggested_by_prefix_and_arguments_after_them() -> None:
    assert [item.label for item in suggestions("/c").items] == ["/clear"]
    assert len(suggestions("/").items) == 4
    assert [item.label for item in suggestions("/approval-mode p").items] == ["/approval-mode plan"]
    for text in ("", "x", "/usr/bin", "/help me", "/clear\n"):
        assert not suggestions(text).shown


def test_a_dismissed_suggestion_comes_back_when_the_draft_changes() -> None:
    made = suggestions("/h")
    made.dismiss()
    assert not made.shown
    made.update("/he")
    assert made.shown


def test_the_selected_suggestion_stays_in_sight() -> None:
    made = suggestions("/")
    for _ in range(3):
        made.move(1)
    (line,) = made.lines(60, 1)
    assert made.accept()[0].strip() in text_of([line])[0]
    made.move(1)
    assert made.selected == 0


def test_commands_are_found_by_letters_in_order_the_likeliest_first() -> None:
    session = FakeSession()
    session.slash.add(SlashCommand("compress", "", lambda _, __: None))
    session.slash.add(SlashCommand("hide-model", "", lambda _, __: None))
    session.slash.add(SlashCommand("model", "", lambda _, __: None))

    def found(text: str) -> list[str]:
        made = Suggestions(session.slash)
        made.update(text)
        return [item.label for item in made.items]

    assert found("/mo") == ["/model", "/approval-mode", "/hide-model"]
    assert found("/cmprs") == ["/compress"]
    assert found("/hlp") == ["/help"]
    assert found("/usr/bin") == []


def test_the_menu_says_how_many_there_are() -> None:
    session = FakeSession()
    for number in range(20):
        session.slash.add(SlashCommand(f"more{number}", "", lambda _, __: None))
    made = Suggestions(session.slash)
    made.update("/more")
    made.move(-1)
    shown = text_of(made.lines(60, 10))
    assert shown[-2:] == ["  /more19", "  20 of 20"]
    assert len(shown) == 6
    assert len(text_of(made.lines(60, 3))) == 3


# -- earlier sessions ------------------------------------------------------------------------


def test_up_goes_on_into_what_earlier_sessions_sent() -> None:
    draft = editor("now")
    draft.take()
    draft.remember([Entered("oldest"), Entered("older"), Entered("ls", shell=True)])
    for expected in ("now", "older", "oldest", "oldest"):
        draft.up()
        assert draft.text == expected


def test_a_walk_goes_on_where_it_stands_when_earlier_sessions_come_in() -> None:
    draft = editor("now")
    draft.take()
    draft.up()
    draft.remember([Entered("older")])
    draft.up()
    assert draft.text == "older"
    draft.set(draft.text)
    draft.down()
    assert draft.text == "now"


def test_a_paste_of_an_earlier_session_is_what_its_placeholder_stands_for() -> None:
    draft = editor()
    draft.paste("mine\n" * 20)
    shown = draft.text
    draft.clear()
    draft.remember([Entered(f"what is {shown}?", pastes={shown: "theirs\n" * 20})])
    draft.up()
    draft.up()
    assert draft.text == "what is [Pasted text #2 +20 lines]?"
    assert draft.expanded() == "what is " + "theirs\n" * 20 + "?"


def test_a_placeholder_whose_paste_is_gone_stands_for_no_other() -> None:
    draft = editor()
    draft.paste("mine\n" * 20)
    shown = draft.text
    draft.clear()
    draft.remember([Entered(shown)])
    draft.up()
    draft.up()
    assert draft.expanded() == "[Pasted text #1 +20 lines, not kept]"


def test_reverse_search_ignores_case() -> None:
    draft = editor()
    draft.remember([Entered("Run the TESTS")])
    draft.search_back()
    draft.search_type("tests")
    assert place(draft) == ("Run the TESTS", 8)


def test_what_is_sent_is_kept_and_what_is_cleared_or_begins_with_a_blank_is_not() -> None:
    draft = editor()
    kept: list[Entered] = []
    draft.on_entered = kept.append
    draft.set("cleared")
    draft.clear()
    for text in ("sent", " private", "  "):
        draft.set(text)
        draft.take()
    assert kept == [Entered("sent")]
    draft.up()
    assert draft.text == " private"


def test_what_an_editor_brings_back_is_folded_where_each_key_would_go_through_megabytes() -> None:
    editor = Editor()
    editor.put("short\ntext\n" * 20)
    assert editor.text == "short\ntext\n" * 20
    text = "x" * (MAX_UNFOLDED + 1)
    editor.put(text)
    assert editor.text == f"[Pasted text #1 +{len(text)} characters]"
    assert editor.expanded() == text
