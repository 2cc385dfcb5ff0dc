"""Forms: a question's choices and field, going on and back, and what they look like."""

from __future__ import annotations

import pytest

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.frontends.tui.dialogs.field import CURSOR, Field
from qwen_dual.frontends.tui.dialogs.form import MANY, Sheet
from qwen_dual.frontends.tui.dialogs.form_lines import MAX_ROWS, form_lines
from qwen_dual.frontends.tui.text.lines import width_of
from tests.tui.support import form_of, text_of

FEW = tuple(Choice(name, summary=f"the {name} one") for name in ("red", "green", "blue"))
COUNTRIES = tuple(Choice(f"value{number}", f"Country {number}") for number in range(30))


def sheet(*questions: Question) -> Sheet:
    return Sheet(form_of(*questions))


def shown(form: Sheet, width: int = 60, height: int = 20) -> list[str]:
    return text_of(form_lines(form, width, height))


def keys(form: Sheet, *names: str) -> Sheet:
    """Presses keys; a single character is typed."""
    for name in names:
        if len(name) == 1:
            form.type(name)
        else:
            form.key(name)
    return form


@pytest.mark.parametrize(
    ("pressed", "answer"),
    [
        (["enter"], "red"),
        (["down", "enter"], "green"),
        (["j", "j", "k", "enter"], "green"),
        (["up", "enter"], "blue"),
        (["end", "home", "tab", "enter"], "green"),
        (["3"], "blue"),
    ],
)
def test_a_choice_is_picked_by_arrows_letters_digits_and_enter(
    pressed: list[str], answer: str
) -> None:
    form = keys(sheet(Question("Which?", FEW)), *pressed)
    assert (form.state, form.answers) == ("done", [answer])


def test_the_default_is_selected_at_first() -> None:
    form = sheet(Question("Which?", FEW, default="blue"))
    assert shown(form) == [
        "? Which?",
        "",
        "    1. red    the red one",
        "    2. green  the green one",
        "  › 3. blue   the blue one",
        "",
        "  enter takes it · esc closes",
    ]


def test_a_choice_that_does_not_fit_says_that_there_is_more() -> None:
    form = sheet(Question("Which?", (Choice("a", "a rather long choice"), Choice("b", "short"))))
    rows = shown(form, width=20)
    assert "  › 1. a rather lon…" in rows
    assert "    2. short" in rows
    assert max(map(width_of, rows)) <= 20


def test_a_digit_without_a_choice_and_a_strange_letter_do_nothing() -> None:
    form = keys(sheet(Question("Which?", FEW)), "9", "0", "x", "²")
    assert form.state == "open"
    assert keys(form, "enter").answers == ["red"]


def test_many_choices_are_filtered_by_typing_and_escape_takes_the_filter_back() -> None:
    form = sheet(Question("Where?", COUNTRIES))
    assert len(COUNTRIES) > MANY
    keys(form, *"country 2")
    assert "12 of 30" in shown(form)[1] + shown(form)[2]
    keys(form, "escape")
    assert "type to filter · 30 of 30" in "\n".join(shown(form))
    keys(form, *"29", "enter")
    assert form.answers == ["value29"]


def test_a_filter_that_nothing_matches_picks_nothing() -> None:
    form = keys(sheet(Question("Where?", COUNTRIES)), *"xyz", "enter")
    assert form.state == "open"
    assert "Pick one first." in "\n".join(shown(form))
    keys(form, "backspace", "backspace", "backspace", "enter")
    assert form.answers == ["value0"]


def test_a_filter_that_nothing_matches_becomes_the_text_of_ones_own() -> None:
    form = keys(sheet(Question("Where?", COUNTRIES, free=True)), *"mars", "enter")
    assert form.answers == ["mars"]


def test_the_selected_one_of_many_stays_in_sight() -> None:
    form = sheet(Question("Where?", COUNTRIES))
    for _ in range(25):
        assert any("›" in line for line in shown(form))
        assert len([line for line in shown(form) if "Country" in line]) == MAX_ROWS
        form.key("down")
    form.key("pagedown")
    assert "› Country 29" in "\n".join(shown(form))


def test_space_picks_several_and_enter_goes_on() -> None:
    form = keys(sheet(Question("Which?", FEW, several=True)), " ", "down", "j", " ")
    assert "[x] red" in "\n".join(shown(form))
    assert keys(form, "enter").answers == ["red, blue"]
    assert keys(sheet(Question("Which?", FEW, several=True)), "2", "3", "2", "enter").answers == [
        "blue"
    ]


def test_enter_alone_means_the_selected_one_of_several() -> None:
    assert keys(sheet(Question("Which?", FEW, several=True)), "down", "enter").answers == ["green"]


def test_a_text_of_ones_own_beside_the_choices() -> None:
    form = keys(sheet(Question("Which?", FEW, free=True)), "up", *"jk 1?", "enter")
    assert form.answers == ["jk 1?"]
    form = keys(sheet(Question("Which?", FEW, free=True, several=True)), " ", "up", *"mine")
    assert keys(form, "enter").answers == ["red, mine"]
    form = keys(sheet(Question("Which?", FEW, free=True)), "4", "enter")
    assert form.state == "open"


def test_a_text_has_its_default_and_may_have_to_be_something() -> None:
    assert keys(sheet(Question("Name", default="a b")), *" c", "enter").answers == ["a b c"]
    form = keys(sheet(Question("Name")), " ", "enter")
    assert form.state == "open"
    assert "Something is needed here." in "\n".join(shown(form))
    assert keys(sheet(Question("Name", optional=True)), "enter").answers == [""]


def test_a_secret_is_shown_as_dots_and_nowhere_else() -> None:
    form = sheet(Question("The key", secret=True, default="never"), Question("Sure?", FEW))
    form.paste("s3cret\n")
    text = "\n".join(shown(form))
    assert "> ••••••" in text
    assert "s3cret" not in text
    keys(form, "enter", "escape")
    assert "s3cret" not in repr(vars(form.page.field))  # coming back begins anew
    assert form.page.field.text == ""


def test_escape_goes_back_to_the_answer_before_and_then_closes() -> None:
    form = sheet(Question("Name", default="x"), Question("Which?", FEW), Question("Why"))
    keys(form, *"yz", "enter", "2", *"so")
    keys(form, "escape")
    assert "› 2. green" in "\n".join(shown(form))
    keys(form, "escape")
    assert form.page.field.text == "xyz"
    assert "esc closes" in "\n".join(shown(form))
    keys(form, "escape")
    assert form.state == "cancelled"


def test_a_later_question_may_depend_on_an_earlier_answer() -> None:
    form = Sheet(lambda answers: Question(f"{len(answers)}") if answers != ("end",) else None)
    form.type("end")
    form.key("enter")
    assert form.state == "done"


def test_a_form_without_a_question_is_done_at_once() -> None:
    assert Sheet(lambda _: None).state == "done"


@pytest.mark.parametrize("several", [False, True])
def test_what_chooses_nothing_begins_an_answer_in_words_where_one_may_be_given(
    several: bool,
) -> None:
    form = keys(sheet(Question("Which?", FEW, free=True, several=several)), *"none of 3", "enter")
    assert form.answers == ["none of 3"]
    pasted = sheet(Question("Which?", FEW, free=True, several=several))
    pasted.paste("2")
    pasted.type("x")
    assert keys(pasted, "enter").answers == ["2x"]


def test_a_paste_chooses_nothing() -> None:
    form = sheet(Question("Which?", FEW))
    form.paste("2")
    assert (form.state, form.page.at) == ("open", 0)


@pytest.mark.parametrize("width", [1, 2, 5, 20, 30, 80])
@pytest.mark.parametrize("height", [0, 1, 2, 3, 5, 8, 24])
@pytest.mark.parametrize(
    "question",
    [
        Question("Which " * 30, FEW, free=True),
        Question("Where?", COUNTRIES, several=True),
        Question("漢字" * 20, default="漢字 e\u0301" * 40),
        Question("Key", secret=True),
    ],
    ids=["few", "many", "wide text", "secret"],
)
def test_a_form_never_exceeds_its_room(question: Question, width: int, height: int) -> None:
    form = sheet(question)
    form.type("a")
    lines = shown(form, width, height)
    assert len(lines) <= height
    assert all(width_of(line) <= max(width, 2) for line in lines)


def test_escape_sequences_in_a_question_do_not_reach_the_screen() -> None:
    choices = (Choice("a\x1b[2J", summary="\x1b]0;x\x07s"), Choice("b\nc"))
    text = "".join(shown(sheet(Question("W\x1b[2Jhich?", choices))))
    assert "\x1b" not in text
    assert "\n" not in text


# -- the field -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pressed", "text", "cursor"),
    [
        (["left", "backspace"], "one two thre", 11),
        (["home", "delete"], "ne two three", 0),
        (["word left", "delete word left"], "one three", 4),
        (["word left", "delete to end"], "one two ", 8),
        (["word left", "delete to start"], "three", 0),
        (["home", "word right", "delete word right"], "one three", 3),
        (["home", "right", "left", "left", "end", "right"], "one two three", 13),
        (["delete word left"], "one two ", 8),
    ],
)
def test_the_field_is_edited_with_the_usual_keys(
    pressed: list[str], text: str, cursor: int
) -> None:
    field = Field("one two three")
    for key in pressed:
        assert field.key(key)
    assert (field.text, field.cursor) == (text, cursor)
    assert not field.key("pageup")


def test_a_word_is_deleted_behind_a_very_long_one() -> None:
    field = Field("x" * 100_000 + " y  ")
    field.key("delete word left")
    assert field.text == "x" * 100_000 + " "
    field.key("delete word left")
    field.key("delete word left")
    assert field.text == ""


def test_the_part_around_the_cursor_is_shown() -> None:
    field = Field("x" * 50 + "end")
    assert text_of([field.line(10, cursor=True)]) == ["xxxxxxend"]
    field.key("home")
    line = field.line(10, cursor=True)
    assert text_of([line]) == ["xxxxxxxxx"]
    assert line.index(CURSOR) == 1


def test_a_very_long_text_costs_no_more_to_show() -> None:
    field = Field("漢" * 5_000_000)
    assert width_of("".join(text_of([field.line(40, cursor=True)]))) <= 40


# -- previews and checks ---------------------------------------------------------------------


def previewed(*keys: str) -> list[str]:
    """What was previewed by these keys, of three colours with the second in force."""
    seen: list[str] = []
    colours = tuple(Choice(name) for name in ("red", "green", "blue"))
    lasting = Question("For how long?", (Choice("session"), Choice("keep")))
    sheet = Sheet(form_of(Question("?", colours, "green", preview=seen.append), lasting))
    for key in keys:
        if key == "ctrl+c":
            sheet.cancel()
        else:
            sheet.key(key)
    return seen


def test_what_the_mark_stands_on_is_previewed() -> None:
    assert previewed("down", "up", "up") == ["blue", "green", "red"]


@pytest.mark.parametrize(
    "leaving", [["escape"], ["ctrl+c"], ["enter", "ctrl+c"], ["enter", "escape", "escape"]]
)
def test_what_was_previewed_is_as_before_when_nothing_is_picked(leaving: list[str]) -> None:
    assert previewed("down", *leaving) == ["blue", "green"]


def test_what_was_picked_stays() -> None:
    assert previewed("down", "enter", "enter") == ["blue"]


def test_a_wrong_answer_is_asked_for_again_with_what_was_typed() -> None:
    check = {"bad": "that is bad"}.get
    sheet = Sheet(form_of(Question("?", check=check), Question("next?")))
    sheet.type("bad")
    sheet.key("enter")
    assert sheet.answers == []
    assert sheet.page.field.text == "bad"
    assert "that is bad" in "\n".join(text_of(form_lines(sheet, 60, 10)))
    sheet.key("backspace")
    assert "that is bad" not in "\n".join(text_of(form_lines(sheet, 60, 10)))
    sheet.key("enter")
    assert sheet.answers == ["ba"]
