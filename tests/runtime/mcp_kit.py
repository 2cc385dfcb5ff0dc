"""Sessions with MCP servers in folders of their own."""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.mcp.support import EVERYTHING, HOSTILE, NODE
from tests.runtime.support import Log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession


class Place:
    """A home, a folder to work in, and a script for the model."""

    def __init__(self, folder: Path) -> None:
        self.home, self.work = folder / "home", folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.script = folder / "script.jsonl"
        self.log = Log()

    def settings(self, where: Path | None = None, **values: Any) -> None:
        """Writes the person's settings, or those of a folder."""
        path = self.home if where is None else where / ".qwen"
        path.mkdir(exist_ok=True)
        (path / "settings.json").write_text(json.dumps(values))

    def calls(self, *calls: tuple[str, dict[str, Any]]) -> None:
        """Has the model make these calls, one after the other, and then be done."""
        steps = [[{"type": "tool_use", "name": name, "input": given}] for name, given in calls]
        steps.append([{"type": "text", "text": "Done."}])
        self.script.write_text("".join(json.dumps({"blocks": step}) + "\n" for step in steps))

    @asynccontextmanager
    async def session(self, **spec: Any) -> AsyncIterator[OpenSession]:
        """A session that runs in the folder."""
        spec = {"await_servers": True, "offline_script": str(self.script), **spec}
        handle = SessionFactory().open(SessionSpec(**spec), [self.log])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            try:
                with anyio.fail_after(50):
                    yield handle
            finally:
                handle.request_close()
        await handle.aclose()

    def results(self) -> list[str]:
        """What calls came to, so far."""
        blocks = [block for event in self.log.of("user") for block in event["message"]["content"]]
        return [block["content"] for block in blocks if block["type"] == "tool_result"]

    def notices(self) -> list[str]:
        """What the person was told, so far."""
        return [event["data"]["text"] for event in self.log.of("notice")]


def bad(way: str = "good", *arguments: str, **more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": ["-SE", str(HOSTILE), way, *arguments], **more}


def run(main: Callable[[], Awaitable[None]]) -> None:
    anyio.run(main)


async def asked(place: Place) -> Event:
    """What the person is asked."""
    return await place.log.until(lambda event: event["type"] == "control_request")


REAL = {"command": str(NODE), "args": [str(EVERYTHING), "stdio"], "trust": True}


@asynccontextmanager
async def begun(place: Place, **spec: Any) -> AsyncIterator[OpenSession]:
    """A session whose servers are being connected."""
    async with place.session(**spec) as handle:
        handle.parts.wanted.set()
        yield handle


def sender(handle: OpenSession) -> Callable[..., None]:
    """What sends a host's commands."""
    dispatcher = handle.dispatcher(INPUT)
    return lambda **command: dispatcher.command(parse_command(encode(command).strip()))


def told(place: Place, name: str) -> list[str]:
    """The states that the wire told of a server."""
    return [
        server["state"]
        for event in place.log.of("mcp")
        for server in event["data"]["servers"]
        if server["name"] == name
    ]


async def comes_to(place: Place, name: str, state: str) -> Event:
    """The event that tells of a server in this state."""
    wanted = [name, state]
    return await place.log.until(
        lambda event: (
            event.get("subtype") == "mcp"
            and wanted in [[each["name"], each["state"]] for each in event["data"]["servers"]]
        )
    )


def asked_last(handle: OpenSession) -> list[str]:
    """The texts of what the model was last asked."""
    return [str(block.get("text")) for block in handle.history[-2]["content"]]


def receipts(place: Place) -> dict[str, dict[str, Any]]:
    return {event["data"]["id"]: event["data"] for event in place.log.of("command_receipt")}


async def shown(place: Place, handle: OpenSession, command: str, results: int) -> str:
    """What a slash command shows."""
    handle.submit(command, KEYBOARD)
    return str((await place.log.results(results))[-1]["result"])
