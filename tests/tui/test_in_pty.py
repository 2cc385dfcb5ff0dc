"""The front end in a real PTY, its screen read through pyte."""

from __future__ import annotations

import re
import signal
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from tests.tui.hosting import ARMED, READY, gone, hosted, shown

if TYPE_CHECKING:
    from pathlib import Path


def test_a_whole_turn_from_the_prompt_to_the_closing_answer() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.prompt("run ls -la")
        host.terminal.wait_for(shown("Run this command?", ARMED))
        host.terminal.send("\r")
        host.terminal.wait_for("That is done.")
        host.terminal.wait_for(gone("Run this command?"))
        host.quit()
        lines = host.terminal.lines
        order = [
            "> run ls -la",
            "✦ I will do it.",
            "✓ Shell  ls -la",
            "✦ That is done.",
        ]
        assert [line for line in lines if line in order] == order
        # Nothing of the region is left, and one blank line stands between the blocks.
        assert "(shift + tab to cycle)" not in host.terminal.text
        assert "\n\n\n" not in host.terminal.text


def test_the_modes_of_the_terminal_are_as_before() -> None:
    with hosted() as host:
        fd = host.terminal._fd
        before = termios.tcgetattr(fd)
        host.terminal.wait_for(READY)
        host.terminal.wait_for(lambda _: termios.tcgetattr(fd) != before)
        host.quit()
        assert termios.tcgetattr(fd) == before
        assert not host.terminal.cursor_hidden


def test_an_answer_from_a_channel_closes_the_dialog_and_the_draft_comes_back() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.terminal.send("my draft")
        host.terminal.wait_for("> my draft")
        host.command("remote:run make test")
        host.terminal.wait_for(shown("> run make test  ⇄ remote", ARMED))
        assert "> my draft" not in host.terminal.screen
        host.command("allow")
        host.terminal.wait_for(shown("That is done.", "> my draft"))
        assert "⇄ remote allowed Shell  make test" in host.terminal.text
        host.quit()


def test_escape_interrupts_and_gives_back_what_was_queued() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.prompt("hang")
        host.terminal.wait_for("Answering")
        host.prompt("say next thing")
        host.terminal.wait_for("steering: say next thing")
        host.terminal.send("half a dr")
        host.terminal.wait_for("> half a dr")
        host.terminal.send("\x1b")
        host.terminal.wait_for(shown("interrupted", "> say next thing", "  half a dr"))
        host.terminal.send("aft\r")
        host.terminal.wait_for("✦ next thing")
        host.quit()


def test_a_queued_prompt_is_edited_and_another_removed() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.prompt("hang")
        host.terminal.wait_for("Answering")
        for word in ("one", "two", "three"):
            host.terminal.send(f"say {word}\x11")
            host.terminal.wait_for(f"queued: say {word} · up edits")
        host.terminal.send("\x1b[A")
        host.terminal.wait_for(shown("> say three", "enter puts it back", "queued: say two"))
        host.terminal.send("\x15")
        host.terminal.wait_for(shown("enter removes it"))
        host.terminal.send("\r")
        host.terminal.wait_for(gone("enter removes it"))
        host.terminal.send("\x1b[A\x1b[A")
        host.terminal.wait_for(shown("> say one", "queued: say two · up edits"))
        host.terminal.send(" more\r")
        host.terminal.wait_for(shown("queued: say one more", "queued: say two · up edits"))
        assert "three" not in "".join(host.terminal.screen)
        host.terminal.send("\x1b")
        host.terminal.wait_for(shown("> say one more", "  say two"))
        host.terminal.send("\x03")
        host.terminal.wait_for(gone("> say one more"))
        host.quit()


def test_ten_thousand_deltas_stand_in_the_scrollback_in_order() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.prompt("stream 10000")
        host.terminal.wait_for("word9999.", timeout=30)
        host.quit()
        words = re.findall(r"\bword\d+", host.terminal.text)
        assert words == [f"word{number}" for number in range(10_000)]


def test_markdown_is_rendered_once_rich_is_there() -> None:
    with hosted(rows=50) as host:
        host.terminal.wait_for(READY)
        # Sent again until it is: rich is loaded in a thread some time after the first paint.
        for _ in range(50):
            host.prompt("say **strong**")
            count = host.terminal.text.count("✦ ")
            host.terminal.wait_for(lambda terminal, n=count: terminal.text.count("✦ ") > n)  # type: ignore[misc]
            if "✦ strong" in host.terminal.text:
                break
        assert "✦ strong" in host.terminal.text
        host.quit()


@pytest.mark.parametrize(
    ("rows", "cols", "env"),
    [
        (24, 30, {}),
        (5, 20, {}),
        (0, 0, {}),
        (24, 80, {"NO_COLOR": "1"}),
        (24, 80, {"TERM": "dumb"}),
        (24, 80, {"TERM": "xterm"}),
        (24, 80, {"COLORTERM": "truecolor"}),
    ],
    ids=["30x24", "20x5", "0x0", "NO_COLOR", "dumb", "16 colours", "24 bit"],
)
def test_a_turn_works_in_every_terminal(rows: int, cols: int, env: dict[str, str]) -> None:
    with hosted(rows, cols, env) as host:
        if "COLORTERM" in env:
            host.terminal.send("\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\")  # what it is drawn on
        host.terminal.wait_for(READY if cols != 20 else "shortcuts")
        host.prompt("run ls")
        host.terminal.wait_for("› y")
        host.terminal.send("y")
        host.terminal.wait_for("✦ That is done.")
        host.quit()
        colours = re.findall(rb"\x1b\[[\d;]*\b(?:3[0-7]|38|9[0-7])[;m]", host.terminal.raw)
        if env.get("NO_COLOR") or env.get("TERM") == "dumb":
            assert colours == []
        else:
            assert colours
        assert (b";38;2;" in host.terminal.raw) == ("COLORTERM" in env)


def test_a_change_of_width_leaves_no_ghosts() -> None:
    with hosted(rows=30, cols=80) as host:
        host.terminal.wait_for(READY)
        host.prompt("stream 120")
        host.terminal.wait_for(shown("word119.", "shift + tab"))
        for cols in (40, 100, 60):
            host.terminal.resize(30, cols)
            host.terminal.wait_for(shown("scripted · default"))
            window = "\n".join(host.terminal.screen)
            assert window.count("scripted · default") == 1
            # The last row is the terminal's: this one cuts it off where it has become too long.
            last = [row for row in host.terminal.screen if "word" in row][-1]
            assert host.terminal.text.count(last) == 1
        host.quit()


def test_the_region_shrinks_when_a_long_draft_is_sent() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.terminal.send("say a" + "\n" * 6 + "b")
        host.terminal.wait_for("  b")
        host.terminal.send("\r")
        host.terminal.wait_for(lambda terminal: "✦ a" in terminal.text)
        host.terminal.wait_for(
            lambda terminal: [row for row in terminal.screen if row][-2:][0] == ">"
        )
        rows = host.terminal.screen
        footer = next(index for index, row in enumerate(rows) if "shift + tab" in row)
        assert rows[footer - 2] == ">"
        assert not any(rows[footer + 1 :])
        host.quit()


@pytest.mark.parametrize("how", ["term", "hup", "control c", "control d", "channel"])
def test_every_way_out_ends_in_order(how: str) -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.prompt("hang")
        host.terminal.wait_for("Answering")
        if how == "term":
            host.terminal.signal(signal.SIGTERM)
        elif how == "hup":
            host.terminal.signal(signal.SIGHUP)
        elif how == "control c":
            host.terminal.send("\x03")
            host.terminal.wait_for("interrupted")
            host.terminal.send("\x03\x03")
        elif how == "control d":
            host.terminal.send("\x04")
        else:
            host.command("close")
        assert host.terminal.wait_exit() == 0
        assert host.terminal.lines[-1] == "ended in order"
        assert "interrupted" in host.terminal.text


def test_it_ends_when_the_terminal_is_gone() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.terminal.hang_up()
        # The print after the end fails for want of a terminal; what counts is that it came to it.
        assert host.terminal.wait_exit() >= 0


def test_the_draft_can_be_edited_in_the_persons_editor(tmp_path: Path) -> None:
    script = tmp_path / "editor.py"
    script.write_text(
        "import sys, pathlib\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "print('EDITING')\n"
        "input()\n"
        "path.write_text('say ' + path.read_text().upper() + '!\\n')\n"
    )
    with hosted(env={"VISUAL": f"{sys.executable} {script}"}) as host:
        host.terminal.wait_for(READY)
        host.terminal.send("draft\x18")
        host.terminal.wait_for("EDITING")
        host.command("remote:say something meanwhile")
        host.terminal.send("\r")
        host.terminal.wait_for("> say DRAFT!")
        host.terminal.wait_for("✦ something meanwhile")
        host.terminal.send("\r")
        host.terminal.wait_for("✦ DRAFT!")
        host.quit()


def test_an_editor_that_cannot_be_started_is_named() -> None:
    with hosted(env={"VISUAL": "/no/such/editor"}) as host:
        host.terminal.wait_for(READY)
        host.terminal.send("draft\x1b\r")
        host.terminal.wait_for("/no/such/editor could not be started")
        host.terminal.wait_for("> draft")
        host.quit()


def test_the_output_that_was_folded_can_be_had_whole() -> None:
    with hosted(rows=50) as host:
        host.terminal.wait_for(READY)
        host.prompt("run ls")
        host.terminal.wait_for(ARMED)
        host.terminal.send("\r")
        host.terminal.wait_for("That is done.")
        assert "output line 0\n" not in host.terminal.text
        host.terminal.send("\x0f")
        host.terminal.wait_for("output line 0\n")
        host.quit()


def test_clear_begins_with_an_empty_window() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.prompt("say something")
        host.terminal.wait_for("✦ something")
        host.prompt("/clear")
        host.terminal.wait_for(shown("new session"))
        assert "✦ something" not in host.terminal.screen
        assert "✦ something" in host.terminal.history
        host.quit()
