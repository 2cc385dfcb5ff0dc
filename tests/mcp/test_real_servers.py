"""Real servers: the reference's own with one of everything, over each transport, and others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.fs import proc
from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.opening import NoAnswers
from qwen_dual.protocol.blocks import images_in
from tests.mcp.support import EVERYTHING, FILESYSTEM, NODE, everything, run, running, with_node
from tests.support.contexts import context
from tests.support.ports import free_port
from tests.support.waiting import until, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from qwen_dual.mcp.connection import Told

MODERN = Path(__file__).with_name("modern.py")


@contextmanager
def served(line: list[str], port: int) -> Iterator[None]:
    """A server that listens at a port, and is ended after."""
    process = subprocess.Popen(
        line,
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Person:
    """Answers what servers ask as a person might."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Told]] = []
        self.answers = NoAnswers(self._elicit, self._sample)

    async def _elicit(self, server: str, params: Told) -> Told:
        self.asked.append((server, params))
        return {"action": "accept", "content": {"name": "Ann", "check": True}}

    async def _sample(self, server: str, params: Told) -> Told:
        self.asked.append((server, params))
        said = {"type": "text", "text": "sampled"}
        return {"role": "assistant", "content": said, "model": "m", "stopReason": "endTurn"}


def at(transport: Any, port: int, name: str = "everything", **more: Any) -> ServerConfig:
    path = "sse" if transport == "sse" else "mcp"
    url = f"http://127.0.0.1:{port}/{path}"
    return ServerConfig(name=name, transport=transport, url=url, discovery_timeout=20, **more)


@asynccontextmanager
async def reached(transport: str, **more: Any) -> AsyncIterator[Any]:
    """The server over a transport, connected."""
    if transport == "stdio":
        async with running(everything(), **more) as seen:
            yield seen
        return
    port = free_port()
    way = {"http": "streamableHttp", "sse": "sse"}[transport]
    with served([str(NODE), str(EVERYTHING), way], port):
        async with running(at(transport, port), settle=False, **more) as seen:
            await seen.comes_to("connected", "everything")
            yield seen


@with_node
@pytest.mark.parametrize("transport", ["stdio", "http", "sse"])
def test_the_server_with_one_of_everything_works_over_each_transport(transport: str) -> None:
    async def main() -> None:
        person = Person()
        async with reached(transport, answers=person.answers) as seen:
            status = seen.status("everything")
            assert status.server.startswith("mcp-servers/everything")
            assert len(status.prompts) >= 4
            assert len(status.resources) >= 7
            assert not status.warnings
            text = (await seen.call("mcp__everything__echo", {"message": "hi"})).text
            assert text == "Echo: hi"
            image = await seen.call("mcp__everything__get-tiny-image")
            assert len(images_in(image.content)) == 1
            given = {"location": "New York"}
            data = await seen.call("mcp__everything__get-structured-content", given)
            assert "temperature" in data.text
            told = await seen.servers.prompt("everything", "simple-prompt", {})
            assert "simple prompt" in told["messages"][0]["content"]["text"]
            uri = next(each.uri for each in status.resources if not each.template)
            assert (await seen.servers.read("everything", uri))["contents"]
            wrong = await seen.call("mcp__everything__get-sum", {"a": "x"})
            assert wrong.is_error

    run(main)


@with_node
def test_a_server_asks_for_a_form_and_for_an_answer_of_the_model() -> None:
    async def main() -> None:
        person = Person()
        async with running(everything(), answers=person.answers) as seen:
            await until(lambda: "mcp__everything__trigger-elicitation-request" in seen.tools)
            result = await seen.call("mcp__everything__trigger-elicitation-request")
            assert "Ann" in result.text
            given = {"prompt": "say", "maxTokens": 10}
            result = await seen.call("mcp__everything__trigger-sampling-request", given)
            assert "sampled" in result.text
            assert [server for server, _ in person.asked] == ["everything"] * 2
            assert "requestedSchema" in person.asked[0][1]
            roots = await seen.call("mcp__everything__get-roots-list")
            assert "file:///nowhere" in roots.text

    run(main)


@with_node
def test_a_long_call_tells_how_far_it_is_and_can_be_given_up() -> None:
    async def main() -> None:
        async with running(everything()) as seen:
            tool = seen.tools["mcp__everything__trigger-long-running-operation"]
            reports: list[str] = []
            call = tool.prepare({"duration": 0.5, "steps": 5})
            await call.run(context(report=reports.append))
            assert "5/5" in reports
            reports.clear()
            async with anyio.create_task_group() as group:
                call = tool.prepare({"duration": 600, "steps": 6000})
                group.start_soon(call.run, context(report=reports.append))
                await until(lambda: reports)
                group.cancel_scope.cancel()
            assert (await seen.call("mcp__everything__echo", {"message": "on"})).text == "Echo: on"

    run(main)


@with_node
def test_the_server_for_files_reads_what_its_folder_has(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("what it says")
    args = (str(FILESYSTEM), str(tmp_path))
    config = ServerConfig(name="files", transport="stdio", command=str(NODE), args=args)

    async def main() -> None:
        async with running(config, root=str(tmp_path)) as seen:
            given = {"path": str(tmp_path / "a.txt")}
            assert "what it says" in (await seen.call("mcp__files__read_text_file", given)).text
            outside = await seen.call("mcp__files__read_text_file", {"path": "/etc/passwd"})
            assert outside.is_error

    run(main)


def of_python(module: str, *args: str, **more: Any) -> ServerConfig:
    line = ("-m", module, *args)
    return ServerConfig(name=module, transport="stdio", command=sys.executable, args=line, **more)


@pytest.mark.parametrize("era", ["legacy", "auto"])
def test_servers_of_the_sdk_work_in_both_eras(era: Any, tmp_path: Path) -> None:
    for line in ("init -q", "-c user.name=a -c user.email=a@b commit -q --allow-empty -m first"):
        subprocess.run(["git", *line.split()], cwd=tmp_path, check=True)
    clock = of_python("mcp_server_time", version_negotiation=era)
    git = of_python("mcp_server_git", version_negotiation=era)

    async def main() -> None:
        async with running(clock, git) as seen:
            given = {"timezone": "Europe/Paris"}
            now = await seen.call("mcp__mcp_server_time__get_current_time", given)
            assert "Europe/Paris" in now.text
            log = await seen.call("mcp__mcp_server_git__git_log", {"repo_path": str(tmp_path)})
            assert "first" in log.text
            spoken = {status.protocol for status in seen.servers.status()}
            assert spoken == ({"2026-07-28"} if era == "auto" else {"2025-11-25"})

    run(main)


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_a_list_that_changes_is_followed_in_the_newer_era_too(transport: str) -> None:
    async def learns(seen: Any) -> None:
        assert seen.status("modern").protocol == "2026-07-28"
        assert (await seen.call("mcp__modern__add", {"left": 1, "right": 2})).text == "3"
        await until(lambda: "mcp__modern__learn" in seen.tools)
        while "mcp__modern__learned" not in seen.tools:
            await seen.call("mcp__modern__learn")
            with anyio.move_on_after(3):
                await until(lambda: "mcp__modern__learned" in seen.tools)
        told = await seen.servers.read("modern", "note://one")
        assert told["contents"][0]["text"] == "What the note says."

    async def main() -> None:
        if transport == "stdio":
            config = ServerConfig(
                name="modern",
                transport="stdio",
                command=sys.executable,
                args=(str(MODERN),),
                version_negotiation="auto",
            )
            async with running(config) as seen:
                await learns(seen)
            return
        port = free_port()
        with served([sys.executable, str(MODERN), str(port)], port):
            config = at("http", port, "modern", version_negotiation="auto")
            async with running(config, settle=False) as seen:
                await seen.comes_to("connected", "modern")
                await learns(seen)

    run(main)


def test_a_server_at_an_address_that_comes_later_is_found_and_one_that_comes_back_too() -> None:
    port = free_port()
    line = [sys.executable, str(MODERN), str(port)]

    async def main() -> None:
        async with running(at("http", port, "modern")) as seen:
            assert seen.status("modern").state == "failed"
            address = f"http://127.0.0.1:{port}"
            assert (
                seen.status("modern").error == f"{address} cannot be reached: nothing listens there"
            )
            with served(line, port):
                seen.servers.reconnect("modern")
                await seen.comes_to("connected", "modern")
                assert (await seen.call("mcp__modern__add", {"left": 1, "right": 2})).text == "3"
            gone = await seen.call("mcp__modern__add", {"left": 1, "right": 2})
            assert gone.is_error
            await until(lambda: seen.status("modern").state != "connected")
            with served(line, port):
                await seen.comes_to("connected", "modern")
                assert (await seen.call("mcp__modern__add", {"left": 2, "right": 2})).text == "4"

    run(main)


@with_node
def test_a_server_ends_when_this_process_is_killed(tmp_path: Path) -> None:
    code = f"""
import anyio, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.mcp.support import everything, hostile, running

async def main():
    async with running(everything(), hostile("stubborn")) as seen:
        print((await seen.call("mcp__bad__pid")).text, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert program.stdout is not None
    number = int(program.stdout.readline())
    children = [
        stat.pid
        for stat in filter(None, map(proc.stat_of, proc.pids()))
        if stat.parent == program.pid
    ]
    assert number in children
    program.kill()
    program.wait()
    program.stdout.close()
    wait_until(lambda: not any(map(is_alive, children)), "they have ended")


def is_alive(pid: int) -> bool:
    stat = proc.stat_of(pid)
    return stat is not None and stat.state not in proc.DEAD
