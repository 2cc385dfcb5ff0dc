"""Fakes for the core: a model that plays deltas, tools that record, and a session around them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.bus import Bus
from qwen_dual.core.commands.builtin import register
from qwen_dual.core.models.model import (
    ModelDelta,
    ModelError,
    ModelRequest,
    TextDelta,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.core.session.session import Session
from qwen_dual.core.session.stats import Stats
from qwen_dual.core.tools.tool import (
    CannotBeDone,
    Command,
    Display,
    InvalidArguments,
    Kind,
    NotAllowed,
    RuleKind,
    Subject,
    ToolResult,
)
from qwen_dual.protocol.codec import encode
from qwen_dual.shell.reader import Line, Simple
from tests.support.declared import BY_NAME

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Preview, ResultContent, Suggestion

Step = ModelDelta | ModelError | Exception | anyio.Event


def call(name: str, call_id: str = "call_1", **arguments: Any) -> list[Step]:
    """The deltas of one tool call."""
    return [ToolCallStart(call_id, name), ToolCallArguments(encode(arguments).decode().strip())]


class FakeModel:
    """Plays one list of steps for each model call; an Event is waited for, an error is raised."""

    def __init__(
        self, *answers: Iterable[Step], name: str = "fake", context_window: int = 100_000
    ) -> None:
        self.name = name
        self.context_window = context_window
        self.requests: list[ModelRequest] = []
        self._answers = deque(list(answer) for answer in answers)

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """One answer."""
        self.requests.append(request)
        for step in self._answers.popleft() if self._answers else [TextDelta("done")]:
            await anyio.lowlevel.checkpoint()
            if isinstance(step, anyio.Event):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                yield step


@dataclass
class FakeCall:
    """A call of a FakeTool."""

    tool: FakeTool
    arguments: Mapping[str, Any]
    title: str = "do it"
    suggestions: Sequence[Suggestion] = ()

    @property
    def outside(self) -> str | None:
        """As the tool was told."""
        return self.tool.outside

    @property
    def subject(self) -> Subject:
        """As the tool was told, else the words of a plain command."""
        if self.tool.subject is not None:
            return self.tool.subject
        words = tuple(str(self.arguments.get("command", "")).split())
        return Subject((Command(words),), line=Line((Simple(words),))) if words else Subject()

    async def preview(self) -> Preview | None:
        """The diff that the tool was told, with the new text that is asked for."""
        if len(self.tool.runs) < self.arguments.get("after", 0):
            raise CannotBeDone("0 occurrences found")
        text = self.tool.diff.format(**self.arguments)
        return {"kind": "diff", "title": self.title, "text": text} if text else None

    async def run(self, context: ToolContext) -> ToolResult:
        """Records the run, waits for the gate, gives what the tool was told to give."""
        if self.tool.needs_leave and self.title != "with leave":
            decision = await context.ask(FakeCall(self.tool, self.arguments, "with leave"))
            if not decision.allowed:
                raise NotAllowed(decision)
        self.tool.runs.append(dict(self.arguments))
        self.tool.running += 1
        self.tool.most_running = max(self.tool.most_running, self.tool.running)
        context.report("working\n")
        try:
            if self.tool.gate is not None:
                await self.tool.gate.wait()
            else:
                await anyio.lowlevel.checkpoint()
        finally:
            self.tool.running -= 1
        return ToolResult(self.tool.result, self.tool.is_error)


@dataclass
class FakeTool:
    """A tool that records what was run.

    The argument ``after`` says how many calls must have run before a change can be made.
    """

    name: str = "run_shell_command"
    kind: Kind = "execute"
    description: str = "fake"
    result: ResultContent = "ok"
    is_error: bool = False
    outside: str | None = None
    subject: Subject | None = None
    needs_leave: bool = False
    diff: str = ""
    gate: anyio.Event | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})

    @property
    def display(self) -> Display:
        """What is known of it by its name."""
        return Display.of(self.name)

    @property
    def aliases(self) -> Sequence[str]:
        """Those of our tool with its name."""
        return BY_NAME[self.name].aliases if self.name in BY_NAME else ()

    @property
    def rule_kind(self) -> RuleKind:
        """That of our tool with its name."""
        return BY_NAME[self.name].rule_kind if self.name in BY_NAME else "plain"

    def prepare(self, arguments: Mapping[str, Any]) -> FakeCall:
        """Refuses arguments with a key ``bad``."""
        if "bad" in arguments:
            raise InvalidArguments(f"{self.name}: bad: unexpected")
        return FakeCall(self, arguments)

    def prepare_entered(self, command: str) -> FakeCall:
        """A command line of the person's."""
        return FakeCall(self, {"command": command})


class Host:
    """A session with everything recorded, for tests that drive it step by step."""

    def __init__(self, model: FakeModel, *tools: FakeTool, **options: Any) -> None:
        self.events: list[Event] = []
        self.bus = Bus("00000000-0000-4000-8000-000000000000")
        self.bus.subscribe(self._record)
        self.stats = Stats()
        self.bus.subscribe(self.stats)
        self.model = model
        self.session = Session(
            self.bus, cwd="/w", models={model.name: model}, tools=tools, **options
        )
        register(self.session, self.stats)
        self._changed = anyio.Event()

    def _record(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, matches: Callable[[Event], bool], count: int = 1) -> Event:
        """The ``count``-th event that matches, waiting for it."""
        with anyio.fail_after(30):
            while True:
                found = [event for event in self.events if matches(event)]
                if len(found) >= count:
                    return found[count - 1]
                self._changed = anyio.Event()
                await self._changed.wait()

    async def result(self, count: int = 1) -> Event:
        """The ``count``-th ``result``."""
        return await self.until(lambda event: event["type"] == "result", count)

    async def request(self, count: int = 1) -> str:
        """The id of the ``count``-th ``control_request``."""
        event = await self.until(lambda event: event["type"] == "control_request", count)
        return str(event["request_id"])

    def of(self, kind: str, subtype: str | None = None) -> list[Event]:
        """All events of a type (and subtype) so far."""
        return [
            event
            for event in self.events
            if event["type"] == kind and (subtype is None or event.get("subtype") == subtype)
        ]

    def tool_results(self) -> list[dict[str, Any]]:
        """All tool_result blocks so far."""
        blocks = [block for event in self.of("user") for block in event["message"]["content"]]
        return [block for block in blocks if block["type"] == "tool_result"]

    def play(self, script: Callable[[Host], Any]) -> None:
        """Runs the session while ``script`` drives it; ends both."""

        async def main() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(self.session.run)
                with anyio.fail_after(30):
                    await script(self)
                self.session.request_close()
            self.session.end()

        anyio.run(main)
