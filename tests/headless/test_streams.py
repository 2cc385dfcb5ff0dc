"""Streams both ways, from outside: lines into the program's stdin, messages out of its stdout."""

from __future__ import annotations

import fcntl
import json
import os
import random
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import jsonschema
import pytest

from qwen_dual.protocol.schema import STRICT, schemas
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = str(Path(sys.executable).with_name("qwen-dual"))
STREAMS = ("--input-format", "stream-json", "--output-format", "stream-json")
INITIALIZE = {"subtype": "initialize", "hooks": None}


class Program:
    """The program between two pipes, with the offline model unless told otherwise."""

    def __init__(self, folder: Path, *arguments: str, stdin: Any = subprocess.PIPE) -> None:
        self.work, home = folder / "work", folder / "home"
        self.work.mkdir(exist_ok=True)
        home.mkdir(exist_ok=True)
        model = () if "--offline-script" in arguments else ("--offline",)
        kept = {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_BASE_URL"))}
        self.process = subprocess.Popen(
            [PROGRAM, *STREAMS, *model, *arguments],
            cwd=self.work,
            env={**kept, "HOME": str(home)},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.messages: list[dict[str, Any]] = []
        self._half = b""
        self._number = 0

    def send(self, **line: Any) -> None:
        """Sends one line."""
        self.raw(json.dumps(line).encode() + b"\n")

    def raw(self, data: bytes) -> None:
        """Sends bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def say(self, content: Any, **more: Any) -> None:
        """Sends a prompt."""
        self.send(type="user", message={"role": "user", "content": content}, **more)

    def request(self, **request: Any) -> dict[str, Any]:
        """The response to a control request."""
        self._number += 1
        name = f"r{self._number}"
        self.send(type="control_request", request_id=name, request=request)
        answer = self.until(
            lambda m: m["type"] == "control_response" and m["response"]["request_id"] == name
        )
        return answer["response"]  # type: ignore[no-any-return]

    def until(self, matches: Callable[[dict[str, Any]], bool], count: int = 1) -> dict[str, Any]:
        """The ``count``-th message that matches, waiting for it."""
        deadline = time.monotonic() + 30
        while len(found := [message for message in self.messages if matches(message)]) < count:
            assert time.monotonic() < deadline, self.messages
            assert self._read(deadline), f"it ended after {self.messages}"
        return found[count - 1]

    def result(self, count: int = 1) -> dict[str, Any]:
        """The ``count``-th result."""
        return self.until(lambda message: message["type"] == "result", count)

    def question(self, count: int = 1) -> dict[str, Any]:
        """The ``count``-th question whether a call may run."""
        return self.until(lambda message: message["type"] == "control_request", count)

    def end(self) -> int:
        """Closes stdin, reads what is left; the exit status."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        while self._read(time.monotonic() + 30):
            pass
        assert self._half == b""
        return self.process.wait(30)

    def kinds(self) -> list[str]:
        """What all messages are."""
        return [message.get("subtype") or message["type"] for message in self.messages]

    def _read(self, deadline: float) -> bool:
        assert self.process.stdout is not None
        fd = self.process.stdout.fileno()
        if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
            return True
        data = os.read(fd, 1 << 16)
        *lines, self._half = (self._half + data).split(b"\n")
        self.messages += map(json.loads, lines)
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def test_prompts_are_told_one_after_the_other_and_the_end_of_stdin_waits_for_all(
    tmp_path: Path,
) -> None:
    with Program(tmp_path) as program:
        for number in range(3):
            program.say(f"say {number + 1} words", uuid=f"u{number}")
            program.raw(b'{"type": "user", "mess\n\n\xff\n')
            program.raw(b'{"type":"user","message":{"role":"user","content":""},"uuid":"none"}\n')
        assert program.end() == 0
        results = [message for message in program.messages if message["type"] == "result"]
        order = [result["command_id"] for result in results]
        assert order == ["u0", "none", "u1", "none", "u2", "none"]
        assert [result["is_error"] for result in results] == [False, True] * 3
        ends = [
            kind for kind in program.kinds() if kind in ("init", "success") or "error_d" in kind
        ]
        assert ends == ["init", "success", "init", "error_during_execution"] * 3
        codes = [m["data"]["code"] for m in program.messages if m.get("subtype") == "input_error"]
        assert sorted(codes) == sorted(["not_json", "not_utf8", "empty"] * 3)
        assert all("session_id" in message for message in program.messages)


def test_through_what_it_was_started_stands_in_its_log(tmp_path: Path) -> None:
    with Program(tmp_path, "--channel=SDK\x1b", "--debug") as program:
        assert program.end() == 0
    [log] = (tmp_path / "home" / ".qwen" / "debug").iterdir()
    assert r"started through 'SDK\x1b'" in log.read_text()


def test_a_prompt_that_is_sent_twice_runs_once(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        prompt = {"role": "user", "content": "say 1 words"}
        line = json.dumps({"type": "user", "message": prompt, "uuid": "one"}).encode() + b"\n"
        program.raw(line * 2)  # at once, so that the second comes while the first runs
        program.result()
        program.say("say 1 words", uuid="one")
        program.say("say 1 words", uuid="two")
        program.say("say 1 words")
        program.say("say 1 words")
        assert program.end() == 0
    results = [m.get("command_id") for m in program.messages if m["type"] == "result"]
    assert results == ["one", "two", None, None]
    receipts = [m["data"] for m in program.messages if m.get("subtype") == "command_receipt"]
    told = [(receipt["id"], receipt["status"], receipt["outcome"]) for receipt in receipts]
    assert told == [("one", "duplicate", "running"), ("one", "duplicate", "done")]


def test_a_file_is_a_stream_too_and_its_last_line_needs_no_newline(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"type":"user","message":{"role":"user","content":"say 2 words"}}')
    with path.open("rb") as file, Program(tmp_path, stdin=file) as program:
        assert program.end() == 0
        assert program.kinds() == ["init", "assistant", "success"]
    with open(os.devnull, "rb") as nothing, Program(tmp_path, stdin=nothing) as program:
        assert program.end() == 0
        assert program.messages == []


def test_nobody_is_asked_who_has_not_said_that_they_decide(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.say("run touch one")
        assert program.result()["permission_denials"][0]["tool_name"] == "run_shell_command"
        assert program.request(**INITIALIZE)["subtype"] == "success"
        program.say("run touch two")
        question = program.question()
        answer = {"behavior": "allow"}
        response = {"subtype": "success", "request_id": question["request_id"], "response": answer}
        program.send(type="control_response", response=response)
        assert program.result(2)["permission_denials"] == []
        program.say("run touch three")
        program.question(2)
        assert program.end() == 0  # whoever was asked has left
        assert "has left" in json.dumps(program.messages[-3:])
        assert [path.name for path in program.work.iterdir()] == ["two"]


def test_the_commands_of_the_channels_are_taken_on_stdin(tmp_path: Path) -> None:
    with Program(tmp_path, "--permission-prompt-tool", "stdio") as program:
        program.send(type="submit", text="run touch made", id="1")
        question = program.question()
        program.send(type="get_state", id="2")
        state = program.until(lambda message: message.get("subtype") == "state")
        assert state["data"]["state"] == "awaiting_approval"
        program.send(type="submit", text="say 1 word", id="3")
        program.send(type="cancel", target="3", id="4")
        program.send(
            type="confirmation_response", request_id=question["request_id"], allowed=True, id="5"
        )
        allowed = program.until(lambda message: message["type"] == "control_response")
        assert allowed["response"]["response"] == {"allowed": True}
        assert program.result()["command_id"] == "1"
        program.send(type="confirmation_response", request_id="none", allowed=True)
        unknown = program.until(lambda message: message["type"] == "control_response", 2)
        assert unknown["response"]["error"].startswith("unknown request_id")
        assert program.end() == 0
        receipts = [m["data"] for m in program.messages if m.get("subtype") == "command_receipt"]
        assert [(receipt["id"], receipt["status"]) for receipt in receipts] == [
            ("1", "accepted"),
            ("2", "accepted"),
            ("3", "queued"),
            ("3", "rejected"),
            ("4", "accepted"),
            ("5", "accepted"),
        ]
        assert (program.work / "made").exists()


def test_slash_commands_are_prompts_and_a_new_session_goes_on_where_the_old_one_was(
    tmp_path: Path,
) -> None:
    with Program(tmp_path) as program:
        commands = program.request(subtype="supported_commands")["response"]["commands"]
        assert {"clear", "compress", "model"} <= set(commands)
        program.say("/model")
        assert "offline" in program.result()["result"]
        program.say("/vim")
        assert "needs an editor" in program.result(2)["error"]["message"]
        program.say("/clear")
        before = program.result(2)["session_id"]
        program.say("say 1 word")
        after = program.result(4)
        assert (after["result"], after["session_id"] == before) == ("some", False)
        assert program.request(**INITIALIZE)["response"]["session_id"] == after["session_id"]
        assert program.request(subtype="set_permission_mode", mode="yolo")["subtype"] == "success"
        program.say("/quit")
        assert program.process.wait(30) == 0


def test_what_the_channel_says_of_it_fits_the_published_schema(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schemas()[STRICT])
    for number, arguments in enumerate(((), ("-y", "--max-tool-calls", "0"))):
        told = tmp_path / f"events{number}.jsonl"
        with Program(tmp_path, *arguments, "--json-file", str(told)) as program:
            program.request(**INITIALIZE)
            program.request(subtype="set_permission_mode", mode="plan" if number == 0 else "yolo")
            program.say("run touch a")
            program.result()
            program.end()
        events = [json.loads(line) for line in told.read_text().splitlines()]
        for event in events:
            validator.validate(event)
        assert events[-1]["subtype"] == "session_end"
        origins = {event["origin"] for event in events if "origin" in event}
        assert origins == {"sdk"}
    assert [e["stop_reason"] for e in events if e["type"] == "result"] == ["budget"]


def slow(folder: Path) -> str:
    """A script whose first answer never comes to its end."""
    path = folder / "script.jsonl"
    words = {"type": "text", "text": "word " * 5_000}
    path.write_text(json.dumps({"blocks": [words], "delay_ms": 20}) + '\n{"blocks": []}\n')
    return str(path)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_after_a_result(tmp_path: Path, number: int, status: int) -> None:
    arguments = ("--include-partial-messages", "--offline-script", slow(tmp_path))
    with Program(tmp_path, *arguments) as program:
        program.say("go")
        program.until(lambda message: message["type"] == "stream_event", 5)
        program.process.send_signal(number)
        assert program.result()["stop_reason"] == "interrupted"
        assert program.end() == status
        assert program.kinds()[-2:] == ["stream_event", "error_during_execution"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_although_nobody_takes_what_it_writes(tmp_path: Path, number: int) -> None:
    script = tmp_path / "script.jsonl"
    words = {"type": "text", "text": "word " * 20, "repeat": 40_000}
    script.write_text(json.dumps({"blocks": [words]}))
    with Program(tmp_path, "--offline-script", str(script)) as program:
        program.say("go")
        stdout = program.process.stdout
        assert stdout is not None
        wait_until(lambda: waiting_in(stdout.fileno()) > 60_000, "the pipe is full")
        program.process.send_signal(number)
        assert program.process.wait(20) == 128 + number


def waiting_in(fd: int) -> int:
    """Bytes that a pipe holds."""
    held = fcntl.ioctl(fd, termios.FIONREAD, bytes(4))
    return int.from_bytes(held, sys.byteorder)


def test_a_signal_at_any_moment_leaves_whole_lines_and_a_result_for_each_prompt(
    tmp_path: Path, whole: bool
) -> None:
    call = {"type": "tool_use", "name": "run_shell_command", "input": {"command": "sleep 0.1"}}
    words = {"type": "text", "text": "word ", "repeat": 40}
    answers = [{"blocks": [call]}, *[{"blocks": [words], "delay_ms": 5}] * 3]
    path = tmp_path / "script.jsonl"
    path.write_text("\n".join(map(json.dumps, answers)))
    line = {"type": "user", "message": {"role": "user", "content": "go"}}
    lines = [json.dumps({**line, "uuid": name}) for name in "abc"]
    given = "".join(f"{one}\n" for one in lines).encode()
    chance = random.Random(5)
    for each in range(60 if whole else 6):
        number = (signal.SIGINT, signal.SIGTERM)[each % 2]
        arguments = ("-y", "--include-partial-messages", "--offline-script", str(path))
        with Program(tmp_path, *arguments) as program:
            process = program.process
            try:
                out, _ = process.communicate(given, timeout=chance.uniform(0, 2))
            except subprocess.TimeoutExpired:
                process.send_signal(number)
                out, _ = process.communicate(timeout=50)
        assert process.returncode in (-number, 128 + number, 0)
        assert out == b"" or out.endswith(b"\n")
        messages = [json.loads(one) for one in out.splitlines()]
        kinds = [message.get("subtype") or message["type"] for message in messages]
        results = [message for message in messages if message["type"] == "result"]
        assert kinds.count("init") == len(results)
        assert [result["command_id"] for result in results] == list("abc")[: len(results)]
        assert messages[-1:] == results[-1:]
        if process.returncode == 0:
            assert len(results) == 3


def test_a_bound_of_time_ends_it_and_one_of_calls_says_so(tmp_path: Path) -> None:
    arguments = ("--offline-script", slow(tmp_path), "--max-wall-time", "1s")
    with Program(tmp_path, *arguments) as program:
        program.say("go")
        assert program.result()["stop_reason"] == "budget"
        assert program.process.wait(30) == 55
    with Program(tmp_path, "--max-session-turns", "1") as program:
        program.say("list")
        assert program.result()["subtype"] == "error_max_turns"
        program.say("say 1 word")
        assert program.result(2)["subtype"] == "error_max_turns"
        assert program.end() == 53


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    with Program(tmp_path, "--offline-script", slow(tmp_path)) as program:
        assert program.process.stdout is not None
        program.process.stdout.close()
        program.send(type="control_request", request_id="a", request=INITIALIZE)
        assert program.process.wait(30) == 0
        assert program.process.stderr is not None
        assert program.process.stderr.read() == b""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--output-format", "json"],
            "--input-format stream-json needs --output-format stream-json",
        ),
        (["--json-schema", "{}"], "--json-schema does not go with --input-format stream-json"),
        (["--resume"], "--resume needs the ID of a session"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    with Program(tmp_path, *arguments) as program:
        assert program.process.wait(30) == 1
        assert program.process.stderr is not None
        assert said in program.process.stderr.read().decode()
