"""A person's home, a project, and what is written in both for the agent."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

SYNONYMS = "---\nname: synonyms\ndescription: Finds synonyms\n---\nRead reference.md, find ten.\n"
DEPLOY = (
    "---\nname: deploy\ndescription: Deploys\nallowed-tools: Bash(touch:*), Read, nothing_there\n"
    "---\nRun it.\n"
)


class Place:
    """A person's home, a folder to work in, and a script for the model."""

    def __init__(self, folder: Path) -> None:
        self.person, self.work = folder / "person", folder / "work"
        self.home = self.person / ".qwen"
        self.home.mkdir(parents=True)
        self.work.mkdir()
        self.script = folder / "script.jsonl"
        self.log = Log()
        self.calls()

    def write(self, path: str, text: str) -> Path:
        file = self.work.parent / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def calls(self, *calls: tuple[str, dict[str, Any]]) -> None:
        """Has the model make these calls, one after the other, and then be done."""
        steps = [[{"type": "tool_use", "name": name, "input": given}] for name, given in calls]
        steps += [[{"type": "text", "text": "Done."}]] * 4
        self.script.write_text("".join(json.dumps({"blocks": step}) + "\n" for step in steps))

    @asynccontextmanager
    async def session(self, **spec: Any) -> AsyncIterator[OpenSession]:
        """A session that runs in the folder."""
        env = {**os.environ, "HOME": str(self.person), "QWEN_HOME": str(self.home)}
        spec = {"offline_script": str(self.script), "cwd": str(self.work), "env": env, **spec}
        handle = SessionFactory().open(SessionSpec(**{"trust": True, **spec}), [self.log])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            try:
                with anyio.fail_after(30):
                    yield handle
            finally:
                handle.request_close()
        await handle.aclose()

    async def ask(self, handle: OpenSession, text: str, **answer: Any) -> Event:
        """Submits at the keyboard, answers each request alike, and waits for the result."""
        done = len(self.log.of("result"))
        answered = len(self.log.of("control_request"))
        handle.submit(text, KEYBOARD)

        def is_next(event: Event) -> bool:
            requests = self.log.of("control_request")[answered:]
            return event in requests or event in self.log.of("result")[done:]

        while (event := await self.log.until(is_next))["type"] != "result":
            answered += 1
            assert answer, f"nobody expected {event['request']}"
            handle.answer(event["request_id"], Decision(by=KEYBOARD, **answer))
        return event

    def said(self, kind: str = "text") -> list[str]:
        """The texts of the ``user`` events, or what calls came to."""
        content = [block for event in self.log.of("user") for block in event["message"]["content"]]
        field = "text" if kind == "text" else "content"
        return [block[field] for block in content if block["type"] == kind]

    def notices(self) -> list[str]:
        return [event["data"]["text"] for event in self.log.of("notice")]

    def requests(self) -> list[dict[str, Any]]:
        return [event["request"] for event in self.log.of("control_request")]


def skill_tool(handle: OpenSession) -> Any:
    return next(tool for tool in handle.parts.session.tools.known if tool.name == "skill")
