"""One session whose model answers each conversation by its own script: the main agent's, each sub-agent's."""

from __future__ import annotations

import json
import os
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import CLI, KEYBOARD
from qwen_dual.core.models.model import TextDelta, TokenUsage
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.fakes import call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from qwen_dual.core.models.model import ModelDelta, ModelRequest
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.agents import SessionAgents
    from qwen_dual.runtime.opened import OpenSession
    from tests.support.fakes import Step

    Scripts = Mapping[str, Iterable[Iterable[Step]]]

USAGE = TokenUsage(10, 2)
"""What each answer takes."""


class Cast:
    """A model that answers a conversation by the script whose key its first message begins with.

    Attributes:
        usage: what each answer takes.
        requests: all of them, with the key of their conversation.
    """

    context_window = 100_000

    def __init__(self, scripts: Scripts, name: str = "cast") -> None:
        self.name = name
        self.usage = USAGE
        self.requests: list[tuple[str, ModelRequest]] = []
        self._scripts = {key: deque(map(list, answers)) for key, answers in scripts.items()}

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """The next answer of the script; ``done`` behind its end."""
        begin = str(request.messages[0]["content"][0].get("text"))
        key = next((key for key in self._scripts if begin.startswith(key)), begin[:50])
        self.requests.append((key, request))
        answers = self._scripts.get(key)
        for step in answers.popleft() if answers else [TextDelta(f"{key} done")]:
            await anyio.lowlevel.checkpoint()
            if isinstance(step, anyio.Event):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                yield step
        yield self.usage

    def of(self, key: str) -> list[ModelRequest]:
        """The requests of one conversation."""
        return [request for name, request in self.requests if name == key]


def task(prompt: str, call_id: str = "", kind: str | None = None, **more: Any) -> list[Step]:
    """The deltas of a call that has an agent do ``prompt``."""
    named = {} if kind is None else {"subagent_type": kind}
    return call(
        "agent", call_id or f"c-{prompt}", description=prompt, prompt=prompt, **named, **more
    )


def said(text: str) -> list[Step]:
    """The deltas of an answer."""
    return [TextDelta(text)]


def shell(command: str, call_id: str) -> list[Step]:
    """The deltas of a call of the shell."""
    return call("run_shell_command", call_id, command=command)


class Playing:
    """One session that runs.

    Attributes:
        log: what it published.
        model: what it asks.
    """

    def __init__(self, place: Path, handle: OpenSession, model: Cast, log: Log) -> None:
        self.place = place
        self.handle = handle
        self.model = model
        self.log = log

    @property
    def agents(self) -> SessionAgents:
        """Those of the session."""
        found = self.handle.parts.agents
        assert found is not None
        return found

    async def ask(self, text: str = "main") -> Event:
        """Submits a prompt; its result."""
        count = len(self.log.of("result"))
        self.handle.latest.submit(text, CLI)
        return (await self.log.results(count + 1))[count]

    async def requests(self, count: int) -> list[Event]:
        """The first requests for leave, once they are there."""
        await self.log.until(lambda _: len(self.log.of("control_request")) >= count)
        return self.log.of("control_request")[:count]

    def answer(self, request: Event, *, allowed: bool = True, **more: Any) -> None:
        """Answers one as the person would."""
        self.handle.latest.answer(request["request_id"], Decision(allowed, KEYBOARD, **more))

    def lane(self, agent: str | None) -> list[Event]:
        """The events of one agent, in their order."""
        return [event for event in self.log.events if event.get("parent_tool_use_id") == agent]

    def result_of(self, call_id: str) -> dict[str, Any]:
        """The result of a call."""
        for event in self.log.of("user"):
            for block in event["message"]["content"]:
                if block["type"] == "tool_result" and block["tool_use_id"] == call_id:
                    return block  # type: ignore[no-any-return]
        raise AssertionError(f"no result of {call_id}: {self.log.events}")

    def notices(self) -> list[str]:
        """What the person was told."""
        return [event["data"]["text"] for event in self.log.of("notice")]


def write_agent(folder: Path, name: str, body: str = "You are of a file.", **head: str) -> None:
    """Writes the file of an agent into ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = {"name": name, "description": f"knows {name}", **head}
    rows = "".join(f"{key}: {value}\n" for key, value in lines.items())
    (folder / f"{name}.md").write_text(f"---\n{rows}---\n\n{body}\n")


@asynccontextmanager
async def session(
    place: Path,
    scripts: Scripts,
    *,
    settings: dict[str, Any] | None = None,
    models: Sequence[Cast] = (),
    **spec: Any,
) -> AsyncIterator[Playing]:
    """A session that runs while this is entered."""
    home, work = place / "home", place / "work"
    home.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    (home / "settings.json").write_text(json.dumps(settings or {}))
    env = {"PATH": os.environ["PATH"], "QWEN_HOME": str(home), "HOME": str(place)}
    log, model = Log(), Cast(scripts)
    spec.setdefault("chat_recording", False)
    made = SessionSpec(offline=True, cwd=str(work), env=env, **spec)
    handle = SessionFactory().open(made, [log])
    inner = handle.parts.session
    for one in (model, *models):
        inner.add_model(one.name, one)
    inner.set_model("cast", CLI)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handle.run)
            handle.attach()
            yield Playing(place, handle, model, log)
            handle.request_close()
        await handle.aclose()


def play(
    place: Path,
    scripts: Scripts,
    test: Callable[[Playing], Awaitable[object]],
    **options: Any,
) -> Playing:
    """Runs ``test`` over a session."""

    async def main() -> Playing:
        async with session(place, scripts, **options) as one:
            await test(one)
        return one

    return anyio.run(main)
