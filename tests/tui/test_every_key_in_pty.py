"""Every key of the editor, as a terminal sends it, in a real PTY."""

from __future__ import annotations

from tests.tui.hosting import ARMED, READY, gone, hosted, shown

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"

# What is typed, and the rows of the draft that come of it.
DRAFTS = (
    ("a\nb", ["> a", "  b"]),  # ctrl+j
    ("a\x1b[13;2ub", ["> a", "  b"]),  # shift+enter, as kitty and its kin send it
    ("a\x1b[13;5ub", ["> a", "  b"]),  # ctrl+enter
    ("a\x1b[27;2;13~b", ["> a", "  b"]),  # the same as xterm sends them
    ("a\x1b[27;5;13~b", ["> a", "  b"]),
    ("a\\\r", ["> a", ""]),  # backslash enter
    ("one\rtwo", ["> one", "  two"]),  # pasted without marks
    ("/stat\t", ["> /stats"]),
    ("ab\x01X\x05Y", ["> XabY"]),  # ctrl+a, ctrl+e
    ("ab\x1b[HX\x1b[FY", ["> XabY"]),  # home, end
    ("ab\x1bOHX\x1bOFY", ["> XabY"]),  # the same in application mode
    ("ab\x02X\x06Y", ["> aXbY"]),  # ctrl+b, ctrl+f
    (f"ab{LEFT}X{RIGHT}Y", ["> aXbY"]),
    ("one two\x1b[1;5DX\x1b[1;5CY", ["> one XtwoY"]),  # ctrl+left, ctrl+right
    ("one two\x1b[1;3DX\x1b[1;3CY", ["> one XtwoY"]),  # alt+left, alt+right
    ("one two\x1bbX\x1bfY", ["> one XtwoY"]),  # alt+b, alt+f
    (f"abc{LEFT}{LEFT}\x04X", ["> aXc"]),  # ctrl+d
    (f"abc{LEFT}{LEFT}\x1b[3~X", ["> aXc"]),  # delete
    ("abc\x08\x7fX", ["> aX"]),  # ctrl+h, backspace
    (f"abc{LEFT}\x0bX", ["> abX"]),  # ctrl+k
    (f"abc{LEFT}\x15X", ["> Xc"]),  # ctrl+u
    ("one two\x17X", ["> one X"]),  # ctrl+w
    ("one two\x1b\x7fX", ["> one X"]),  # alt+backspace
    ("one two\x01\x1b[3;3~X", ["> X two"]),  # alt+delete
    ("one two\x01\x1b[3;5~X", ["> X two"]),  # ctrl+delete
    ("one two\x01\x1bdX", ["> X two"]),  # alt+d
    ("a\x16\x13\x1a\x1c\x1d\x00b", ["> ab"]),  # those without a meaning here
    ("a\x1b[I\x1b[O\x1b[?62;4c\x1b]11;rgb:0/0/0\x07\x1bP1$r0m\x1b\\b", ["> ab"]),  # replies
    ("a\x1bq\x1bz\x1b[1;7Pb", ["> ab"]),  # unknown alt and function keys
)


def test_every_editing_key_does_what_it_should() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        for keys, rows in DRAFTS:
            host.terminal.send(keys)
            expected = "\n".join(rows)
            host.terminal.wait_for(
                lambda terminal, text=expected: f"{text}\n" in "\n".join(terminal.screen)  # type: ignore[misc]
            )
            host.terminal.send("\x03")
            host.terminal.wait_for(lambda terminal: ">" in terminal.screen)
        assert "interrupted" not in host.terminal.text
        host.quit()


def test_the_history_is_walked_and_searched() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        for text in ("say first", "say second"):
            host.prompt(text)
            host.terminal.wait_for(f"✦ {text[4:]}")
        host.terminal.send("draft")
        host.terminal.send(f"{UP}{UP}")  # to the edge of the line, then into the history
        host.terminal.wait_for(lambda terminal: _draft(terminal.screen) == "> say second")
        host.terminal.send("\x10")  # ctrl+p
        host.terminal.wait_for(lambda terminal: _draft(terminal.screen) == "> say first")
        host.terminal.send(f"\x0e\x0e{DOWN}{DOWN}")  # ctrl+n, down
        host.terminal.wait_for(lambda terminal: _draft(terminal.screen) == "> draft")
        host.terminal.send("\x12firs")
        host.terminal.wait_for(shown("search: firs"))
        host.terminal.wait_for(lambda terminal: _draft(terminal.screen) == "> say first")
        host.terminal.send("\x7f\x7f\x7f\x7fsay\x12")
        host.terminal.wait_for(shown("search: say"))
        host.terminal.send("\x1b")
        host.terminal.wait_for(lambda terminal: _draft(terminal.screen) == "> draft")
        host.terminal.send("\x15")
        host.quit()


def _draft(screen: list[str]) -> str:
    return [row for row in screen if row][-2]


def test_the_other_keys() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.terminal.send("?")
        host.terminal.wait_for("search history")
        host.terminal.send("?")
        host.terminal.wait_for(gone("search history"))
        for mode in ("auto-edit", "auto", "yolo", "plan", "default"):
            host.terminal.send("\x1b[Z")
            host.terminal.wait_for(shown(f"scripted · {mode} "))
        host.terminal.send("draft\x1b")
        host.terminal.wait_for("Press Esc again to clear the draft.")
        host.terminal.send("\x1b")
        host.terminal.wait_for(gone("> draft"))
        host.prompt("say something")
        host.terminal.wait_for("✦ something")
        host.terminal.send("\x0c")
        host.terminal.wait_for(gone("✦ something"))
        assert "✦ something" in host.terminal.text
        host.terminal.send("\x03")
        host.terminal.wait_for("Press Ctrl+C again to exit.")
        host.terminal.send("\x03")
        assert host.terminal.wait_exit() == 0


def test_the_keys_of_the_approval_dialog() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.prompt("three")
        host.terminal.wait_for(shown("1 of 3", ARMED))
        host.terminal.send(f"jj{UP}\x0e\x10")
        host.terminal.wait_for("› s  Yes, and just 'ls one' in this session")
        host.terminal.send("n")
        host.terminal.wait_for("What should it do instead?")
        host.terminal.send("use find\r")
        host.terminal.wait_for(shown("2 of 3", ARMED))
        host.terminal.send("\r")
        host.terminal.wait_for(shown("3 of 3", ARMED))
        host.terminal.send("\x1b")
        host.terminal.wait_for(gone("Run this command?"))
        for name in ("one", "three"):
            host.terminal.wait_for(f"✗ Shell  ls {name}  not allowed")
        host.quit()
