"""Programs recorded in a real terminal: what is kept is what was shown and told, however it ends."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pyte
import pytest

from qwen_dual.host.finding import running
from qwen_dual.recording.folder import without_secrets
from tests.support.program import COMMAND, in_terminal
from tests.support.screen import Screen
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """\
import os, sys, time
events = open(sys.argv[sys.argv.index("--json-file") + 1], "w", buffering=1)
def tell(seq, type, **more):
    import json
    print(json.dumps({"type": type, "seq": seq, **more}), file=events)
tell(1, "system", subtype="session_start", data={"session_id": "s", "agent": "x"})
"""
"""A program with dual output, in a few lines; what it does then is added."""


def record(folder: Path, body: str, *options: str, rows: int = 24, cols: int = 80) -> Any:
    """A program of these lines, recorded in ``folder/r``."""
    script = folder / "program.py"
    script.write_text(PROGRAM + body)
    command = [*COMMAND, "record", "-o", "r", *options, "--", sys.executable, str(script)]
    return in_terminal(command, folder, rows=rows, cols=cols)


def cast(folder: Path) -> list[list[Any]]:
    return [json.loads(line) for line in (folder / "r" / "terminal.cast").read_text().splitlines()]


def replay(folder: Path, *arguments: str) -> Any:
    return in_terminal([*COMMAND, "replay", *arguments], folder)


def test_a_session_is_shown_recorded_and_replayed_the_same(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('{"match": "", "say": "Grüße, **Welt** ✦"}\n')
    (tmp_path / ".qwen").mkdir()
    command = [*COMMAND, "record", "-o", "r", "--", *COMMAND, "--trust"]
    with in_terminal(command, tmp_path) as terminal:
        terminal.wait_for("? keys")
        terminal.send("say 30 words\r")
        terminal.wait_for("> say 30 words")
        events = tmp_path / "r" / "events.jsonl"
        wait_until(lambda: b'"type":"result"' in events.read_bytes(), meanwhile=terminal.read)
        terminal.resize(20, 70)
        terminal.wait_for(lambda t: '"70x20"' in (tmp_path / "r" / "terminal.cast").read_text())
        terminal.send("/quit\r")
        assert terminal.wait_exit() == 0
        seen = bytes(terminal.raw)
    recorded = "".join(line[2] for line in cast(tmp_path)[1:] if line[1] == "o").encode()
    assert recorded.strip() in seen
    assert seen.count(b"Recorded in r") == 1
    meta = json.loads((tmp_path / "r" / "meta.json").read_text())
    lines = events.read_bytes().splitlines()
    assert meta["session_id"] == json.loads(lines[0])["session_id"]
    assert (meta["exit_status"], meta["agent"]) == (0, "qwen-dual")
    assert json.loads(lines[-1])["subtype"] == "session_end"
    labels = [line[2] for line in cast(tmp_path)[1:] if line[1] == "m"]
    assert [label.split()[1] for label in labels] == ["user", "result", "result"]
    assert cast(tmp_path)[-1][1:] == ["x", "0"]

    shown = tmp_path / "shown"
    with in_terminal(f"{' '.join(COMMAND)} replay r --speed max > shown", tmp_path) as terminal:
        assert terminal.wait_exit() == 0
    assert shown.read_bytes() == recorded
    with replay(tmp_path, "r", "--speed", "max") as terminal:
        assert terminal.wait_exit() == 0
        assert [row for row in terminal.lines if row] == _screen(recorded)
    with replay(tmp_path, "r", "--speed", "max", "--json-file", "again") as terminal:
        assert terminal.wait_exit() == 0
    assert (tmp_path / "again").read_bytes() == events.read_bytes()


def _screen(data: bytes) -> list[str]:
    """What a terminal that knows nothing of the recording shows of it, with what scrolled off."""
    screen = Screen(80, 24, history=10_000)
    pyte.ByteStream(screen).feed(data)
    top = [
        "".join(row[x].data for x in range(max(row, default=-1) + 1)) for row in screen.history.top
    ]
    return [row.rstrip() for row in [*top, *screen.display] if row.strip()]


def test_the_keys_are_shown_until_the_next_one_which_does_nothing_else(tmp_path: Path) -> None:
    lines = [{"version": 3, "term": {"cols": 80, "rows": 24}}, [0, "o", "begun"], [3600, "o", "x"]]
    (tmp_path / "a.cast").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with replay(tmp_path, "a.cast") as terminal:
        terminal.wait_for("begun")
        terminal.send("?")
        terminal.wait_for("to the next event, and stop")
        terminal.send("/")
        terminal.wait_for(lambda shown: shown.lines == ["begun"])
        terminal.send("/q")
        terminal.wait_for(lambda shown: shown.lines[:1] == ["/q"])
        terminal.send("\x1bq")
        assert terminal.wait_exit() == 0


def test_what_is_typed_arrives_and_is_not_kept(tmp_path: Path) -> None:
    body = 'import termios, tty\ntty.setraw(0)\nprint("ready", end="", flush=True)\n'
    body += 'got = b""\nwhile len(got) < 7:\n    got += os.read(0, 100)\nprint("got", len(got), "\\r")\nsys.exit(7)\n'
    with record(tmp_path, body) as terminal:
        terminal.wait_for("ready")
        terminal.send("secret\x03")
        assert terminal.wait_exit() == 7
        assert "got 7" in terminal.text
    assert "secret" not in (tmp_path / "r" / "terminal.cast").read_text()


def test_killed_in_the_middle_it_is_whole_up_to_there(tmp_path: Path) -> None:
    body = 'n = 1\nwhile True:\n    n += 1\n    tell(n, "user", text="x" * 5000)\n    print("é" * 300)\n'
    with record(tmp_path, body) as terminal:
        where = tmp_path / "r" / "events.jsonl"
        wait_until(
            lambda: where.exists() and where.stat().st_size > 3_000_000, meanwhile=terminal.read
        )
        terminal.signal(signal.SIGKILL)
        assert terminal.wait_exit() == -signal.SIGKILL
    # The kernel stops a write that a kill meets where it is: the last line may be a piece of one.
    lines = where.read_bytes().split(b"\n")[:-1]
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert (tmp_path / "r" / "terminal.cast").read_bytes().count(b"\n") > 1
    assert json.loads((tmp_path / "r" / "meta.json").read_text())["session_id"] == "s"
    with replay(tmp_path, "r", "--speed", "max") as terminal:
        assert terminal.wait_exit() == 0


def test_at_its_bound_the_recording_ends_and_the_program_goes_on(tmp_path: Path) -> None:
    body = 'for n in range(2, 400):\n    tell(n, "user", text="x" * 1000)\nprint("to the end")\n'
    with record(tmp_path, body, "--max-size", "100K") as terminal:
        assert terminal.wait_exit() == 0
        assert "to the end" in terminal.text
        assert "The recording ended early: it reached its bound of 102,400 bytes" in terminal.text
    meta = json.loads((tmp_path / "r" / "meta.json").read_text())
    assert (meta["stopped"], meta["exit_status"]) == ("max_size", 0)
    for line in (tmp_path / "r" / "events.jsonl").read_text().splitlines():
        json.loads(line)


def test_whoever_ends_the_recorder_ends_the_program_in_order(tmp_path: Path) -> None:
    body = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
    body += 'print("ready", flush=True)\nsignal.pause()\n'
    with record(tmp_path, body) as terminal:
        terminal.wait_for("ready")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_exit() == 3
    assert cast(tmp_path)[-1][1:] == ["x", "3"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--", "no-such-program"], "there is no such program"),
        (["--", *COMMAND, "--json-file=x"], "leave it out, and follow events.jsonl in the folder"),
        (["--max-size", "much"], "'much' is no size"),
        (["-o", "a-file"], "is no folder"),
    ],
)
def test_what_cannot_be_recorded_is_said(tmp_path: Path, arguments: list[str], why: str) -> None:
    (tmp_path / "a-file").touch()
    where = [] if "-o" in arguments else ["-o", "r"]
    with in_terminal([*COMMAND, "record", *where, *arguments], tmp_path, cols=200) as terminal:
        assert terminal.wait_exit() in (1, 2)
        assert why in terminal.text
        assert "Traceback" not in terminal.text


def test_keys_and_the_like_are_not_kept_of_a_command_line() -> None:
    given = ["qwen", "--openai-api-key", "sk-1", "--token=t", "-p", "hi", "--model", "m"]
    assert without_secrets(given) == [
        *("qwen", "--openai-api-key", "***", "--token=***", "-p", "hi", "--model", "m")
    ]


def test_events_are_sent_on_with_their_pauses_to_a_reader_of_a_fifo(tmp_path: Path) -> None:
    body = 'for n in range(2, 6):\n    tell(n, "user")\n    time.sleep(0.05)\n'
    with record(tmp_path, body) as terminal:
        assert terminal.wait_exit() == 0
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with replay(tmp_path, "r", "--json-file", str(fifo)) as terminal:
        with fifo.open("rb") as reader:
            got = reader.read()
        assert terminal.wait_exit() == 0
    assert got == (tmp_path / "r" / "events.jsonl").read_bytes()


def test_a_session_that_runs_is_joined_and_goes_on(tmp_path: Path) -> None:
    with in_terminal([*COMMAND, "--offline", "--socket"], tmp_path) as session:
        session.wait_for("? keys")
        session.send("say 3 words\r")
        session.wait_for("some words of")
        wait_until(lambda: running({"HOME": str(tmp_path)}), meanwhile=session.read)
        command = [*COMMAND, "record", "-o", "r", "--attach"]
        with in_terminal(command, tmp_path) as recorder:
            recorder.wait_for("It goes on when this is interrupted")
            session.send("say 4 words\r")
            session.wait_for("some words of an")
            events = tmp_path / "r" / "events.jsonl"
            wait_until(
                lambda: events.read_bytes().count(b'"type":"result"') == 2, meanwhile=session.read
            )
            recorder.send("\x03")
            assert recorder.wait_exit() == 0
            assert "Recorded in r" in recorder.text
        with in_terminal([*COMMAND, "record", "-o", "x", "--attach", "nope"], tmp_path) as recorder:
            assert recorder.wait_exit() == 1
            assert "no session 'nope' runs" in recorder.text
        session.send("/quit\r")
        assert session.wait_exit() == 0
    numbers = [json.loads(line)["seq"] for line in events.read_bytes().splitlines()]
    assert numbers[1:] == list(range(1, numbers[-1] + 1))  # the greeting before has the last number
    meta = json.loads((tmp_path / "r" / "meta.json").read_text())
    assert meta["attached"] is True
    assert meta["ended_at"]
    assert not (tmp_path / "x").exists()
