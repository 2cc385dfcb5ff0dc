"""What a test of the Python SDK works with: a folder, a service, and the SDK between."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from qwen_code_sdk import Query, query

from tests.support.mock import Mock, environment, mocked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from qwen_code_sdk import SDKUserMessage

    from tests.models.server import Server

PROGRAM = str(Path(sys.executable).with_name("qwen-dual"))


class Kit:
    """A folder to work in, a service to talk to, and the SDK between."""

    def __init__(self, folder: Path, server: Server, mock: Mock) -> None:
        self.server = server
        self.mock = mock
        self.work = folder / "work"
        self.work.mkdir()
        self._home = folder / "home"
        self._home.mkdir()
        self.stderr: list[str] = []

    def query(self, prompt: str | AsyncIterator[SDKUserMessage], **options: Any) -> Query:
        """One session."""
        return query(prompt, self.options(**options))

    def options(self, **options: Any) -> dict[str, Any]:
        """What every session is started with."""
        return {
            "cwd": str(self.work),
            "path_to_qwen_executable": PROGRAM,
            "env": environment(self.server, self._home),
            "stderr": self.stderr.append,
            **options,
        }

    async def ask(self, prompt: str, **options: Any) -> list[Any]:
        """All messages of a session of one prompt."""
        async with self.query(prompt, **options) as session:
            return [message async for message in session]

    def settings(self, **values: Any) -> None:
        """Writes the person's settings."""
        path = self._home / ".qwen" / "settings.json"
        path.parent.mkdir()
        path.write_text(json.dumps(values))

    def last_request(self) -> Any:
        """What the service was sent last."""
        return self.server.requests[-1].json


def run(folder: Path, test: Callable[[Kit], Awaitable[None]]) -> None:
    async def main() -> None:
        with anyio.fail_after(50):
            async with mocked() as (server, mock):
                await test(Kit(folder, server, mock))

    anyio.run(main)
