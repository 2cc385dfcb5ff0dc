"""A recorder for tests, and events without a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.chats.chain import Stamp
from qwen_dual.chats.recorder import Recorder
from qwen_dual.core.bus import Bus
from qwen_dual.core.models.answer import Answer
from qwen_dual.core.models.model import (
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.core.turns.results import instant_result
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from qwen_dual.protocol.shapes import Message

SESSION = "00000000-0000-4000-8000-000000000000"
CWD = "/w"


class Later:
    """Stands for the loop: keeps what is to run in a later pass until ``run``."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], None]] = []

    def __call__(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def run(self) -> None:
        """Runs what waits, and what comes of it."""
        while self.callbacks:
            self.callbacks.pop(0)()


class Recording:
    """A bus with a recorder on it."""

    def __init__(
        self,
        home: Path,
        *,
        bus: Bus | None = None,
        git_branch: Callable[[], str | None] = lambda: None,
        scrub: Callable[[str], str] = str,
        **options: Any,
    ) -> None:
        self.home = home
        self.bus = bus or Bus(SESSION)
        self.later = Later()
        self.failures: list[str] = []
        self.history: Sequence[Message] = ()
        options.setdefault("history", lambda: self.history)
        self.recorder = Recorder(
            str(home),
            self.bus.session_id,
            Stamp(CWD, "1.2.3", git_branch, scrub, now=lambda: 1_700_000_000.125),
            schedule=self.later,
            on_failure=self.failures.append,
            **options,
        )
        self.bus.subscribe(self.recorder, name="The recorder", on_failure=self.recorder.fail)

    def submit(self, text: str, origin: str = "keyboard") -> None:
        """A prompt begins to run."""
        said = events.slash_command if text.startswith("/") else events.user_text
        self.bus.publish(said(text, origin))

    def answer(self, *blocks: dict[str, Any], usage: TokenUsage | None = None) -> Answer:
        """The model answers with ``blocks``; the message stays open until ``finish``."""
        answer = Answer("fake", self.bus.publish)
        for block in blocks:
            feed(answer, block)
        if usage is not None:
            answer.feed(usage)
        return answer

    def end_turn(self, stop_reason: str = "end_turn") -> None:
        """The turn ends."""
        self.bus.publish(instant_result("", None, stop_reason))

    def state(self, *queue: str) -> None:
        """The state changes while ``queue`` waits, and a pass of the loop goes by."""
        listing = [{"id": None, "text": text, "origin": "keyboard"} for text in queue]
        data = {"state": "thinking", "turn_id": "t", "queued": len(queue), "queue": listing}
        self.bus.publish(events.system("state", data))
        self.later.run()

    @property
    def path(self) -> Path:
        """The chat."""
        path = self.recorder.path
        assert path is not None
        return path

    def records(self) -> list[dict[str, Any]]:
        """What the chat holds."""
        return [decode(line) for line in self.path.read_bytes().splitlines()]


def feed(answer: Answer, block: dict[str, Any]) -> None:
    """A block of the model, as its deltas."""
    if block["type"] == "text":
        answer.feed(TextDelta(block["text"]))
    elif block["type"] == "thinking":
        answer.feed(ThinkingDelta(block["thinking"], block["signature"]))
    else:
        answer.feed(ToolCallStart(block["id"], block["name"]))
        answer.feed(ToolCallArguments(encode(block["input"]).decode().strip()))


def text(value: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": value}


def thought(value: str) -> dict[str, Any]:
    """A thinking block."""
    return {"type": "thinking", "thinking": value, "signature": ""}


def use(call_id: str = "call_1", name: str = "run_shell_command", **given: Any) -> dict[str, Any]:
    """A tool_use block."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}
