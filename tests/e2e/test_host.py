"""A host on the channels of the real program: it steers, and sees what the person sees."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_person import answer_by_keyboard
from tests.support.program import COMMAND, Program, in_terminal

if TYPE_CHECKING:
    from pathlib import Path


def test_a_remote_prompt_runs_as_if_typed_and_is_marked(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.ready()
        program.submit("run touch from-remote", id="r1")
        request = program.request()
        program.terminal.wait_for("y  Yes")
        program.answer(request, True)
        result = program.result()
        assert result["command_id"] == "r1"
        program.terminal.wait_for("remote")
        assert program.of("user")[0]["origin"] == "input"
        assert program.of("control_response")[0]["response"]["resolved_by"] == "input"
        receipt = program.of("system", "command_receipt")[0]["data"]
        assert receipt == {"id": "r1", "status": "accepted", "host": "input"}
        program.terminal.wait_for(lambda t: not any("y  Yes" in row for row in t.screen))
        program.quit()


def test_when_the_keyboard_is_first_the_late_answer_gets_the_error(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.ready()
        program.submit("run touch x")
        request = program.request()
        answer_by_keyboard(program)
        program.answer(request, False)
        late = program.until(lambda event: event["type"] == "control_response", 2)
        assert late["response"]["subtype"] == "error"
        program.quit()


def test_a_command_sent_before_the_program_was_up_is_run_and_an_older_one_is_not(
    tmp_path: Path,
) -> None:
    old = tmp_path / "input.jsonl"
    old.write_text('{"type":"submit","text":"say 1 words old"}\n')
    os.utime(old, (0, 0))  # within a tick of the clock nobody can tell which was first
    with Program(tmp_path) as program:
        program.until(lambda event: event.get("subtype") == "session_start")
        program.submit("say 2 words")
        program.result()
        texts = [event["message"]["content"][0]["text"] for event in program.of("user")]
        assert texts == ["say 2 words"]
        program.quit()


def test_what_is_already_in_the_file_runs_when_asked_so(tmp_path: Path) -> None:
    (tmp_path / "input.jsonl").write_text('{"type":"submit","text":"say 3 words"}\n')
    with Program(tmp_path, ["--input-from", "start"]) as program:
        program.result()
        assert program.of("system", "session_start")[0]["data"]["input"]["offset"] == 0
        program.quit()


def test_bad_lines_are_told_and_the_next_one_is_read(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.ready()
        with program.input_file.open("ab") as file:
            file.write(b'nonsense\n{"type":"submit"}\n\xff\n{"type":"nope","id":"n"}\n')
        program.submit("say 1 words")
        program.result()
        codes = [event["data"]["code"] for event in program.of("system", "input_error")]
        assert codes == ["not_json", "invalid", "not_utf8", "unknown_type"]
        assert program.of("system", "command_receipt")[0]["data"]["status"] == "rejected"
        program.quit()


def read_lines(fd: int) -> list[dict[str, Any]]:
    with os.fdopen(fd, "rb") as file:
        return [json.loads(line) for line in file]


def test_a_pipe_passed_as_descriptor_three(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    events: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: events.extend(read_lines(reader)))
    with Program(tmp_path, output=["--json-fd", str(writer)], pass_fds=[writer]) as program:
        os.close(writer)
        thread.start()
        program.ready().submit("say 3 words")
        program.submit("/quit")
        assert program.terminal.wait_exit() == 0
    thread.join(30)
    assert events[0]["subtype"] == "session_start"
    assert events[-1]["subtype"] == "session_end"
    assert any(event["type"] == "result" for event in events)


def test_a_redirection_of_descriptor_three_by_a_shell(tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    inbox.touch()
    command = f"{' '.join(COMMAND)} --json-fd 3 --input-file in 3>events.jsonl"
    with in_terminal(command, tmp_path) as terminal:
        terminal.wait_for("Type a prompt")
        terminal.send("/quit\r")
        assert terminal.wait_exit() == 0
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["subtype"] == "session_start"
    assert json.loads(lines[-1])["subtype"] == "session_end"


def test_one_socket_carries_both_directions(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    number = str(theirs.fileno())
    arguments = ["--json-fd", number, "--input-fd", number]
    terminal = in_terminal([*COMMAND, *arguments], tmp_path, pass_fds=[theirs.fileno()])
    theirs.close()
    with terminal, ours:
        ours.settimeout(10)
        lines = ours.makefile("rb")
        assert json.loads(lines.readline())["subtype"] == "session_start"
        ours.sendall(b'{"type":"submit","text":"say 2 words","id":"s"}\n')
        for line in lines:
            event = json.loads(line)
            if event["type"] == "result":
                break
        assert event["command_id"] == "s"
        ours.sendall(b'{"type":"submit","text":"/quit"}\n')
        assert terminal.wait_exit() == 0
        assert json.loads(lines.readlines()[-1])["subtype"] == "session_end"


@pytest.mark.parametrize("reader_first", [True, False])
def test_a_fifo_with_its_reader_before_or_after(tmp_path: Path, reader_first: bool) -> None:
    fifo = tmp_path / "events.fifo"
    os.mkfifo(fifo)
    events: list[dict[str, Any]] = []

    def read() -> None:
        events.extend(read_lines(os.open(fifo, os.O_RDONLY)))

    thread = threading.Thread(target=read)
    if reader_first:
        thread.start()
    with Program(tmp_path, output=["--json-file", str(fifo)]) as program:
        program.ready()
        if not reader_first:
            program.submit("say 3 words")
            program.terminal.wait_for("⇄ remote")
            thread.start()
        program.submit("/quit")
        assert program.terminal.wait_exit() == 0
    thread.join(30)
    assert events[0]["subtype"] == "session_start"
    assert events[-1]["subtype"] == "session_end"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (["--json-fd", "1"], "1"),
        (["--json-fd", "9999"], "9999"),
        (["--json-file", "/nowhere/at/all"], "/nowhere/at/all"),
        (["--json-file", "/"], "/"),
        (["--json-file", "/dev/tty"], "/dev/tty"),
    ],
)
def test_a_channel_that_cannot_be_opened_is_a_warning_and_the_ui_runs(
    tmp_path: Path, output: list[str], says: str
) -> None:
    with Program(tmp_path, output=output, cols=200) as program:
        program.ready().terminal.send("say 2 words\r")
        program.terminal.wait_for("Warning: dual output disabled — ")
        line = next(row for row in program.terminal.lines if "Warning: dual output" in row)
        assert says in line
        program.terminal.wait_for("> say 2 words")  # two prompts in one read would be a paste
        program.terminal.send("/quit\r")
        assert program.terminal.wait_exit() == 0


def test_both_output_flags_are_an_error_before_the_ui(tmp_path: Path) -> None:
    output = ["--json-fd", "3", "--json-file", "x"]
    with Program(tmp_path, output=output, cols=200) as program:
        assert program.terminal.wait_exit() == 1
        assert "mutually exclusive" in program.terminal.text
        assert "Type a prompt" not in program.terminal.text


def test_a_channel_of_the_settings_opens_and_one_that_cannot_names_its_file(tmp_path: Path) -> None:
    settings = tmp_path / "home" / ".qwen" / "settings.json"
    settings.parent.mkdir(parents=True)
    paths = {"jsonFile": str(tmp_path / "from-settings"), "inputFile": "/nowhere/at/all"}
    settings.write_text(json.dumps({"dualOutput": paths}))
    with in_terminal(COMMAND, tmp_path, tmp_path / "home", cols=250) as terminal:
        terminal.wait_for("Type a prompt")
        terminal.wait_for(f"(dualOutput.inputFile in {settings})")
        terminal.send("/quit\r")
        assert terminal.wait_exit() == 0
    lines = (tmp_path / "from-settings").read_text().splitlines()
    assert json.loads(lines[-1])["subtype"] == "session_end"


def test_without_a_flag_or_a_setting_there_is_no_channel_thread_or_import(tmp_path: Path) -> None:
    command = f"{' '.join(COMMAND)} 2>imports"
    with in_terminal(command, tmp_path, env={"PYTHONVERBOSE": "1"}) as terminal:
        terminal.wait_for("Type a prompt")
        terminal.send("say 2 words\r")
        terminal.wait_for("some words")
        terminal.send("/quit\r")
        assert terminal.wait_exit() == 0
    imported = (tmp_path / "imports").read_text(errors="replace")
    assert "qwen_dual.frontends.tui.app" in imported
    assert "import 'qwen_dual.bridge" not in imported
    assert "import 'watchdog" not in imported


def test_an_input_file_of_the_settings_does_not_run_old_commands_again(tmp_path: Path) -> None:
    settings = tmp_path / "home" / ".qwen" / "settings.json"
    settings.parent.mkdir(parents=True)
    inbox = tmp_path / "in"
    inbox.write_text('{"type":"submit","text":"say 1 words"}\n')
    os.utime(inbox, (0, 0))
    settings.write_text(json.dumps({"dualOutput": {"inputFile": str(inbox)}}))
    with in_terminal(COMMAND, tmp_path, tmp_path / "home") as terminal:
        terminal.wait_for("Type a prompt")
        with inbox.open("a") as file:
            file.write('{"type":"submit","text":"say 2 words"}\n')
        terminal.wait_for("some words")
        assert "say 1 words" not in terminal.text
        terminal.send("/quit\r")
        assert terminal.wait_exit() == 0
