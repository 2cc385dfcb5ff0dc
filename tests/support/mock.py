"""The model service that the reference's headless exchanges were recorded with, in a few lines.

It reads what to do from the prompt: ``N=3`` answers with three words, ``TOOL <command>`` runs a shell
command, ``CALL <tool> <JSON>`` calls a tool, ``SLOW`` says five words and then waits, ``BIG=n`` answers
with n characters. After a tool's result it says that it is done.
"""

from __future__ import annotations

import itertools
import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from tests.models.server import serve, sse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from tests.models.server import Received, Reply, Server

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
KEY = "sk-x"
_ids = itertools.count(1)


class Mock:
    """Answers one request after the other.

    Attributes:
        go_on: lets an answer to ``SLOW`` come to its end.
    """

    def __init__(self) -> None:
        self.go_on = anyio.Event()

    def __call__(self, request: Received) -> Reply:
        """The answer to a request."""
        messages = request.json["messages"]
        if messages[-1]["role"] == "tool":
            return said("done0 ", "done1 ")
        prompt = text_of(messages[-1]["content"])
        if found := re.search(r"N=(\d+)", prompt):
            return said(*(f"word{n} " for n in range(int(found[1]))))
        if found := re.search(r"BIG=(\d+)", prompt):
            return said("x" * int(found[1]))
        if found := re.search(r"TOOL (.+)", prompt):
            arguments = {"command": found[1], "description": "d", "is_background": False}
            return calling("run_shell_command", arguments)
        if found := re.search(r"CALL (\w+) (.+)", prompt, re.DOTALL):
            return calling(found[1], json.loads(found[2]))
        if "SLOW" in prompt:
            return sse(*map(_text, ("s0 ", "s1 ", "s2 ", "s3 ", "s4 ")), self.go_on, *_end("stop"))
        return said("word0 ")


def said(*words: str) -> Reply:
    """An answer of text."""
    return sse(*map(_text, words), *_end("stop"))


def calling(name: str, arguments: Mapping[str, Any]) -> Reply:
    """An answer that says so and calls a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"index": 0, "id": f"call_{next(_ids)}_0", "type": "function", "function": function}
    return sse(_text("Running."), _delta({"tool_calls": [call]}), *_end("tool_calls"))


def text_of(content: str | Sequence[Mapping[str, Any]]) -> str:
    """What a message of a request says."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def environment(server: Server, home: Path) -> dict[str, str]:
    """What a program needs to use the service, with ``home`` as the person's home."""
    return {
        "HOME": str(home),
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OPENAI_MODEL": "mock",
        "QWEN_HOME": "",
        "NO_PROXY": "127.0.0.1",
    }


@asynccontextmanager
async def mocked() -> AsyncIterator[tuple[Server, Mock]]:
    """The service, until the block is left."""
    mock = Mock()
    async with serve(*itertools.repeat(mock, 100)) as server:
        yield server, mock
        mock.go_on.set()


def _text(word: str) -> dict[str, Any]:
    return _delta({"content": word})


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _end(finish: str) -> tuple[dict[str, Any] | str, ...]:
    return _delta({}, finish), {"choices": [], "usage": USAGE}, "[DONE]"
