"""Long drills of the front end in a real PTY: hosts that do not read, storms of resizes, pastes."""

from __future__ import annotations

import re

import pytest

from tests.tui.hosting import READY, gone, hosted, shown

pytestmark = pytest.mark.drill


def test_a_host_that_stops_reading_for_a_while_gets_everything_afterwards(whole: bool) -> None:
    count = 20_000 if whole else 10_000
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.prompt(f"stream {count}")
        host.terminal.wait_for("word1")
        for _ in range(10):  # nothing is read until the session has done all of it
            host.command("remote:say meanwhile")
        host.wait_answer_without_reading("result 11")
        host.terminal.wait_for("✦ meanwhile", timeout=50)
        host.terminal.send("typed")
        host.terminal.wait_for("> typed")
        host.terminal.send("\x15")
        host.quit()
        words = [int(number) for number in re.findall(r"\bword(\d+)", host.terminal.text)]
        assert words == list(range(count))


def test_a_storm_of_resizes_leaves_one_region_and_the_end_of_the_transcript() -> None:
    with hosted(rows=30, cols=80) as host:
        host.terminal.wait_for(READY)
        host.prompt("stream 3000")
        for number in range(150):
            host.terminal.resize(5 + number * 7 % 40, 20 + number * 13 % 100)
            if number % 10 == 0:
                host.terminal.read(0.02)
        host.terminal.resize(0, 0)
        host.terminal.resize(24, 80)
        # A row that came in the middle of it stands there as the narrowest window has cut it off.
        host.terminal.wait_for(lambda terminal: b"word2999" in terminal.raw)
        host.terminal.wait_for(gone("Answering"))
        host.prompt("say the end")
        host.terminal.wait_for(shown("✦ the end", "scripted · default"))
        window = "\n".join(host.terminal.screen)
        assert window.count("scripted · default") == 1
        host.terminal.send("typed")
        host.terminal.wait_for(shown("> typed"))
        host.terminal.send("\x15")
        host.quit()


def test_a_paste_of_ten_megabytes_is_folded_and_stays_so_when_it_is_sent() -> None:
    with hosted() as host:
        host.terminal.wait_for(READY)
        host.terminal.send(b"\x1b[200~hang " + b"a line of text\r" * 700_000 + b"\x1b[201~")
        host.terminal.wait_for("> [Pasted text #1 +700000 lines]")
        host.terminal.send("\r")
        host.terminal.wait_for("waiting for nothing")
        assert "a line of text" not in host.terminal.text
        host.terminal.send("\x1b")
        host.terminal.wait_for("interrupted")
        host.terminal.send("typed")
        host.terminal.wait_for("> typed")
        host.terminal.send("\x15")
        host.quit()


@pytest.mark.parametrize(("rows", "cols"), [(5, 20), (0, 0), (24, 30)])
def test_everything_that_asks_works_in_the_smallest_windows(rows: int, cols: int) -> None:
    with hosted(rows, cols) as host:
        host.terminal.wait_for("shortcuts")
        host.prompt("/key")
        host.terminal.wait_for("› service0")
        host.terminal.send("\x1b[B\r")
        host.terminal.wait_for("? The key")
        host.terminal.send("abc\r")
        host.terminal.wait_for("service1 has a key")
        host.prompt("ask")
        host.terminal.wait_for("› 1. red")
        host.terminal.send("2")
        host.terminal.wait_for("› [ ] small")
        host.terminal.send("\r")
        host.terminal.wait_for("That is done.")
        host.quit()


def test_wide_and_combining_characters_are_edited_and_shown_whole() -> None:
    with hosted(rows=24, cols=30) as host:
        host.terminal.wait_for("shortcuts")
        text = "say 漢字かな漢字かな漢字かな e\u0301a\u0308 ok"
        host.terminal.send(text)
        host.terminal.wait_for("ok")
        host.terminal.send("\x1b[D\x1b[D\x7f\x7f\x7f\r")
        host.terminal.wait_for("✦ 漢")
        said = "".join(host.terminal.text.split())
        assert "✦漢字かな漢字かな漢字かな" in said
        host.quit()
