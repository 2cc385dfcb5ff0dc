"""A session with a scripted model and scripted tools under the real front end, for a PTY.

The model does what the prompt says: ``say TEXT``, ``code``, ``stream N``, ``run COMMAND``,
``edit``, ``three``, ``hang``, ``think``, ``todo``, ``ask``, ``wait`` (a call that is made again in
a while), ``fail`` (once). ``/key`` asks for a secret. ``remote:`` before a prompt on the descriptor
that is its first argument submits it as a channel would, ``allow`` and ``deny`` answer the oldest
request, ``seen`` lets a call go on, ``close`` asks the session to end. ``result N`` on the descriptor
that is its second argument tells of the N-th result. ``UI_MODE`` in the environment may be
``screen reader`` or ``replay``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import anyio

from qwen_dual.core.actor import INPUT, Actor
from qwen_dual.core.bus import Bus
from qwen_dual.core.commands.builtin import register
from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.models.model import (
    ModelError,
    RetryWait,
    TextDelta,
    ThinkingDelta,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.session.session import Session
from qwen_dual.core.session.stats import Stats
from qwen_dual.core.tools.tool import Command, Display, Subject, ToolResult
from qwen_dual.frontends.tui.app import Tui
from qwen_dual.frontends.tui.region.footer import Around
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import encode
from qwen_dual.runtime.handle import SessionHandle
from qwen_dual.shell.reader import Line, Simple
from tests.tui.ui_script import CALLS, CODE, DIFF

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from qwen_dual.core.models.model import ModelDelta, ModelRequest
    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview, Suggestion


class ScriptedModel:
    """Answers by the last prompt's first word."""

    name = "scripted"
    context_window = 1000

    def __init__(self) -> None:
        self._failed = False

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """The answer to the last message."""
        last = request.messages[-1]["content"][-1]
        if last["type"] == "tool_result":
            yield TextDelta("That is done.")
            return
        assert last["type"] == "text"
        word, _, rest = last["text"].partition(" ")
        if word == "code":
            for piece in CODE.split(" "):
                await anyio.sleep(0.005)
                yield TextDelta(f"{piece} ")
        elif word == "stream":
            for number in range(int(rest)):
                if number % 20 == 0:
                    await anyio.lowlevel.checkpoint()
                yield TextDelta(f"word{number}" + (".\n\n" if number % 40 == 39 else " "))
        elif word == "hang":
            yield TextDelta("waiting for nothing")
            await anyio.sleep_forever()
        elif word == "wait":
            yield RetryWait(attempt=2, attempts=7, seconds=60, reason="rate limit reached")
            await anyio.sleep_forever()
        elif word == "fail" and not self._failed:
            self._failed = True
            yield TextDelta("Half of it")
            raise ModelError("the service is overloaded", status=529, kind="overloaded")
        elif word == "think":
            yield ThinkingDelta("Let me see.\nIt is this.\nOr that.\nOr both.\nNo, this.")
            yield TextDelta("I thought about it.")
        else:
            for delta in _calls(word, rest):
                yield delta


def _calls(word: str, rest: str) -> list[ModelDelta]:
    if word in CALLS:
        return [ToolCallStart(word, CALLS[word][0]), ToolCallArguments(_json(CALLS[word][1]))]
    commands = {"run": [rest], "three": ["ls one", "ls two", "ls three"]}.get(word)
    if commands is None and word != "edit":
        return [TextDelta(rest or "I do not know.")]
    deltas: list[ModelDelta] = [TextDelta("I will do it.")]
    if commands is None:
        arguments = {"file_path": "hello.py"}
        deltas += [ToolCallStart("e", "edit"), ToolCallArguments(_json(arguments))]
    for index, command in enumerate(commands or ()):
        call = ToolCallStart(f"c{index}-{os.urandom(2).hex()}", "run_shell_command")
        deltas += [call, ToolCallArguments(_json({"command": command}))]
    return deltas


def _json(arguments: Mapping[str, Any]) -> str:
    return encode(dict(arguments)).decode()


@dataclass
class ScriptedCall:
    """One call of a ScriptedTool."""

    tool: ScriptedTool
    arguments: Mapping[str, Any]
    outside: str | None = None
    suggestions: Sequence[Suggestion] = ()

    @property
    def title(self) -> str:
        """The command or the path."""
        return "" if self.tool.kind in ("plan", "question") else self._argument

    @property
    def _argument(self) -> str:
        return str(next(iter(self.arguments.values())))

    @property
    def subject(self) -> Subject:
        """A plain command, or nothing that a rule could be about."""
        if self.tool.kind == "execute":
            words = tuple(self.title.split())
            return Subject((Command(words),), line=Line((Simple(words),)))
        return Subject()

    async def preview(self) -> Preview | None:
        """A diff for the edit, the questions, else the command."""
        if self.tool.kind == "question":
            return cast("Preview", {"kind": "questions", "title": "Questions", "text": ""})
        if self.tool.kind == "edit":
            return {"kind": "diff", "title": self.title, "text": DIFF}
        return {"kind": "command", "title": "Run in the workspace", "text": self.title}

    def answered(self, updated: Mapping[str, Any]) -> ScriptedCall:
        """The call with the answers in its arguments."""
        return ScriptedCall(self.tool, {**self.arguments, **updated})

    async def run(self, context: ToolContext) -> ToolResult:
        """``sleep`` waits for ever; everything else prints lines."""
        if self.tool.kind == "question":
            return ToolResult(f"answers: {_json(self.arguments.get('answers', {}))}")
        if self.tool.kind == "plan":
            await self.tool.seen.wait()  # that it runs
            return ToolResult("noted")
        if self.title.startswith("sleep"):
            context.report("line one\nline two\n")
            await anyio.sleep_forever()
        count = 3 if self.tool.kind == "edit" else 30
        return ToolResult("\n".join(f"output line {number}" for number in range(count)))


@dataclass
class ScriptedTool:
    """A tool by name."""

    name: str
    kind: Kind
    description: str = "does nothing"
    seen: anyio.Event = field(default_factory=anyio.Event)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Anything."""
        return {"type": "object"}

    @property
    def display(self) -> Display:
        """Words for the tools that the tests know."""
        word = "Shell" if self.kind == "execute" else Display.of(self.name).word
        return Display(
            word,
            "Running",
            can_detach=self.kind == "execute",
            about=self.description,
            checklist="todos" if self.kind == "plan" else "",
        )

    @property
    def aliases(self) -> Sequence[str]:
        """None."""
        return ()

    @property
    def rule_kind(self) -> RuleKind:
        """Commands have patterns."""
        return "command" if self.kind == "execute" else "plain"

    def prepare(self, arguments: Mapping[str, Any]) -> ScriptedCall:
        """Takes anything."""
        return ScriptedCall(self, arguments)

    def prepare_entered(self, command: str) -> ScriptedCall:
        """A command line of the person's."""
        return ScriptedCall(self, {"command": command})


class Files:
    """Two files and a folder."""

    def __init__(self) -> None:
        self.on_change: Callable[[], object] = lambda: None

    def suggest(self, query: str, limit: int) -> list[Choice]:
        """Those that hold the query."""
        names = ("src/", "src/main.py", "my notes.md")
        return [Choice(name) for name in names if query in name][:limit]


def _key(answers: Sequence[str]) -> Question | None:
    if not answers:
        services = tuple(Choice(f"service{number}") for number in range(20))
        return Question("Which service?", services)
    return Question("The key", secret=True) if len(answers) == 1 else None


def _told(answers: Sequence[str], actor: Actor) -> str:
    return f"{answers[0]} has a key of {len(answers[1])} characters"


EARLIER = [
    events.user_text("say **earlier**", "keyboard"),
    events.assistant(
        "m0",
        "scripted",
        [{"type": "text", "text": "It was **earlier**."}],
        stop_reason=None,
        usage={"input_tokens": 400, "output_tokens": 100},
    ),
]


async def main() -> None:
    """Runs until the session closes."""
    bus = Bus("00000000-0000-4000-8000-000000000000")
    stats = Stats()
    bus.subscribe(stats)
    if len(sys.argv) > 2:
        bus.subscribe(tell_results(int(sys.argv[2])))
    model = ScriptedModel()
    session = Session(
        bus,
        cwd=os.getcwd(),
        models={model.name: model},
        tools=[
            ScriptedTool("run_shell_command", "execute"),
            ScriptedTool("edit", "edit"),
            ScriptedTool("todo_write", "plan"),
            ScriptedTool("ask_user_question", "question"),
        ],
    )
    register(session, stats)
    session.slash.add(
        SlashCommand("key", "asks for a key", lambda _, __: None, form=_key, answered=_told)
    )
    mode = os.environ.get("UI_MODE", "")
    tui = Tui(
        SessionHandle(session),
        channels=2,
        version="0.1.0",
        env=lambda: os.environ,
        around=lambda: Around(branch="main"),
        files=Files(),
        replay=EARLIER if mode == "replay" else (),
        screen_reader=mode == "screen reader",
    )
    session.slash.add(SlashCommand("copy", "copies", lambda _, __: tui.copy_answer()))
    session.slash.add(SlashCommand("theme", "colours", lambda name, _: tui.set_theme(name)))
    async with anyio.create_task_group() as group:
        group.start_soon(session.run)
        if len(sys.argv) > 1:
            group.start_soon(steer, session, int(sys.argv[1]))
        try:
            await tui.run()
        finally:
            session.request_close()
            group.cancel_scope.cancel()
    session.end()
    print("ended in order")


def tell_results(descriptor: int) -> Callable[[Mapping[str, Any]], None]:
    """An observer that counts results aloud."""
    count = 0

    def observe(event: Mapping[str, Any]) -> None:
        nonlocal count
        if event["type"] == "result":
            count += 1
            os.write(descriptor, f"result {count}\n".encode())

    return observe


async def steer(session: Session, descriptor: int) -> None:
    """Does what a channel would."""
    rest = b""
    while True:
        await anyio.wait_readable(descriptor)
        data = os.read(descriptor, 65536)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            word, _, text = line.decode().partition(":")
            pending = next(iter(session.approvals.pending), "")
            if word == "remote":
                session.submit(text, INPUT)
            elif word in ("allow", "deny"):
                session.answer(pending, Decision(word == "allow", INPUT))
            elif word == "seen":
                plan = session.tools["todo_write"]
                assert isinstance(plan, ScriptedTool)
                plan.seen.set()
            elif word == "close":
                session.request_close()


if __name__ == "__main__":
    anyio.run(main)
