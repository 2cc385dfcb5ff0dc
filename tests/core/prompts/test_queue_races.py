"""The queue, worked on by a person, by hosts and by the turns at once: nothing lost, nothing twice.

The order of all steps is drawn from a seed; nothing depends on the time. ``--whole`` draws ten thousand.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from anyio.lowlevel import checkpoint

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.commands.dispatch import Dispatcher
from qwen_dual.core.models.model import ModelError, TextDelta
from qwen_dual.frontends.tui.editing.editor import Editor
from qwen_dual.frontends.tui.editing.queued import QueuedPrompts
from qwen_dual.frontends.tui.state.sent_prompts import SentPrompts
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.handle import SessionHandle
from tests.support.fakes import FakeModel, FakeTool, Host, call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from qwen_dual.core.models.model import ModelDelta, ModelRequest
    from qwen_dual.core.prompts.prompt import Prompt

STEPS = 40
RACES = 25
WHOLE_RACES = 10_000


class DrawnModel(FakeModel):
    """Answers as the seed has it: with calls, with words, sometimes with a failure."""

    def __init__(self, drawn: random.Random) -> None:
        super().__init__()
        self._drawn = drawn
        self._calls = 0

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """One answer."""
        self.requests.append(request)
        for _ in range(self._drawn.randrange(4)):
            await checkpoint()
        kind = self._drawn.random()
        if kind < 0.05:
            raise ModelError("refused", kind="auth")
        yield TextDelta("said ")
        if kind < 0.6:
            for _ in range(self._drawn.randrange(1, 3)):
                self._calls += 1
                for step in call("run_shell_command", f"c{self._calls}", command="ls"):
                    await checkpoint()
                    yield step  # type: ignore[misc]


class Race:
    """One session, a person at its keyboard and two hosts, each of whom does what the seed says."""

    def __init__(self, seed: int) -> None:
        self.drawn = random.Random(seed)
        model, tool = DrawnModel(self.drawn), FakeTool()
        self.host = Host(model, tool, approval_mode="yolo", expand=self._expand)
        self.session = self.host.session
        self.editor = Editor(lambda: None, lambda: None)
        queue = SessionHandle(self.session).queue_editing
        self.queued = QueuedPrompts(queue, self.editor, SentPrompts())
        self.session.give_back = self._take_back
        self.hosts = [Dispatcher(self.session, INPUT), Dispatcher(self.session, Actor("host", "z"))]
        self.sent: list[str] = []  # what was submitted, by a word that is in nothing else
        self.dropped: list[str] = []  # by whoever did so on purpose
        self.returned: list[str] = []
        self._commands = 0

    async def _expand(self, text: str) -> list[str]:
        """Finds nothing, which takes as long as the seed has it."""
        for _ in range(self.drawn.randrange(6)):
            await checkpoint()
        return []

    def _take_back(self, prompts: Sequence[Prompt]) -> None:
        self.returned += [prompt.text.split()[0] for prompt in prompts]

    def _send(self, by: Dispatcher, **command: Any) -> str:
        self._commands += 1
        by.command(parse_command(encode({"id": f"k{self._commands}", **command}).strip()))
        return f"k{self._commands}"

    def _new(self) -> str:
        self.sent.append(f"p{len(self.sent)}")
        return self.sent[-1]

    def step(self) -> None:
        """Does one thing."""
        drawn, act = self.drawn, self.drawn.randrange(12)
        by = drawn.choice(self.hosts)
        listed = self.session._queue.listed()
        target = drawn.choice(listed)["id"] if listed else "none"
        if act < 3:
            self.session.submit(self._new(), KEYBOARD, steers=act < 2)
        elif act < 6:
            how = drawn.choice(("steer", "queue"))
            # Both hosts number their commands alike.
            text = self._new()
            by.command(
                parse_command(
                    encode(
                        {"type": "submit", "text": text, "id": text[1:], "when_busy": how}
                    ).strip()
                )
            )
        elif act == 6:
            said = next((one["text"].split()[0] for one in listed if one["id"] == target), "")
            if self._accepted(self._send(by, type="cancel", target=target)):
                self.dropped.append(said)
        elif act == 7:
            said = next((one["text"].split()[0] for one in listed if one["id"] == target), "x")
            self._send(
                by, type="edit_queued", target=target, text=f"{said} by host {self._commands}"
            )
        elif act == 8:
            self._send(by, type="move_queued", target=target, position=drawn.randrange(1, 6))
        elif act == 9:
            self.queued.move(drawn.choice((-1, 1)))
        elif act == 10:
            if self.queued.tip and drawn.random() < 0.5:
                self.editor.set(f"{self.editor.text} by me")
            self.queued.enter()
        elif drawn.random() < 0.6:
            self._interrupt(drawn.choice(("keep", "return")), by)

    def _interrupt(self, fate: str, by: Dispatcher) -> None:
        self._send(by, type="interrupt", queue=fate)

    def _accepted(self, command_id: str) -> bool:
        receipts = self.host.of("system", "command_receipt")
        return any(
            event["data"]["id"] == command_id and event["data"]["status"] == "accepted"
            for event in receipts
        )

    async def run(self, host: Host) -> None:
        """Does all of it, with as much of the turns between two steps as the seed has it."""
        for _ in range(STEPS):
            self.step()
            for _ in range(self.drawn.randrange(12)):
                await checkpoint()
        self.queued.enter()
        await host.session.drained()

    def check(self) -> None:
        """Each prompt ran once, or was given back or taken out, which was told."""
        told = [event for event in self.host.of("user") if "origin" in event]
        ran = [event["message"]["content"][0]["text"].split()[0] for event in told]
        receipts = [event["data"] for event in self.host.of("system", "command_receipt")]
        emptied = [f"p{one['id']}" for one in receipts if one.get("code") == "interrupted"]
        ends = Counter([*ran, *self.returned, *self.dropped, *emptied])
        assert ends == Counter(self.sent)
        self._check_steered(told)
        for request in self.host.model.requests:
            self._check_order(request)
        turn, listed = None, list[Any]()
        for event in self.host.of("system"):
            if event["subtype"] == "state":
                turn = event["data"]["turn_id"]
            elif event["subtype"] == "queue":
                listed = event["data"]["prompts"]
                assert {one["steers"] for one in listed if "steers" in one} <= {turn}
        assert listed == []

    def _check_steered(self, told: list[dict[str, Any]]) -> None:
        said = [
            block["text"]
            for message in self.session.history
            for block in message["content"]
            if block["type"] == "text"
        ]
        results = {event["turn_id"]: event for event in self.host.of("result")}
        for event in told:
            text = event["message"]["content"][0]["text"]
            assert said.count(text) <= 1
            if event.get("steered"):
                assert said.count(text) == 1
                if "command_id" in event:
                    assert event["command_id"] in results[event["turn_id"]]["steered"]

    def _check_order(self, request: ModelRequest) -> None:
        """Every call has its result in the next message, before all else in that."""
        messages = request.messages
        for at, message in enumerate(messages):
            calls = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
            if calls:
                after = messages[at + 1]["content"][: len(calls)]
                assert [block.get("tool_use_id") for block in after] == calls


def test_nothing_is_lost_and_nothing_comes_twice(whole: bool) -> None:
    joined = 0
    for seed in range(WHOLE_RACES if whole else RACES):
        race = Race(seed)
        race.host.play(race.run)
        try:
            race.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        joined += sum("steered" in event for event in race.host.of("user"))
    assert joined > RACES
