"""Exchanges recorded from the reference with its SDKs and by hand, played against this program.

What went in is sent again, each line once the answers before it have come. What comes out has to be of the
same kinds, in the same order, with the same fields in their order; further fields may stand beside them.
What is meant to be different, and why, ``DIFFERENT`` names.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import jsonschema
import pytest

from qwen_dual.protocol.schema import schemas
from tests.support.mock import environment, mocked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.models.server import Server

FOLDER = Path(__file__).parents[1] / "reference" / "headless"
OTHERWISE = {"ts-mcp_sdk"}
"""Whose server is asked for other lists, in another order; ``sdks`` has the SDK itself do it."""

NAMES = sorted(
    path.stem
    for path in FOLDER.glob("*.jsonl")
    if not path.stem.startswith(("raw-prompt", "raw-stdin")) and path.stem not in OTHERWISE
)
PROGRAM = str(Path(sys.executable).with_name("qwen-dual"))

VOLATILE = {
    *("uuid", "id", "request_id", "session_id", "tool_use_id", "cwd", "duration_ms"),
    *("duration_api_ms", "qwen_code_version"),
}
"""Fields whose values differ from run to run."""

DIFFERENT = {
    "tools": "each program has its own",
    "slash_commands": "each program has its own",
    "agents": "there are none yet",
    "capabilities": "what is not there yet is not promised",
    "permission_mode": "without a classifier, auto is default",
    "usage": "no second model call is made behind the first one",
    "totalTokens": "estimated before the first answer too",
    "breakdown": "other prompts and tools",
    "models": "the window of a model that nobody knows is guessed differently",
    "commands": "each program has its own",
    "contextWindowSize": "of a model that nobody knows it is a guess",
    "applied": "the effort is not set while it runs, and not said to be",
    "permission_denials": "what the callback denied is listed",
    "error": "other words",
}
"""Fields whose values are not the reference's, and why."""

WORDS = {
    "[Operation Cancelled] Reason: not today": (
        "The person did not allow this call. They said: not today"
    ),
}
"""Texts that the model is told in other words."""


class Played:
    """One spawn of a recording, played against our program."""

    def __init__(self, lines: list[dict[str, Any]]) -> None:
        self.lines = lines
        self.expected = [
            message
            for line in lines
            if line["dir"] == "out" and "line" in line
            for message in (json.loads(line["line"]),)
            if kind(message) != "goal_state"
        ]
        self.sent: list[dict[str, Any]] = []
        self._half = b""

    async def run(self, server: Server, home: Path, work: Path) -> int:
        """Plays it; the exit status."""
        whole = {**os.environ, **environment(server, home)}
        command = [PROGRAM, *self.lines[0]["argv"]]
        async with await anyio.open_process(command, cwd=work, env=whole) as process:
            assert process.stdin is not None
            before = 0
            for line in self.lines:
                if line["dir"] == "out" and "line" in line:
                    before += kind(json.loads(line["line"])) != "goal_state"
                elif line["dir"] == "in" and "line" in line:
                    await self._until(process, before)
                    await process.stdin.send(self._with_our_ids(line["line"]).encode() + b"\n")
            await self._until(process, before)
            await process.stdin.aclose()
            await self._until(process, None)
            return await process.wait()

    async def _until(self, process: Any, count: int | None) -> None:
        """Reads until there are so many messages, or the end."""
        with anyio.fail_after(20):
            while count is None or len(self.sent) < count:
                try:
                    data = await process.stdout.receive()
                except anyio.EndOfStream:
                    assert count is None, f"it ended after {self.sent}"
                    return
                *lines, self._half = (self._half + data).split(b"\n")
                self.sent += map(json.loads, lines)

    def _with_our_ids(self, line: str) -> str:
        """An answer to a request of the recording as one to ours."""
        theirs = [m["request_id"] for m in self.expected if m["type"] == "control_request"]
        ours = [m["request_id"] for m in self.sent if m["type"] == "control_request"]
        for old, new in zip(theirs, ours, strict=False):
            line = line.replace(old, new)
        return line


def kind(message: Mapping[str, Any]) -> str:
    """What a message is, down to the event or request in it."""
    if message["type"] == "stream_event":
        return str(message["event"]["type"])
    if message["type"] == "control_response":
        response = message["response"]
        return f"{response['subtype']} {response['response']['subtype'] if response['subtype'] == 'success' else ''}"
    if message["type"] == "control_request":
        return str(message["request"]["subtype"])
    return str(message.get("subtype", message["type"]))


def spawns(name: str) -> Iterator[Played]:
    lines = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    starts = [n for n, line in enumerate(lines) if line["dir"] == "spawn"]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield Played(lines[start:end])


def compare(theirs: Any, ours: Any, place: str) -> None:
    """Holds ``ours`` to ``theirs``: the same fields in their order, the same values."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), place
        assert [key for key in ours if key in theirs] == list(theirs), place
        for key, value in theirs.items():
            if key not in VOLATILE and key not in DIFFERENT:
                compare(value, ours[key], f"{place}.{key}")
    elif isinstance(theirs, list):
        assert isinstance(ours, list), place
        assert len(ours) == len(theirs), place
        for number, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            compare(one, other, f"{place}[{number}]")
    elif isinstance(theirs, str) and "Process Group PGID" in theirs:
        assert ours.rpartition(":")[0] == theirs.rpartition(":")[0], place
    else:
        assert ours == WORDS.get(theirs, theirs), place


def in_order_of_requests(messages: list[dict[str, Any]], lines: list[str]) -> list[dict[str, Any]]:
    """The reference answers requests that came together in any order; ours are in theirs."""
    asked = [json.loads(line).get("request_id") for line in lines]
    answers = [m for m in messages if m["type"] == "control_response"]
    answers.sort(key=lambda m: asked.index(m["response"]["request_id"]))
    rest = iter(answers)
    return [next(rest) if m["type"] == "control_response" else m for m in messages]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_exchange_comes_out_the_same(name: str, tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()

    async def main() -> None:
        async with mocked() as (server, _):
            for played in spawns(name):
                status = await played.run(server, home, work)
                check(played, status)

    anyio.run(main)


def test_what_the_sdks_send_fits_the_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(schemas()["stdin.schema.json"])
    lines = [
        json.loads(line["line"])
        for path in FOLDER.glob("*.jsonl")
        for line in map(json.loads, path.read_text().splitlines())
        if line["dir"] == "in" and line.get("line", "").startswith("{")
    ]
    assert {line["type"] for line in lines} == {"user", "control_request", "control_response"}
    for line in lines:
        validator.validate(line)
    assert not validator.is_valid({"type": "user", "message": {"role": "user"}})


def check(played: Played, status: int) -> None:
    given = [line["line"] for line in played.lines if line["dir"] == "in" and "line" in line]
    expected = in_order_of_requests(played.expected, given)
    if not expected:  # where the reference did not understand the command line
        assert [kind(message) for message in played.sent] == ["success initialize"]
    else:
        assert [kind(message) for message in played.sent] == list(map(kind, expected))
        for theirs, ours in zip(expected, played.sent, strict=True):
            compare(theirs, ours, kind(theirs))
            assert "session_id" in ours
    assert all(len(json.dumps(message)) < 65_536 for message in played.sent)
    assert status == 0
