"""Forms, shell mode, retries, files, lists and the rest in a real PTY, wide and narrow."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.tui.hosting import READY, gone, hosted, shown

if TYPE_CHECKING:
    from tests.tui.hosting import Host

WIDTHS = pytest.mark.parametrize("cols", [80, 30])


def window(host: Host) -> str:
    return "\n".join(host.terminal.screen)


@WIDTHS
def test_a_command_asks_with_a_form_and_a_secret_is_never_on_the_screen(cols: int) -> None:
    with hosted(cols=cols) as host:
        host.terminal.wait_for("shortcuts.")
        host.prompt("/key")
        host.terminal.wait_for(shown("? Which service?", "› service0", "20 of 20"))
        host.terminal.send("e17")
        host.terminal.wait_for(shown("› service17", "1 of 20"))
        host.terminal.send("\r")
        host.terminal.wait_for("? The key")
        # Deleted in every way that a kill ring would keep, and asked for again with Ctrl+Y.
        host.terminal.send("s3cret\x15s3cret\x17s3cret\x01\x0bs3cret\x1b\x7f\x19\x1by")
        host.terminal.send("hunter2")
        host.terminal.wait_for("> •••••••")
        host.terminal.send("\r")
        host.terminal.wait_for("service17 has a key of 7")
        host.terminal.send("\x19\x1b[A\x1b[A\x12s3c")
        host.terminal.wait_for("no match")
        host.terminal.send("\x1b")
        host.terminal.wait_for(gone("no match"))
        host.terminal.send("\x03")
        for secret in (b"s3cret", b"hunter2"):
            assert secret not in host.terminal.raw
        host.quit()


@WIDTHS
def test_the_models_questions_are_answered_one_by_one(cols: int) -> None:
    with hosted(cols=cols) as host:
        host.terminal.wait_for("shortcuts.")
        host.prompt("ask")
        host.terminal.wait_for(shown("? Which colour?", "› 1. red", "3. Other…"))
        host.terminal.send("2")
        host.terminal.wait_for(shown("? Which sizes?", "› [ ] small"))
        host.terminal.send("\x1b")
        host.terminal.wait_for("› 2. blue")
        host.terminal.send("\r")
        host.terminal.wait_for("› [ ] small")
        host.terminal.send(" \x1b[Ahuge")
        host.terminal.wait_for(shown("[x] small", "› [x] huge"))
        host.terminal.send("\r")
        host.terminal.wait_for("✦ That is done.")
        told = "".join(host.terminal.text.split())
        assert '{"Whichcolour?":"blue","Whichsizes?":"small,huge"}' in told
        host.quit()


def test_questions_answered_through_a_channel_close_and_the_draft_is_as_it_was() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.terminal.send("my draft")
        host.terminal.wait_for("> my draft")
        host.command("remote:ask")
        host.terminal.wait_for(shown("? Which colour?", "› 1. red"))
        host.command("deny")
        host.terminal.wait_for(shown("> my draft", "⇄ remote did not answer Ask user question"))
        assert "? Which colour?" not in window(host)
        host.quit()


@WIDTHS
def test_shell_mode_runs_a_command_of_the_persons_own_without_asking(cols: int) -> None:
    with hosted(cols=cols) as host:
        host.terminal.wait_for("shortcuts.")
        host.terminal.send("!")
        host.terminal.wait_for(lambda terminal: "!" in terminal.screen)
        host.terminal.send("ls -la\r")
        host.terminal.wait_for("output line 29")
        assert "> !ls -la" in host.terminal.text
        assert "Run this command?" not in host.terminal.text
        host.terminal.send("\x1b")
        host.terminal.wait_for(lambda terminal: ">" in terminal.screen)
        host.quit()


@WIDTHS
def test_a_failed_request_is_told_as_an_error_and_retried_by_a_key(cols: int) -> None:
    with hosted(cols=cols) as host:
        host.terminal.wait_for("shortcuts.")
        host.prompt("fail")
        host.terminal.wait_for("✗ 529 the service is")
        host.terminal.wait_for("ctrl+y retries")
        assert "[API Error" not in host.terminal.text
        host.terminal.send("\x19")
        host.terminal.wait_for("✦ I do not know.")
        host.quit()


@WIDTHS
def test_a_call_that_is_made_again_counts_down_and_escape_stops_it(cols: int) -> None:
    with hosted(cols=cols) as host:
        host.terminal.wait_for("shortcuts.")
        host.prompt("wait")
        host.terminal.wait_for("retrying in 5")
        host.terminal.wait_for(shown("(2 of 7)", "rate limit"))
        host.terminal.send("\x1b")
        host.terminal.wait_for("interrupted")
        host.terminal.wait_for(gone("retrying"))
        host.quit()


@WIDTHS
def test_files_are_completed_at_the_cursor(cols: int) -> None:
    with hosted(cols=cols) as host:
        host.terminal.wait_for("shortcuts.")
        host.terminal.send("say @ma")
        host.terminal.wait_for("  src/main.py")
        host.terminal.send("\t")
        host.terminal.wait_for("> say @src/main.py")
        host.terminal.wait_for(gone("\n  src/main.py"))
        host.terminal.send("@n")
        host.terminal.wait_for("  my notes.md")
        host.terminal.send("\x1b[B\x1b[B\x1b[A\r")
        host.terminal.wait_for("@src/main.py @")
        host.terminal.send("\r")
        host.terminal.wait_for("✦ @src/main.py")
        host.quit()


@WIDTHS
def test_a_list_of_things_to_do_stands_in_the_transcript(cols: int) -> None:
    with hosted(cols=cols) as host:
        host.terminal.wait_for("shortcuts.")
        host.prompt("todo")
        host.terminal.wait_for(shown("● Todo write"))
        host.command("seen")
        host.terminal.wait_for("✦ That is done.")
        lines = host.terminal.lines
        at = next(index for index, line in enumerate(lines) if line.startswith("● To do"))
        assert lines[at + 1 : at + 4] == ["  ✓ Read the file", "  ◐ Change it", "  ☐ Test it"]
        host.quit()


def test_the_tools_are_told_and_raw_markdown_is_shown_on_demand() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.terminal.send("\x14")
        host.terminal.wait_for("  Ask user question  does nothing")
        host.terminal.send("\x14")
        host.terminal.wait_for(gone("does nothing"))
        host.terminal.send("\x1bm")
        host.terminal.wait_for("raw Markdown from here on")
        host.prompt("say **strong**")
        host.terminal.wait_for("✦ **strong**")
        host.terminal.send("\x1bm")
        host.terminal.wait_for("rendered Markdown from here on")
        host.quit()


def test_the_last_answer_is_copied_through_the_terminal() -> None:
    env = {"DISPLAY": None, "WAYLAND_DISPLAY": None, "TMUX": None}
    with hosted(env=env) as host:
        host.terminal.wait_for(READY)
        host.prompt("say copy this")
        host.terminal.wait_for("✦ copy this")
        host.prompt("/copy")
        host.terminal.wait_for("Copied 9 characters")
        code = base64.b64encode(b"copy this")
        assert b"\x1b]52;c;" + code + b"\x07" in host.terminal.raw
        host.quit()


def test_a_theme_colours_what_comes_from_then_on() -> None:
    with hosted(env={"COLORTERM": "truecolor"}) as host:
        host.terminal.wait_for(READY)
        host.prompt("say before")
        host.terminal.wait_for("✦ before")
        host.prompt("/theme mono")
        host.terminal.wait_for("> /theme mono")  # both in one read would be a paste
        host.prompt("say after")
        host.terminal.wait_for("✦ after")
        rows = host.terminal.screen
        before, after = (rows.index(f"✦ {text}") for text in ("before", "after"))
        assert host.terminal.cell(before, 0).fg != host.terminal.cell(after, 0).fg
        host.quit()


def test_an_earlier_conversation_is_there_before_the_first_prompt() -> None:
    with hosted(cols=120, env={"UI_MODE": "replay"}) as host:
        host.terminal.wait_for("✦ It was earlier.")
        lines = [line for line in host.terminal.lines if line.strip()]
        assert lines[2:4] == ["> say **earlier**", "✦ It was earlier."]
        host.terminal.wait_for("of ")
        host.quit()


def test_a_screen_reader_gets_words_and_nothing_that_moves() -> None:
    with hosted(env={"UI_MODE": "screen reader"}) as host:
        host.terminal.wait_for(READY)
        host.prompt("run ls")
        host.terminal.wait_for("› y  Yes")
        host.terminal.send("y")
        host.terminal.wait_for("Answer: That is done.")
        host.prompt("hang")
        host.terminal.wait_for("  Answering · esc stops")
        # What is still on its way comes first; what moves never comes to rest.
        assert any(not host.terminal.read(1.5) for _ in range(10))
        host.terminal.send("\x1b")
        host.terminal.wait_for("interrupted")
        said = host.terminal.text
        assert "You: run ls" in said
        assert "Tool done: Shell  ls" in said
        assert "✦" not in said
        host.quit()
