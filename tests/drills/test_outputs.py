"""Readers and disks that misbehave while the real program runs."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import COMMAND, Program, in_terminal

if TYPE_CHECKING:
    from pathlib import Path


ASKED = b'"type":"control_request"'


def script(folder: Path, *replies: dict[str, Any]) -> list[str]:
    path = folder / "script.jsonl"
    path.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return ["--offline-script", str(path)]


def text(words: str, repeat: int) -> dict[str, Any]:
    return {"blocks": [{"type": "text", "text": words, "repeat": repeat}]}


def parse(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def is_written(path: Path) -> bool:
    """Whether a process has the file open for writing, be it one that is just being started."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            names = os.listdir(f"/proc/{process}/fd")
        except OSError:  # it has ended, or is somebody else's
            continue
        if any(writes_to(f"/proc/{process}", name, path) for name in names):
            return True
    return False


def writes_to(process: str, fd: str, path: Path) -> bool:
    try:
        if os.readlink(f"{process}/fd/{fd}") != str(path):
            return False
        with open(f"{process}/fdinfo/{fd}") as file:
            flags = next(int(row.split()[1], 8) for row in file if row.startswith("flags"))
    except OSError:
        return False
    return flags & os.O_ACCMODE == os.O_WRONLY


@pytest.mark.drill
def test_a_reader_that_never_comes_holds_up_neither_the_session_nor_its_end(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    arguments = script(tmp_path, text("w ", 40_000))  # 12 MB of events
    with Program(tmp_path, arguments, output=["--json-file", str(fifo)]) as program:
        program.ready().submit("go")
        program.submit("/channels")
        program.terminal.wait_for("waiting for a reader", timeout=50)
        program.terminal.wait_for("dropped 3")  # and some thousands; the row below
        program.submit("/quit")
        began = time.monotonic()
        assert program.terminal.wait_exit() == 0
        assert time.monotonic() - began < 20  # a bound for a busy machine; idle it takes 0.1 s


@pytest.mark.drill
def test_a_reader_at_four_kilobytes_a_second_slows_only_itself(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[bytes] = []
    done = threading.Event()

    def read_slowly() -> None:
        fd = os.open(fifo, os.O_RDONLY)
        while (piece := os.read(fd, 4096)) and not done.wait(1):
            got.append(piece)
        while piece:
            got.append(piece)
            piece = os.read(fd, 1 << 16)
        os.close(fd)

    thread = threading.Thread(target=read_slowly)
    thread.start()
    arguments = script(tmp_path, text("w ", 20_000))  # 6 MB of events, 40 kB of the screen
    with Program(tmp_path, arguments, output=["--json-file", str(fifo)]) as program:
        program.ready().submit("go")
        program.submit("/channels")
        program.terminal.wait_for("written", timeout=50)
        done.set()
        program.submit("/quit")
        assert program.terminal.wait_exit() == 0
    thread.join(30)
    events = parse(b"".join(got))
    assert events[0]["subtype"] == "session_start"
    assert events[-1]["subtype"] == "session_end"
    last = 0
    for event in events:  # every jump is told
        if event.get("subtype") == "gap":
            assert event["data"]["from_seq"] == last + 1
            assert event["data"]["to_seq"] == event["seq"]
        else:
            assert event["seq"] == last + 1
        last = event["seq"]


def test_a_killed_reader_and_the_next_one_see_the_whole_session_between_them(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    first = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with Program(tmp_path, output=["--json-file", str(fifo)]) as program:
        program.ready().submit("say 60 words")
        os.set_blocking(first, True)
        torn = b""
        while len(torn) < 3_001:
            torn += os.read(first, 3_001 - len(torn))
        os.close(first)
        program.submit("run touch approved")
        program.terminal.wait_for("y  Yes")
        rest: list[bytes] = []
        second = os.open(fifo, os.O_RDONLY)

        def read() -> None:
            with os.fdopen(second, "rb") as file:
                rest.extend(file)

        thread = threading.Thread(target=read)
        thread.start()
        program.terminal.wait_for(lambda _: any(ASKED in line for line in rest))
        request = next(json.loads(line) for line in rest if ASKED in line)
        program.answer(request["request_id"], True)
        program.submit("/quit")
        assert program.terminal.wait_exit() == 0
    thread.join(30)
    before = parse(torn)
    greeting, *after = [json.loads(line) for line in rest]
    assert greeting["data"]["resumed"]
    assert [event["seq"] for event in before + after] == list(range(1, after[-1]["seq"] + 1))
    assert after[-1]["subtype"] == "session_end"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_device_is_one_warning_and_the_ui_runs_on(tmp_path: Path) -> None:
    with Program(tmp_path, output=["--json-file", "/dev/full"], cols=120) as program:
        program.ready().submit("say 3 words")
        program.terminal.wait_for("Warning: dual output disabled — /dev/full: No space left")
        program.terminal.wait_for("some words of")
        program.submit("/channels")
        program.terminal.wait_for("closed: /dev/full: No space left on device")
        assert program.quit() == 0
        warnings = [line for line in program.terminal.lines if "Warning: dual output" in line]
        assert len(warnings) == 1


def test_a_disk_that_fills_up_leaves_whole_lines_and_a_running_ui(tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    command = f"ulimit -f 16; exec {' '.join(COMMAND)} --json-file events --input-file in"
    with in_terminal(command, tmp_path, cols=120) as terminal:
        terminal.wait_for("Type a prompt")
        terminal.send("say 200 words\r")
        terminal.wait_for("Warning: dual output disabled — events: File too large")
        terminal.send("say 2 words\r")
        terminal.wait_for(lambda t: "✦ some words" in t.text.partition("> say 2 words")[2])
        terminal.send("/quit\r")
        assert terminal.wait_exit() == 0
    data = (tmp_path / "events").read_bytes()
    assert data.endswith(b"\n")
    assert len(data) > 10_000
    assert [event["seq"] for event in parse(data)] == list(range(1, data.count(b"\n") + 1))


@pytest.mark.parametrize("accident", ["deleted", "renamed", "truncated"])
def test_an_events_file_that_is_taken_away_begins_anew(tmp_path: Path, accident: str) -> None:
    with Program(tmp_path) as program:
        program.ready().submit("say 2 words")
        program.result()
        seen = len(program.refresh())
        if accident == "deleted":
            program.events_file.unlink()
        elif accident == "renamed":
            program.events_file.rename(tmp_path / "aside")
        else:
            os.truncate(program.events_file, 0)
        program.events.clear()
        program._offset = 0
        program.submit("say 3 words")
        program.result()
        greeting, *rest = program.refresh()
        assert greeting["data"]["resumed"]
        assert [event["seq"] for event in rest] == list(range(rest[0]["seq"], rest[-1]["seq"] + 1))
        assert greeting["data"]["next_seq"] == rest[0]["seq"] > seen - 3
        assert program.quit() == 0


def test_ten_readers_one_after_another_miss_nothing_between_them(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    seen: list[int] = []
    with Program(tmp_path, output=["--json-file", str(fifo)]) as program:
        for turn in range(10):
            data = b""
            with open(fifo, "rb", buffering=0) as reader:
                if not turn:
                    program.ready()
                program.submit(f"say {turn + 1} words")
                # A part of the turn only, and most often not to the end of a line.
                while len(data) < 2_000:
                    data += reader.read(2_000 - len(data))
            # The kernel gives a pipe's rest to whoever opens it while a writer is there: readers that
            # follow each other within microseconds share one, and no writer can tell.
            program.terminal.wait_for(lambda _: not is_written(fifo))
            lines = parse(data)
            if turn:
                greeting = lines.pop(0)
                assert greeting["data"]["resumed"]
                assert greeting["data"]["next_seq"] == seen[-1] + 1
            seen += [event["seq"] for event in lines]
        rest: list[bytes] = []

        def read() -> None:
            with open(fifo, "rb") as reader:
                rest.extend(reader)

        thread = threading.Thread(target=read)
        thread.start()
        program.submit("/quit")
        assert program.terminal.wait_exit() == 0
    thread.join(30)
    _, *last = [json.loads(line) for line in rest]
    seen += [event["seq"] for event in last]
    assert seen == list(range(1, seen[-1] + 1))
    assert last[-1]["subtype"] == "session_end"


def test_the_reader_of_a_pipe_that_leaves_closes_the_channel_and_the_ui_runs_on(
    tmp_path: Path,
) -> None:
    reader, writer = os.pipe()
    output = ["--json-fd", str(writer)]
    with Program(tmp_path, output=output, pass_fds=[writer], cols=120) as program:
        os.close(writer)
        program.ready()
        os.close(reader)
        program.submit("say 2 words")
        program.terminal.wait_for("the reader closed it")
        program.terminal.wait_for("some words")
        program.submit("/channels")
        program.terminal.wait_for("closed: fd")
        assert program.quit() == 0
