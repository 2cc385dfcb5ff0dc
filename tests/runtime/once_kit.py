"""Sessions that are told commands with ids, and what their receipts say."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.models.model import TextDelta
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.fakes import FakeModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession


ZED = Actor("host", "zed")


ENVELOPE = {"type", "uuid", "session_id", "seq", "parent_tool_use_id"}


class Driven:
    """A running session, its events, and what its model is asked."""

    def __init__(self, handle: OpenSession, log: Log, model: FakeModel) -> None:
        self.handle, self.log, self.model = handle, log, model

    def send(self, kind: str, command_id: str | None, actor: Actor = INPUT, **fields: Any) -> None:
        line = {"type": kind, **({} if command_id is None else {"id": command_id}), **fields}
        command = parse_command(json.dumps(line).encode())
        self.handle.latest.dispatcher(actor).command(command)

    async def receipt(
        self, kind: str, command_id: str, actor: Actor = INPUT, **fields: Any
    ) -> dict[str, Any]:
        """Sends a command; the first receipt of it, once nothing runs any more."""
        before = len(self.log.events)
        self.send(kind, command_id, actor, **fields)
        await self.handle.parts.session.drained()
        told = [
            e["data"] for e in self.log.events[before:] if e.get("subtype") == "command_receipt"
        ]
        found = next(dict(data) for data in told if data["id"] == command_id)
        assert found.pop("host") == str(actor)
        return found

    @property
    def chat(self) -> Path:
        recorder = self.handle.parts.recorder
        assert recorder is not None and recorder.path is not None
        return recorder.path

    @property
    def asked(self) -> int:
        """How often the model was."""
        return len(self.model.requests)


@asynccontextmanager
async def session(*answers: Any, **spec: Any) -> AsyncIterator[Driven]:
    log, model = Log(), FakeModel(*answers)
    handle = SessionFactory().open(SessionSpec(offline=True, **spec), [log])
    inner = handle.parts.session
    inner.add_model("fake", model)
    inner.set_model("fake", KEYBOARD)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handle.run)
            handle.attach()
            yield Driven(handle, log, model)
            handle.request_close()
        await handle.aclose()


def outcome(result: Event) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ENVELOPE}


async def one_done(text: str = "hello") -> tuple[str, dict[str, Any]]:
    """A session in which a prompt with the id ``a`` ran; its id, and what the turn came to."""
    async with session([TextDelta("the answer")]) as one:
        assert (await one.receipt("submit", "a", text=text))["status"] == "accepted"
        return one.handle.latest.id, outcome(one.log.of("result")[-1])
