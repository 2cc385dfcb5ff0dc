"""A session over a folder of its own, with hooks in its settings and a model that plays deltas."""

from __future__ import annotations

import json
import os
import shlex
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import CLI, KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.fakes import FakeModel, Step, call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession


COMMON = {
    "session_id",
    "transcript_path",
    "cwd",
    "hook_event_name",
    "timestamp",
    "permission_mode",
    "prompt_id",
}
CALL = {"tool_name", "tool_input", "tool_use_id", "tool_call_id"}
SHELL = "run_shell_command"


def echo(text: str = "hi") -> list[Any]:
    """A call that needs no leave."""
    return call(SHELL, command=f"echo {text}", description="say it")


def says(answer: object = "", *, exit: int = 0, seen: str = "seen.jsonl", **more: Any) -> Any:
    """A hook that keeps what it is told in ``seen``, prints ``answer`` and exits so.

    An answer that is no text is printed as JSON.
    """
    text = answer if isinstance(answer, str) else json.dumps(answer)
    stream = ">&2" if exit == 2 else ""
    command = f"cat >> {shlex.quote(seen)}; printf %s {shlex.quote(text)} {stream}; exit {exit}"
    return {"type": "command", "command": command, **more}


def decides(decision: str, reason: str = "because", **more: Any) -> dict[str, Any]:
    """What a ``PreToolUse`` hook prints."""
    own = {"permissionDecision": decision, "permissionDecisionReason": reason, **more}
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **own}}


def group(*hooks: Any, matcher: str | None = None, **more: Any) -> dict[str, Any]:
    """A group of hooks."""
    named = {} if matcher is None else {"matcher": matcher}
    return {**named, "hooks": list(hooks), **more}


class Hooked:
    """One session that runs.

    Attributes:
        events: what it published.
        model: what it asks.
    """

    def __init__(self, place: Path, handle: OpenSession, model: FakeModel, events: Log) -> None:
        self.place = place
        self.handle = handle
        self.model = model
        self.events = events

    @property
    def work(self) -> Path:
        """Its folder."""
        return self.place / "work"

    async def ask(self, text: str) -> Event:
        """Submits a prompt; its result."""
        count = len(self.events.of("result"))
        self.handle.latest.submit(text, CLI)
        return (await self.events.results(count + 1))[count]

    async def request(self, count: int = 1) -> Event:
        """The ``count``-th request for leave, once it is there."""
        await self.events.until(lambda _: len(self.events.of("control_request")) >= count)
        return self.events.of("control_request")[count - 1]

    def answer(self, request: Event, *, allowed: bool, **more: Any) -> None:
        """Answers it as the person would."""
        self.handle.latest.answer(request["request_id"], Decision(allowed, KEYBOARD, **more))

    def told(self, event: str | None = None, file: str = "seen.jsonl") -> list[dict[str, Any]]:
        """What hooks were told so far, of one event or of all."""
        path = self.work / file
        lines = path.read_text().splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines]
        return [one for one in found if event in (None, one["hook_event_name"])]

    def responses(self, event: str | None = None) -> list[dict[str, Any]]:
        """What became of hooks so far."""
        found = [one["data"] for one in self.events.of("hook_response")]
        return [one for one in found if event in (None, one["hook_event"])]

    def notices(self) -> list[str]:
        """What the person was told."""
        return [event["data"]["text"] for event in self.events.of("notice")]

    def results(self) -> list[dict[str, Any]]:
        """The results of calls."""
        blocks = [
            block for event in self.events.of("user") for block in event["message"]["content"]
        ]
        return [block for block in blocks if block["type"] == "tool_result"]

    def sent(self) -> str:
        """What the model was last sent, as JSON."""
        return json.dumps(list(self.model.requests[-1].messages))


@asynccontextmanager
async def session(
    place: Path,
    hooks: dict[str, Any],
    *answers: Iterable[Step],
    settings: dict[str, Any] | None = None,
    **spec: Any,
) -> AsyncIterator[Hooked]:
    """A session that runs while this is entered, with ``hooks`` in the person's settings."""
    (place / "home").mkdir(exist_ok=True)
    (place / "work").mkdir(exist_ok=True)
    written = {"hooks": hooks, **(settings or {})}
    (place / "home" / "settings.json").write_text(json.dumps(written))
    env = {**os.environ, "QWEN_HOME": str(place / "home"), "HOME": str(place)}
    log, model = Log(), FakeModel(*answers)
    made = SessionSpec(offline=True, cwd=str(place / "work"), env=env, **spec)
    handle = SessionFactory().open(made, [log])
    inner = handle.parts.session
    inner.add_model("fake", model)
    inner.set_model("fake", CLI)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handle.run)
            handle.attach()
            yield Hooked(place, handle, model, log)
            handle.request_close()
        await handle.aclose()


def play(script: Callable[[], Any]) -> None:
    """Runs a test."""
    anyio.run(script)
