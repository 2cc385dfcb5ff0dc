"""From a message to its line in xterm.js, as docs/hosts.md has it: markers stay right whatever happens."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from tests.screens.live import XtermJs
from tests.support.program import COMMAND
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZES = [(24, 40), (12, 110), (30, 30), (24, 80)]


class Hosted:
    """The real program in xterm.js, with files as its channels."""

    def __init__(self, package: Path, folder: Path) -> None:
        self._events, self._input = folder / "events", folder / "input"
        self._input.touch()
        self._dark, self._none = os.pipe()
        channels = ["--json-file", str(self._events), "--input-file", str(self._input)]
        line = shlex.join([*COMMAND, "--offline", "--screen-marks", *channels])
        self.terminal = XtermJs(package, f"HOME={shlex.quote(str(folder))} exec {line}", 24, 80)

    def events(self) -> list[dict[str, Any]]:
        self.terminal.pump(0.02, self._dark)
        text = self._events.read_text() if self._events.exists() else ""
        return [json.loads(line) for line in text.splitlines(True) if line.endswith("\n")]

    def submit(self, text: str, count: int) -> None:
        with self._input.open("a") as file:
            file.write(json.dumps({"type": "submit", "text": text}) + "\n")
        wait_until(
            lambda: sum(event["type"] == "result" for event in self.events()) >= count,
            f"the result of {text!r}",
        )

    def close(self) -> None:
        self.terminal.close()
        os.close(self._dark)
        os.close(self._none)


@pytest.fixture
def hosted(xterm: Path, tmp_path: Path) -> Iterator[Hosted]:
    """The program, ready for prompts."""
    made = Hosted(xterm, tmp_path)
    wait_until(
        lambda: bool(made.events()) and any("Type a prompt" in x for x in made.terminal.lines()),
        "the first screen",
    )
    yield made
    made.close()


def begins(event: dict[str, Any]) -> str:
    """How the row begins in which an event's block does."""
    if event["type"] == "user":
        [block] = event["message"]["content"]
        return "\u2713 " if block["type"] == "tool_result" else f"> {block['text']}"
    return "\u2726 " if event["type"] == "stream_event" else "> /"


def test_markers_lead_to_their_messages_after_resizes_and_a_cleared_screen(hosted: Hosted) -> None:
    for number, prompt in enumerate(["list", "say 200 words", "/help", "run echo found"], 1):
        hosted.submit(prompt, number)
    events = {event["seq"]: event for event in hosted.events()}

    def settled() -> bool:
        hosted.events()
        return any("echo found done" in line for line in hosted.terminal.lines())

    wait_until(settled, "the last answer")
    before, count = hosted.terminal.marked()
    assert len(before) > 8
    for rows, columns in SIZES:
        hosted.terminal.resize(rows, columns)
        hosted.terminal.type("\x0c")
        hosted.events()
        marked, _ = hosted.terminal.marked()
        for seq, row in marked.items():
            if seq and begins(events[seq]) != "> /":
                assert row.startswith(begins(events[seq])[: columns - 1]), (seq, columns, row)
    after, again = hosted.terminal.marked()
    assert (after.keys(), again) == (before.keys(), count)
