"""Keys through prompt-toolkit, with a pipe for a keyboard and no screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from qwen_dual.frontends.tui.app import Tui
from qwen_dual.frontends.tui.terminal.application import UiError
from qwen_dual.protocol import events
from tests.tui.keyboard import Keyboard, play
from tests.tui.support import FakeSession, edit_request, request, state

if TYPE_CHECKING:
    from qwen_dual.core.actor import Actor


def typed(keys: str, expected: str) -> None:
    async def script(desk: Keyboard) -> None:
        await desk.press(keys, lambda: desk.text == expected)

    play(script)


def test_enter_sends_and_typing_goes_on_while_the_agent_works() -> None:
    async def script(desk: Keyboard) -> None:
        desk.session.busy = True
        desk.session.bus.publish(state("responding"))
        await desk.press("one\rtwo\rthree", lambda: desk.text == "three")
        assert desk.session.submitted == ["one", "two"]

    play(script)


def test_control_j_is_a_new_line() -> None:
    typed("a\nb", "a\nb")


def test_an_escape_just_before_a_paste_takes_nothing_of_it() -> None:
    typed("a\x1b\x1b[200~pasted\x1b[201~", "apasted")


def test_line_editing_keys() -> None:
    typed("one two\x17", "one ")  # ctrl+w
    typed("one two\x1b\x7f", "one ")  # alt+backspace
    typed("one two\x01\x1bd", " two")  # ctrl+a, alt+d
    typed("one two\x01\x1b[3;3~", " two")  # ctrl+a, alt+delete
    typed("one two\x01\x1b[3;5~", " two")  # ctrl+a, ctrl+delete
    typed("one two\x1bb\x0b", "one ")  # alt+b, ctrl+k
    typed("one two\x1bb\x15", "two")  # ctrl+u
    typed("one two\x1b[1;5D\x04", "one wo")  # ctrl+left, ctrl+d
    typed("one two\x1b[1;3D\x1b[3~", "one wo")  # alt+left, delete
    typed("one\x02\x02\x06X", "onXe")  # ctrl+b, ctrl+f
    typed("one\x1b[HX\x1b[FY", "XoneY")  # home, end
    typed("one\x08\x7f", "o")  # ctrl+h, backspace


def test_a_paste_is_folded_and_its_newlines_send_nothing() -> None:
    async def script(desk: Keyboard) -> None:
        text = "\r".join("line" for _ in range(84))
        await desk.press(f"\x1b[200~{text}\x1b[201~", lambda: desk.text)
        assert desk.text == "[Pasted text #1 +84 lines]"
        await desk.press("\r", lambda: desk.session.submitted)
        assert desk.session.submitted == [text.replace("\r", "\n")]

    play(script)


def test_escape_interrupts_after_a_moment_and_alt_keys_do_not() -> None:
    async def script(desk: Keyboard) -> None:
        desk.session.busy = True
        await desk.press("word word\x1bb\x0b", lambda: desk.text == "word ")
        assert desk.session.interrupts == 0
        await desk.press("\x1b", lambda: desk.session.interrupts == 1)

    play(script)


def test_an_alt_key_without_a_meaning_neither_interrupts_nor_types() -> None:
    async def script(desk: Keyboard) -> None:
        desk.session.busy = True
        await desk.press("a\x1bqb\x1bmc", lambda: desk.text == "abc")
        assert desk.session.interrupts == 0

    play(script)


def test_an_escape_right_before_another_key_is_still_one() -> None:
    async def script(desk: Keyboard) -> None:
        desk.session.busy = True
        await desk.press("\x1b\x1b[Z", lambda: desk.session.approval_mode == "auto-edit")
        assert desk.session.interrupts == 1

    play(script)


def test_escape_twice_clears_the_draft() -> None:
    async def script(desk: Keyboard) -> None:
        await desk.press("draft", lambda: desk.text == "draft")
        await desk.press("\x1b\x1b", lambda: desk.text == "")

    play(script)


def test_control_r_searches_and_enter_takes_what_was_found() -> None:
    async def script(desk: Keyboard) -> None:
        await desk.press("make test\rls\r\x12mak", lambda: desk.text == "make test")
        await desk.press("\r", lambda: desk.tui.controller.editor.search is None)
        assert desk.text == "make test"
        assert desk.session.submitted == ["make test", "ls"]

    play(script)


def test_shift_tab_and_question_mark() -> None:
    async def script(desk: Keyboard) -> None:
        await desk.press("\x1b[Z", lambda: desk.session.approval_mode == "auto-edit")
        await desk.press("?", lambda: desk.tui.controller.panel == "help")
        await desk.press("?", lambda: not desk.tui.controller.panel)
        await desk.press("x?", lambda: desk.text == "x?")

    play(script)


def test_the_dialog_takes_its_keys_and_the_draft_none_of_them() -> None:
    async def script(desk: Keyboard) -> None:
        desk.session.bus.publish(request())
        await desk.wait(desk.armed)
        await desk.press("\x0b\x15\x1b[B\x1b[B\r", lambda: desk.session.answers)
        assert desk.session.answers == [("r1", True, None, "project")]
        assert desk.text == ""
        await desk.press("then", lambda: desk.text == "then")

    play(script)


def test_escape_at_the_dialog_says_no() -> None:
    async def script(desk: Keyboard) -> None:
        desk.session.bus.publish(edit_request())
        await desk.wait(desk.armed)
        await desk.press("\x1b", lambda: desk.session.answers)
        assert desk.session.answers == [("e1", False, None, None)]

    play(script)


def test_a_reason_is_typed_with_the_usual_keys() -> None:
    async def script(desk: Keyboard) -> None:
        desk.session.bus.publish(request())
        await desk.wait(desk.armed)
        await desk.press("n", lambda: desk.tui.controller.focus == "reason")
        await desk.press("no? use maek\x17make\x1b\rit\r", lambda: desk.session.answers)
        assert desk.session.answers == [("r1", False, "no? use make\nit", None)]

    play(script)


def test_the_draft_and_its_cursor_survive_a_thousand_remote_events() -> None:
    async def script(desk: Keyboard) -> None:
        await desk.press(
            "my draft\x1bb", lambda: desk.tui.controller.editor.buffer.cursor_position == 3
        )
        bus = desk.session.bus
        for number in range(1000):
            bus.publish(events.user_text(f"remote {number}", "input"))
            bus.publish(request(f"r{number}"))
            if number % 100 == 0:
                await desk.wait(lambda: desk.tui.controller.asking.dialog.open)
            bus.publish(events.control_response(f"r{number}", allowed=True, resolved_by="input"))
        await desk.wait(lambda: not desk.tui.controller.asking.dialog.open)
        buffer = desk.tui.controller.editor.buffer
        assert (buffer.text, buffer.cursor_position) == ("my draft", 3)
        await desk.press("X", lambda: desk.text == "my Xdraft")

    play(script)


def test_control_d_and_control_c_twice_leave() -> None:
    for keys in ("\x04", "\x03\x03"):

        async def script(desk: Keyboard, keys: str = keys) -> None:
            await desk.press(keys, desk.session.closing.is_set)

        play(script)


def test_an_error_while_drawing_is_shown_and_does_not_loop() -> None:
    async def script(desk: Keyboard) -> None:
        desk.session.model_name = 5  # type: ignore[assignment]
        desk.session.bus.publish(state("thinking"))
        await desk.press("still here", lambda: desk.text == "still here")
        await desk.press("\r", lambda: desk.session.submitted)

    play(script)


def test_an_error_in_a_key_ends_the_front_end_with_its_cause() -> None:
    class Broken(FakeSession):
        def submit(self, text: str, actor: Actor, **more: object) -> None:
            raise ZeroDivisionError(text)

    async def main() -> None:
        with (
            create_pipe_input() as pipe,
            pytest.raises(UiError, match="ZeroDivisionError") as error,
        ):
            session = Broken()
            pipe.send_text("text\r")
            tui = Tui(session.handle(), version="1", input=pipe, output=DummyOutput())
            with anyio.fail_after(30):
                await tui.run()
        assert isinstance(error.value.__cause__, ZeroDivisionError)
        assert session.closing.is_set()

    anyio.run(main)
