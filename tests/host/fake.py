"""A program with dual output over one socket that does one thing wrong, named by its first argument."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from typing import Any

START = {
    "type": "system",
    "subtype": "session_start",
    "session_id": "fake-session",
    "seq": 1,
    "data": {
        "agent": "fake",
        "protocol_version": 2,
        "version": "1",
        "supported_commands": ["submit", "confirmation_response", "interrupt", "get_state"],
    },
}
DELTA = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "word "},
}


class Fake:
    """Its channel; ``seq`` counts as the protocol asks."""

    def __init__(self, fd: int) -> None:
        self.socket = socket.socket(fileno=fd)
        self.lines = self.socket.makefile("rb")
        self.seq = 0

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def say(self, kind: str, **fields: Any) -> None:
        self.seq += 1
        event = {"type": kind, "session_id": "fake-session", "seq": self.seq, **fields}
        self.raw(json.dumps(event).encode() + b"\n")

    def start(self) -> None:
        self.seq = 1
        self.raw(json.dumps(START).encode() + b"\n")

    def command(self) -> dict[str, Any]:
        line = self.lines.readline()
        if not line:
            os._exit(9)
        command: dict[str, Any] = json.loads(line)
        return command

    def receipt(self, command: dict[str, Any], status: str = "accepted", **more: Any) -> None:
        data = {"id": command["id"], "status": status, **more}
        self.say("system", subtype="command_receipt", data=data)

    def request(self) -> None:
        request = {"subtype": "can_use_tool", "tool_name": "t", "tool_use_id": "c", "input": {}}
        self.say("control_request", request_id="r1", request=request)

    def result(self, command: dict[str, Any], text: str = "done") -> None:
        self.say(
            "result",
            subtype="success",
            is_error=False,
            result=text,
            stop_reason="end_turn",
            command_id=command["id"],
        )

    def end(self) -> None:
        self.say("system", subtype="session_end", data={"session_id": "fake-session"})


def dies(fake: Fake, mode: str) -> None:
    """Ends at the stage that the mode names."""
    if mode == "dies_before_any_event":
        print("cannot open the frobnicator", flush=True)
        os._exit(3)
    fake.start()
    if mode == "dies_after_start":
        os._exit(4)
    command = fake.command()
    if mode == "dies_without_a_receipt":
        os._exit(5)
    fake.receipt(command)
    if mode == "dies_in_an_approval":
        fake.request()
        fake.command()
        os._exit(6)
    fake.say("stream_event", event=DELTA)
    fake.raw(b'{"type":"assistant","mess')
    if mode == "dies_of_a_signal":
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(7)


def floods(fake: Fake) -> None:
    """Answers each prompt with as many deltas as it says."""
    while (command := fake.command())["type"] == "submit":
        fake.receipt(command)
        fake.say("user", message={"role": "user", "content": []})
        for _ in range(int(command["text"])):
            fake.say("stream_event", event=DELTA)
        fake.say("novelty", colour={"deep": [1, 2]})
        fake.result(command)


def babbles(fake: Fake) -> None:
    """Says things that are no events, leaves numbers out, and asks the same thing twice."""
    fake.raw(b"Debugger attached.\n\n[1,2]\n" + b'{"type":5,"subtype":[]}\n')
    fake.raw(b'{"type":"big","x":"' + b"y" * 70_000 + b'"}\n')
    fake.seq += 3
    fake.request()
    fake.raw(json.dumps({"type": "control_request", "request_id": "r1", "seq": 2}).encode() + b"\n")
    fake.say("system", subtype="gap", data={"from_seq": 6, "to_seq": 7, "dropped": 2})
    fake.end()


def tells_its_size(fake: Fake) -> None:
    """Says how large its window is, now and when it changes, and what TERM is."""

    def tell(*_: object) -> None:
        size = os.get_terminal_size(0)
        fake.say("size", columns=size.columns, rows=size.lines, term=os.environ.get("TERM"))

    signal.signal(signal.SIGWINCH, tell)
    tell()
    while True:
        time.sleep(60)


def main(mode: str, fd: int) -> None:
    """Behaves as the mode says."""
    fake = Fake(fd)
    if mode.startswith("dies"):
        dies(fake, mode)
    elif mode == "says_nothing":
        print("Warning: dual output disabled", flush=True)
        time.sleep(60)
    elif mode == "floods":
        fake.start()
        floods(fake)
    elif mode == "babbles":
        fake.start()
        babbles(fake)
        time.sleep(60)
    elif mode == "ignores_sigterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        fake.start()
        while True:
            time.sleep(60)
    elif mode == "gives_no_receipt":
        fake.start()
        while True:
            fake.command()
    elif mode == "closes_its_channel":
        fake.start()
        fake.lines.close()
        fake.socket.close()
        time.sleep(60)
    elif mode == "paints":
        fake.start()
        for number in range(int(fake.command()["text"])):
            print(f"\x1b[31mline {number} {'x' * 60}\x1b[0m", flush=True)
        fake.end()
    elif mode == "tells_its_size":
        fake.start()
        tells_its_size(fake)
    elif mode == "refuses":
        fake.start()
        while True:
            fake.receipt(fake.command(), "rejected", code="busy", message="not now")
    else:
        raise SystemExit(f"unknown mode {mode}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[sys.argv.index("--json-fd") + 1]))
