"""vi's keys in the editor, through prompt-toolkit, with everything of ours that they meet."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.enums import EditingMode

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.frontends.tui.controller import CLEAR_HINT, EXIT_HINT
from tests.tui.keyboard import Keyboard, play
from tests.tui.support import request, state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ESC = "\x1b"

# What is typed, Esc and all in one piece, and what is sent of it.
DRAFTS = (
    ("one two\x1b0iX", "Xone two"),
    ("one two\x1bbcwX", "one X"),
    ("one two\x1bbdw", "one"),
    ("one two\x1b0dwx", "wo"),
    ("one two three\x1b02dw", "three"),
    ("one two\x1b0ciwX", "X two"),
    ("one two\x1b0fti!?", "one !?two"),
    ("one two\x1bccX", "X"),
    ("one two\x1bddiX", "X"),
    ("one two\x1b0DaX", "X"),
    ("one two\x1byyp", "one two\none two"),
    ("one two\x1b0ywP", "one one two"),
    ("ab\x1b0rX", "Xb"),
    ("ab\x1b0r?", "?b"),
    ("ab\x1b0r!x", "b"),
    ("ab\x1b0r\rx", "b"),  # enter is no character to put there, and sends nothing
    ("ab\x1b0d\rx", "b"),
    ("ab\x1b0d?x", "b"),
    ("abc\x1b0RX!", "X!c"),
    ("a b\x1b0vd", "b"),
    ("one\x1boX", "one\nX"),
    ("one\x1bOX", "X\none"),
    ("one\ntwo\x1bkiX", "onXe\ntwo"),
    ("one\ntwo\x1bggiX", "Xone\ntwo"),
    ("one\ntwo\x1bdkiX", "X"),
    ("one\ntwo\x1bvkd", "on"),
    ("one\ntwo\x1bv\x1b[Ad", "on"),
    ("word\x1bxxu", "wor"),
    ("word\x1bxu\x12", "wor"),
    ("word\x1buiX", "X"),
    ("one two\x1bl\x7f\x7fiX", "one Xtwo"),
    ("one\x1b0\x1b[3~", "ne"),
    ("one\x1b3\x1bx", "on"),
    ("one\x1bd\x1bx", "on"),
    ("one\x1bv\x1bx", "on"),
    ("one\x1b1!x", "on"),
    ("one\x1b0qx", "ne"),  # no macros
    ("one\x1b0@x", "ne"),
    ("one\x1b\x1b[200~two\x1b[201~", "ontwoe"),
    ("one two\x1b0d0", "one two"),  # a motion that leads nowhere
    ("one two\x1b0dhdbx", "ne two"),
    ("one two\x1b0cbX", "Xone two"),
    ("one\ntwo\x1b0dhyhiX", "one\nXtwo"),
    ('one two\x1b0"aywP', "one one two"),  # the one register, by any name
    ('one two\x1b0"adw', "two"),
    ("a?b!c", "a?b!c"),
    ("one two\x01X\x05Y", "Xone twoY"),
    ("one two\x02X", "one twXo"),
    ("one two\x01\x06X\x0b", "oX"),
    ("one two\x17X", "one X"),
    ("one two\x1b\x7fX", "one X"),
    ("one two\x1b[1;5DX", "one Xtwo"),
    ("one\ntwo", "one\ntwo"),
)


def with_vi(script: Callable[[Keyboard], Awaitable[None]]) -> None:
    async def main(desk: Keyboard) -> None:
        desk.tui.set_vi(True)
        await script(desk)

    play(main)


def mode(desk: Keyboard) -> str:
    return desk.tui._facts().vi


async def normal(desk: Keyboard) -> None:
    await desk.press(ESC, lambda: mode(desk) == "NORMAL")


def test_the_commands_of_vi_edit_the_draft() -> None:
    async def script(desk: Keyboard) -> None:
        sent = desk.session.submitted
        keys = "".join(f"{typed}\r" for typed, _ in DRAFTS)
        await desk.press(keys, lambda: len(sent) == len(DRAFTS))
        assert list(zip([typed for typed, _ in DRAFTS], sent, strict=True)) == list(DRAFTS)
        assert desk.session.shell == []

    with_vi(script)


def test_escape_in_insert_mode_stops_nothing_and_in_normal_mode_does_what_it_always_did() -> None:
    async def script(desk: Keyboard) -> None:
        controller = desk.tui.controller
        desk.session.busy = True
        await desk.press("draft", lambda: desk.text == "draft")
        await normal(desk)
        assert desk.session.interrupts == 0
        await desk.press(ESC, lambda: desk.session.interrupts == 1)
        desk.session.busy = False
        await desk.press(ESC, lambda: controller.hint == CLEAR_HINT)
        await desk.press(ESC, lambda: desk.text == "")
        assert mode(desk) == "INSERT"
        await desk.press("!", lambda: controller.editor.shell)
        await normal(desk)
        assert controller.editor.shell
        await desk.press(ESC, lambda: not controller.editor.shell)
        await desk.press("\x03", lambda: controller.hint == EXIT_HINT)
        await desk.press("\x03", desk.session.closing.is_set)

    with_vi(script)


def test_enter_sends_in_both_modes_and_what_follows_is_inserted() -> None:
    async def script(desk: Keyboard) -> None:
        sent = desk.session.submitted
        await desk.press("one\r", lambda: sent == ["one"])
        await desk.press("two", lambda: desk.text == "two")
        await normal(desk)
        await desk.press("\r", lambda: sent == ["one", "two"])
        assert mode(desk) == "INSERT"
        await desk.press("!ls", lambda: desk.text == "ls")
        await normal(desk)
        await desk.press("\r", lambda: desk.session.shell == ["ls"])
        # As fast as a host types: Esc and a letter in one piece are both keys, not an Alt key.
        await desk.press("three\x1bbiX", lambda: desk.text == "Xthree")

    with_vi(script)


def test_j_and_k_go_through_the_rows_and_then_through_the_history() -> None:
    async def script(desk: Keyboard) -> None:
        await desk.press("old\r", lambda: desk.session.submitted == ["old"])
        await desk.press("a\nb\r", lambda: len(desk.session.submitted) == 2)
        await desk.press("one row", lambda: desk.text == "one row")
        await normal(desk)
        await desk.press("k", lambda: desk.tui.controller.editor.cursor == 0)
        assert desk.text == "a\nb"
        await desk.press("jj", lambda: desk.text == "one row")
        await desk.press("ccnow\nhere", lambda: desk.text == "now\nhere")
        await normal(desk)
        await desk.press("k", lambda: desk.tui.controller.editor.cursor <= 3)
        assert desk.text == "now\nhere"
        await desk.press("k", lambda: desk.text == "a\nb")
        await desk.press("k", lambda: desk.text == "old")
        await desk.press("j", lambda: desk.text == "a\nb")
        await desk.press("j", lambda: desk.text == "now\nhere")
        await desk.press("gg2k", lambda: desk.text == "old")
        await desk.press("dj", lambda: desk.text == "")

    with_vi(script)


def test_a_slash_searches_the_history_in_normal_mode_and_begins_a_command_in_insert_mode() -> None:
    async def script(desk: Keyboard) -> None:
        controller = desk.tui.controller
        await desk.press("needle\r", lambda: desk.session.submitted == ["needle"])
        await desk.press("/he", lambda: controller.suggestions.shown)
        await desk.press("\t", lambda: desk.text.startswith("/help"))
        await normal(desk)
        assert not controller.suggestions.shown
        await desk.press("0", lambda: controller.editor.cursor == 0)
        assert not controller.suggestions.shown
        await desk.press("/dw", lambda: controller.hint.startswith("no match: dw"))
        await desk.press("\x7f\x7fneed", lambda: desk.text == "needle")
        await desk.press("\r", lambda: controller.editor.search is None)
        assert mode(desk) == "NORMAL"
        await desk.press("dd?", lambda: controller.editor.search is not None)
        assert not controller.panel
        await desk.press(ESC, lambda: controller.editor.search is None)
        await desk.press("i?", lambda: controller.panel == "help")
        await desk.press(ESC, lambda: not controller.panel)
        assert mode(desk) == "INSERT"

    with_vi(script)


def test_queued_prompts_are_walked_edited_and_put_back_in_normal_mode() -> None:
    async def script(desk: Keyboard) -> None:
        waiting = desk.session.waiting
        for text in ("first", "second"):
            waiting.add(Prompt(text, KEYBOARD))
        await normal(desk)
        await desk.press("k", lambda: desk.text == "second")
        await desk.press("k", lambda: desk.text == "first")
        await desk.press("j", lambda: desk.text == "second")
        await desk.press("0rSk", lambda: desk.text == "first")
        await desk.press("ccother\r", lambda: desk.text == "")
        assert waiting.texts() == ["other", "Second"]
        assert mode(desk) == "INSERT"

    with_vi(script)


def test_half_a_command_never_answers_a_dialog() -> None:
    """``y`` waits for what is to be copied; a dialog that appears meanwhile is not what it meant."""

    async def script(desk: Keyboard) -> None:
        await desk.press("one two", lambda: desk.text)
        await normal(desk)
        desk.session.bus.publish(request("r1"))
        await desk.press("y", lambda: desk.tui._app.key_processor.key_buffer)
        await desk.wait(desk.armed)
        await desk.wait(lambda: desk.tui._app.editing_mode == EditingMode.EMACS)
        await desk.press("j", lambda: desk.tui.controller.asking.dialog.selected == 1)
        assert desk.session.answers == []
        await desk.press("y", lambda: desk.session.answers)
        assert desk.session.answers == [("r1", True, None, None)]
        assert desk.text == "one two"
        assert mode(desk) == "NORMAL"

    with_vi(script)


def test_the_words_of_an_answer_are_typed_as_ever() -> None:
    async def script(desk: Keyboard) -> None:
        await normal(desk)
        desk.session.bus.publish(request("r1"))
        await desk.wait(desk.armed)
        await desk.press("please dd x\r", lambda: desk.session.answers)
        assert desk.session.answers == [("r1", False, "please dd x", None)]

    with_vi(script)


@pytest.mark.parametrize("seed", range(3))
def test_no_keys_in_any_order_raise_or_send_or_leave(seed: int) -> None:
    special = ("\x1b", "\n", "\x12", "\x7f", "\t", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[3~", "\x16")
    keys = [*map(chr, range(0x20, 0x7F)), *special, "\x1b[200~some words\nhere\x1b[201~"]
    chance = random.Random(seed)

    async def script(desk: Keyboard) -> None:
        end = "\x1b[200~the end\x1b[201~"

        def ended() -> bool:
            controller = desk.tui.controller
            return "the end" in desk.text or "the end" in controller.hint

        await desk.press("".join(chance.choices(keys, k=2000)) + end, ended)
        assert desk.session.submitted == []
        assert not desk.session.closing.is_set()

    with_vi(script)


def test_without_vi_nothing_of_it_is_there() -> None:
    async def script(desk: Keyboard) -> None:
        assert not desk.tui.vi
        assert mode(desk) == ""
        desk.tui.set_vi(True)
        await desk.press("x", lambda: desk.text == "x")
        await normal(desk)
        desk.tui.set_vi(False)
        assert mode(desk) == ""
        await desk.press("jk", lambda: desk.text == "jkx")
        desk.session.busy = True
        desk.session.bus.publish(state("responding"))
        await desk.press(ESC, lambda: desk.session.interrupts == 1)

    play(script)
