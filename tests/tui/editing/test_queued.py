"""Queued prompts, edited and removed: by keys, without a screen."""

from __future__ import annotations

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.frontends.tui.editing.queued import EDIT_TIP, REMOVE_TIP
from qwen_dual.protocol import events
from tests.tui.support import Desk, feed


def desk(*waiting: Prompt | str) -> Desk:
    made = Desk()
    made.session.busy = True
    for prompt in waiting:
        made.session.waiting.add(Prompt(prompt, KEYBOARD) if isinstance(prompt, str) else prompt)
    return made


def test_up_on_an_empty_draft_takes_the_last_queued_prompt_back() -> None:
    at = desk("one", "two")
    at.controller.up()
    assert at.controller.editor.text == "two"
    assert at.session.waiting.texts() == ["one"]
    assert at.controller.tip == EDIT_TIP


def test_enter_puts_an_edited_prompt_where_it_was() -> None:
    at = desk("one", "two", "three")
    at.controller.up()
    at.controller.up()
    assert at.session.waiting.texts() == ["one", "three"]
    at.controller.editor.insert(" more")
    at.controller.enter()
    assert at.session.waiting.texts() == ["one", "two more", "three"]
    assert at.session.submitted == []
    assert at.controller.editor.empty
    assert at.controller.tip == ""


def test_an_emptied_prompt_leaves_the_queue() -> None:
    at = desk("one", "two")
    at.controller.up()
    at.controller.editor.set("")
    assert at.controller.tip == REMOVE_TIP
    at.controller.enter()
    assert at.session.waiting.texts() == ["one"]


def test_down_goes_back_to_an_empty_draft_with_the_queue_as_it_was() -> None:
    at = desk("one", "two")
    at.controller.up()
    at.controller.up()
    assert at.controller.editor.text == "one"
    at.controller.up()
    assert at.controller.editor.text == "one"
    at.controller.down()
    assert at.controller.editor.text == "two"
    at.controller.down()
    assert at.controller.editor.empty
    assert at.session.waiting.texts() == ["one", "two"]


def test_once_it_was_edited_up_moves_in_it_first() -> None:
    at = desk("one", "two")
    at.controller.up()
    at.controller.editor.insert(" more\nlines")
    at.controller.up()
    assert at.controller.editor.text == "two more\nlines"
    for _ in range(3):
        at.controller.up()
    assert at.controller.editor.text == "one"
    assert at.session.waiting.texts() == ["two more\nlines"]


def test_what_came_from_outside_stays_in_the_queue() -> None:
    at = desk("mine", Prompt("theirs", INPUT, "id-1"))
    at.controller.up()
    assert at.controller.editor.text == "mine"
    at.controller.enter()
    assert at.session.waiting.texts() == ["mine", "theirs"]


def test_a_command_for_the_shell_comes_back_as_one() -> None:
    at = desk(Prompt("ls", KEYBOARD, action="shell"))
    at.controller.up()
    assert at.controller.editor.shell
    at.controller.enter()
    assert at.session.waiting.texts() == ["!ls"]


def test_with_a_draft_or_an_empty_queue_up_is_the_history() -> None:
    at = desk("one")
    at.type("sent")
    at.controller.enter()
    at.type("draft")
    at.controller.up()
    at.controller.up()
    assert at.controller.editor.text == "sent"
    assert at.session.waiting.texts() == ["one"]


def test_a_long_prompt_comes_back_folded_and_goes_back_whole() -> None:
    text = "line\n" * 5000 + "what is this?"
    at = desk(text)
    at.controller.up()
    assert at.controller.editor.text == "[Pasted text #1 +5001 lines]"
    at.controller.enter()
    assert at.session.waiting.texts() == [text]


def test_escape_gives_the_queue_back_and_the_draft_is_an_ordinary_one() -> None:
    at = desk("one", "two")
    at.controller.up()
    at.session.queue = [Prompt("one", KEYBOARD)]
    at.controller.escape()
    assert at.controller.editor.text == "one\ntwo"
    assert at.controller.tip == ""
    at.session.busy = False
    at.controller.enter()
    assert at.session.submitted == ["one\ntwo"]


def given_back(at: Desk, *prompts: Prompt) -> tuple[bool, str]:
    at.session.queue = list(prompts)
    at.controller.escape()
    return at.controller.editor.shell, at.controller.editor.text


def test_a_prompt_that_comes_back_into_shell_mode_does_not_become_a_command() -> None:
    prompt, command = Prompt("one", KEYBOARD), Prompt("date", KEYBOARD, action="shell")
    at = desk()
    at.controller.bang()
    at.controller.editor.insert("ls")
    assert given_back(at, prompt, command) == (False, "one\n!date\n!ls")


def test_commands_alone_come_back_as_commands() -> None:
    command = Prompt("date", KEYBOARD, action="shell")
    assert given_back(desk(), command, command) == (True, "date\ndate")
    at = desk()
    at.controller.bang()
    at.controller.editor.insert("ls")
    assert given_back(at, command) == (True, "date\nls")
    at = desk()
    at.controller.editor.insert("draft")
    assert given_back(at, command) == (False, "!date\ndraft")


def test_a_queued_command_is_listed_with_its_mark() -> None:
    at = desk(Prompt("date", KEYBOARD, action="shell"), "one")
    assert [item["text"] for item in at.session.waiting.listing()] == ["!date", "one"]


def shown(at: Desk) -> list[str]:
    """The queue as the person sees it."""
    feed(at.view, [events.system("queue", {"prompts": at.session.waiting.listed()})])
    return [queued.text for queued in at.view.work.queue]


def sent(at: Desk, text: str = "", *, pasted: str = "") -> None:
    """Queues a prompt as the keys do."""
    if pasted:
        at.controller.editor.paste(pasted)
    at.type(text)
    at.controller.enter()
    at.session.waiting.add(Prompt(at.session.submitted[-1], KEYBOARD))


def test_each_that_waits_is_shown_as_it_was_typed_though_they_begin_alike() -> None:
    at = desk()
    pasted = "a line of the log\n" * 5000
    sent(at, " what is this?", pasted=pasted)
    sent(at, "a line")
    sent(at, " and who wrote it?", pasted=pasted)
    assert shown(at) == [
        "[Pasted text #1 +5000 lines] what is this?",
        "a line",
        "[Pasted text #2 +5000 lines] and who wrote it?",
    ]


def test_the_question_behind_a_paste_is_edited_and_the_paste_stays_folded() -> None:
    at = desk()
    pasted = "a line of the log\n" * 5000
    sent(at, " first", pasted=pasted)
    sent(at, " second", pasted=pasted)
    at.controller.up()
    at.controller.up()
    assert at.controller.editor.text == "[Pasted text #1 +5000 lines] first"
    at.type(" of all")
    at.controller.enter()
    assert shown(at) == [
        "[Pasted text #1 +5000 lines] first of all",
        "[Pasted text #2 +5000 lines] second",
    ]
    assert at.session.waiting.texts()[0] == f"{pasted} first of all"
    at.controller.up()
    at.controller.editor.set("")
    at.controller.enter()
    assert shown(at) == ["[Pasted text #1 +5000 lines] first of all"]


def test_what_an_interrupt_gives_back_is_as_it_was_typed() -> None:
    at = desk()
    pasted = "a line of the log\n" * 5000
    sent(at, " first", pasted=pasted)
    sent(at, "second")
    at.controller.queued.take_back(at.session.waiting.drain())
    assert at.controller.editor.text == "[Pasted text #1 +5000 lines] first\nsecond"
    assert at.controller.editor.expanded() == f"{pasted} first\nsecond"
