"""Plays a recorded session of a program with the base protocol, as its own files say.

It writes as that program does (an existing file, from its beginning), skips what is in the input when it
begins to watch, waits for a prompt where the recording has one, and for an answer where the recording has
that. A signal kills it, ``/quit`` ends it in order; Esc and a denial end a turn, silently.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import sys
import tty
from typing import Any

ESCAPE = b"\x1b"


class Player:
    """One recording, one pair of files."""

    def __init__(self, events: str, commands: str) -> None:
        self.out = os.open(events, os.O_WRONLY | os.O_NONBLOCK)
        self.input = commands
        self.position = os.stat(commands).st_size
        self.waiting: list[dict[str, Any]] = []
        self.last: dict[str, Any] = {}

    def write(self, event: dict[str, Any]) -> None:
        os.write(self.out, json.dumps(event).encode() + b"\n")

    def next(self, kind: str) -> dict[str, Any] | None:
        """The next command of a kind; None when Esc was pressed first."""
        while True:
            for command in self.waiting:
                if command["type"] == kind:
                    self.waiting.remove(command)
                    return command
            if select.select([0], [], [], 0.02)[0] and ESCAPE in os.read(0, 100):
                return None
            with open(self.input, "rb") as file:
                file.seek(self.position)
                data = file.read()
            self.position += len(data)
            self.waiting += [json.loads(line) for line in data.splitlines()]

    def play(self, events: list[dict[str, Any]]) -> None:
        """One turn after the other; the recording's prompt gives way to what was submitted."""
        self.last = events[-1]
        self.write(events[0])
        turn = events[1:-1]
        for number in itertools.count(1):
            again = json.dumps(turn)
            if number > 1:  # what has to be unique is so again
                again = again.replace('"request_id": "', f'"request_id": "{number}-')
            self.turn(json.loads(again))

    def end(self) -> None:
        self.write(self.last)
        os._exit(0)

    def turn(self, events: list[dict[str, Any]]) -> None:
        command = None
        while command is None:
            command = self.next("submit")
        if command["text"] == "/quit":
            self.end()
        for event in events:
            blocks = event.get("message", {}).get("content", [{}])
            if event["type"] == "user" and blocks[0]["type"] == "text":
                blocks[0]["text"] = command["text"]
            if event["type"] == "control_response":
                answer = self.next("confirmation_response")
                if answer is None or not answer["allowed"]:
                    return
            self.write(event)


def main(recording: str, arguments: list[str]) -> None:
    """Plays until ``/quit``."""
    with open(recording, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert set(options) == {"--json-file", "--input-file"}, options
    tty.setraw(0)
    Player(options["--json-file"], options["--input-file"]).play(events)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
