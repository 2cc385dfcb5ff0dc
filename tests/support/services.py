"""The real program in a PTY, hosted with ``qwen_dual.host``, against scripted model services."""

from __future__ import annotations

import json
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pyte

from qwen_dual import host
from tests.models.server import sse
from tests.support.screen import Screen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tests.models.server import Reply

ROOT = str(Path(__file__).parents[2])
KEY = "sk-planted-0123456789abcdef"


def answer(*pieces: str, finish: str = "stop") -> Reply:
    """An answer of an OpenAI-compatible service."""
    return sse(
        *[{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces],
        {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
        {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
        "[DONE]",
    )


def calling(name: str, arguments: Mapping[str, Any] | str) -> Reply:
    """An answer that calls a tool; ``arguments`` as a text is sent as it is."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": name, "arguments": text}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    return sse(
        {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        "[DONE]",
    )


@dataclass
class Hosted:
    """A running program with all that came out of it.

    Attributes:
        session: steers it.
        painted: every byte that it wrote to the terminal.
        events: every event, as it was sent.
    """

    session: host.Session
    screen: Screen
    painted: bytearray = field(default_factory=bytearray)
    events: list[dict[str, Any]] = field(default_factory=list)
    _changed: anyio.Event = field(default_factory=anyio.Event)

    @property
    def shown(self) -> str:
        """What is on the screen, and what has left it upwards."""
        top = [
            "".join(line[column].data for column in range(self.screen.columns)).rstrip()
            for line in self.screen.history.top
        ]
        return "\n".join([*top, *(line.rstrip() for line in self.screen.display)])

    def count(self, text: str) -> int:
        """How often ``text``, wherever lines were broken, is there."""
        return _flat(self.shown).count(_flat(text))

    async def until(self, text: str, count: int = 1) -> None:
        """Waits until ``text``, wherever lines were broken, is there ``count`` times."""
        await self._wait(
            lambda: self.count(text) >= count,
            lambda: f"no {text!r}, {count} times, in {self.shown}",
        )

    async def event(
        self, matches: Callable[[dict[str, Any]], bool], count: int = 1
    ) -> dict[str, Any]:
        """The ``count``-th event that matches, waiting for it."""
        await self._wait(
            lambda: sum(map(bool, map(matches, self.events))) >= count,
            lambda: f"not {count} times among {self.events}",
        )
        return list(filter(matches, self.events))[count - 1]

    async def system(self, subtype: str) -> dict[str, Any]:
        """The data of the first system event of this subtype."""
        event = await self.event(lambda event: event.get("subtype") == subtype)
        return dict(event["data"])

    async def _wait(self, holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
        with anyio.move_on_after(30):
            while (self.screen.updating and self.session.exit is None) or not holds():
                self._changed = anyio.Event()
                await self._changed.wait()
        assert holds(), otherwise()

    async def follow(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Takes every event."""
        with self.session.events() as reader:
            task_status.started()
            try:
                async for event in reader:
                    self.events.append(dict(event.raw))
                    self._changed.set()
            except host.SessionExited:  # a test may kill it
                self._changed.set()

    async def watch(self) -> None:
        """Takes what is painted."""
        stream = pyte.ByteStream(self.screen)
        async for data in self.session.terminal:
            self.painted += data
            stream.feed(data)
            self._changed.set()


def _flat(text: str) -> str:
    return "".join(text.split())


@asynccontextmanager
async def hosted(
    home: Path, *arguments: str, env: Mapping[str, str] | None = None, columns: int = 100
) -> AsyncIterator[Hosted]:
    """The program in ``home``/work, with ``home`` as the person's home; ended afterwards."""
    work = home / "work"
    work.mkdir(exist_ok=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_API_KEY", "_BASE_URL", "_MODEL", "_proxy", "_PROXY"))
    }
    whole = {**kept, "HOME": str(home), "PYTHONPATH": ROOT, **(env or {})}
    command = [sys.executable, "-m", "qwen_dual", *arguments]
    async with (
        host.open_session(command, cwd=str(work), env=whole, columns=columns, rows=30) as session,
        anyio.create_task_group() as group,
    ):
        program = Hosted(session, Screen(columns, 30, history=5000))
        await group.start(program.follow)
        group.start_soon(program.watch)
        try:
            yield program
        finally:
            await session.aclose()
            with anyio.move_on_after(30):
                await program._wait(lambda: session.exit is not None, lambda: "it did not end")
            group.cancel_scope.cancel()


def openai(url: str, **more: str) -> dict[str, str]:
    """The environment that is enough for an OpenAI-compatible service."""
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_MODEL": "test-model",
        **more,
    }


def settings(home: Path, values: Mapping[str, Any]) -> Path:
    """Writes the person's settings."""
    path = home / ".qwen" / "settings.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values))
    return path


ONCE_AGAIN = {"maxRetries": 1}
SHORT_SILENCE = {"streamIdleTimeoutMs": 2000}
"""A stream may be silent for two seconds: soon over, and more than a busy machine takes."""


def texts(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a recorded request says, message by message."""
    return [f"{message['role']}: {message.get('content')}" for message in messages]
