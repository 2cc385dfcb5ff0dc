"""A program with dual output that does next to nothing itself: what is measured is the way to the browser.

It echoes what is typed, tells events that say when they were written, and paints as fast as it is asked to.
Run by itself, with nothing imported that takes long, a hundred times on one machine.
"""

from __future__ import annotations

import json
import os
import select
import sys
import termios
import time
import tty

LINE = b"\x1b[32mline\x1b[0m of output, as a build or a test run prints it: %d\r\n"


def main() -> None:
    """Runs until its channel or its terminal is closed."""
    fd = int(sys.argv[sys.argv.index("--json-fd") + 1])
    tty.setraw(0, termios.TCSANOW)
    say(fd, "system", subtype="session_start", data=greeting())
    pending = b""
    seq = 1
    while True:
        ready, _, _ = select.select([0, fd], [], [])
        if 0 in ready:
            typed = os.read(0, 4096)
            if not typed:
                return
            os.write(1, typed)
        if fd in ready:
            data = os.read(fd, 65536)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                command = json.loads(line)
                if command["type"] == "submit":
                    seq = act(fd, json.loads(command["text"]), seq)


def act(fd: int, asked: dict[str, float], seq: int) -> int:
    """Tells ``events`` at ``rate`` a second, then paints ``megabytes`` at a rate of them a second.

    With ``message`` they belong to a message that begins, which a page shows.
    """
    if asked.get("message"):
        begin = {"type": "content_block_start", "content_block": {"type": "text", "text": ""}}
        for inner in ({"type": "message_start", "message": {"id": "m"}}, {"index": 0, **begin}):
            seq += 1
            say(fd, "stream_event", seq=seq, event=inner)
    for _ in range(int(asked.get("events", 0))):
        seq += 1
        delta = {"type": "text_delta", "text": f"{time.monotonic_ns()} "}
        inner = {"type": "content_block_delta", "index": 0, "delta": delta}
        say(fd, "stream_event", seq=seq, event=inner)
        time.sleep(1 / asked["rate"])
    began, painted, number = time.monotonic(), 0, 0
    while painted < asked.get("megabytes", 0) * 1e6:
        block = b"".join(LINE % (number + at) for at in range(500))
        number += 500
        while block:
            written = os.write(1, block)
            painted += written
            block = block[written:]
        ahead = painted / (asked["megabytes_a_second"] * 1e6) - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
    seq += 1
    say(fd, "result", seq=seq, subtype="success", result="", stop_reason="end_turn")
    return seq


def greeting() -> dict[str, object]:
    """What it says of itself: no socket, so that commands come over the server's own channel."""
    commands = ["submit", "confirmation_response"]
    return {"agent": "measured", "protocol_version": 2, "supported_commands": commands}


def say(fd: int, kind: str, *, seq: int = 1, **fields: object) -> None:
    """Writes an event."""
    event = {"type": kind, "session_id": "s", "seq": seq, "parent_tool_use_id": None, **fields}
    data = json.dumps(event).encode() + b"\n"
    while data:
        data = data[os.write(fd, data) :]


if __name__ == "__main__":
    main()
