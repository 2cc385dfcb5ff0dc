"""The way to the browser: from an event to its frame, from a key to its echo, many sessions and pages.

The server is `qwen-dual web` in a process of its own, the pages are WebSockets without a browser, and what
runs in the sessions does next to nothing. What is painted in a browser comes on top: ``web_page``.
"""

from __future__ import annotations

import json
import os
import pty
import resource
import sys
import tempfile
import time
import tty
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from websockets.asyncio.client import connect

from benchmarks import process
from tests.web.support import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.client import ClientConnection

    from tests.web.support import Server, Visitor

PROGRAM = [sys.executable, "-S", str(Path(__file__).with_name("web_program.py")), "qwen-dual"]
"""Named like ours at its end, so that its channel is a socket."""

KEYS = 300
EVENTS = 300
RATE = 50.0
STILL_SECONDS = 5.0
SOCKETS_A_BROWSER = 48
"""The server takes a few more from one."""

FLOOD_MEGABYTES, FLOOD_RATE = 50.0, 10.0
BUDGET_KEY_MS = 5.0
"""That an echo may take longer in a page than at the terminal itself, the median."""


@dataclass(frozen=True, slots=True)
class Way:
    """How long it takes to a page and back, in milliseconds.

    Attributes:
        event: from an event that the program writes to the frame that has it, each.
        key: from a key that a page sends to the frame with its echo, each.
        key_there: the same at the PTY itself, without a server.
    """

    event: list[float]
    key: list[float]
    key_there: list[float]


@dataclass(frozen=True, slots=True)
class Crowd:
    """What many sessions and pages take of the server.

    Attributes:
        sessions: how many.
        pages: how many, each with a chat, a terminal and the list of sessions.
        start_seconds: until the last session had begun.
        idle_percent: of one CPU, while nothing happens.
        bytes: of memory, all pages connected.
        busy_percent: of one CPU, while each session tells ``rate`` events a second.
        busy_rate: frames that came a second, on all pages.
        event: milliseconds from an event to its frame meanwhile, each of one session.
    """

    sessions: int
    pages: int
    start_seconds: float
    idle_percent: float
    bytes: int
    busy_percent: float
    busy_rate: float
    event: list[float]


@dataclass(frozen=True, slots=True)
class Flood:
    """Much output to two pages, one of which takes little.

    Attributes:
        megabytes: how much there was.
        seconds: until the quick page had all of it.
        fresh: how many fresh screens the slow one was given.
        slow_bytes: what the slow one was sent.
        grown: bytes that the server's memory grew by.
        cpu_seconds: that the server took.
    """

    megabytes: float
    seconds: float
    fresh: int
    slow_bytes: int
    grown: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Log:
    """Seconds of CPU that a megabyte of a terminal's output takes.

    Attributes:
        kept: as it is kept for pages that come later.
        emulated: in an emulator (pyte).
    """

    kept: float
    emulated: float


@dataclass(frozen=True, slots=True)
class Web:
    """What was measured of the way to the browser."""

    way: Way
    flood: Flood
    crowd: Crowd
    log: Log


class Page:
    """One page's WebSocket to a session."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def items(self) -> AsyncIterator[dict[str, Any]]:
        """What comes over a chat."""
        async for frame in self.socket:
            for item in json.loads(frame):
                yield item

    async def ask(self, **asked: float) -> None:
        """Has the program do something."""
        await self.socket.send(json.dumps({"type": "submit", "text": json.dumps(asked)}))

    async def delays(self) -> list[float]:
        """Milliseconds from each event to now, up to the result."""
        found: list[float] = []
        async for item in self.items():
            if item.get("event", {}).get("type") == "content_block_delta":
                told = int(item["event"]["delta"]["text"])
                found.append((time.monotonic_ns() - told) / 1e6)
            elif item["type"] == "result":
                return found
        raise AssertionError("the session ended")


async def opened(stack: AsyncExitStack, visitor: Visitor, path: str) -> Page:
    """A WebSocket, until the end of the stack."""
    url, options = visitor.opening(path)
    return Page(await stack.enter_async_context(connect(url, open_timeout=60, **options)))


def measure_way(folder: Path) -> Way:
    """The way to one page and back."""
    with served(folder, command=PROGRAM) as server:
        return anyio.run(_way, server)


async def _way(server: Server) -> Way:
    visitor = await anyio.to_thread.run_sync(server.enter)
    key = await anyio.to_thread.run_sync(visitor.start_session)
    async with AsyncExitStack() as stack:
        chat = await opened(stack, visitor, f"/ws/chat/{key}")
        await chat.ask(events=EVENTS, rate=RATE)
        delays = await chat.delays()
        terminal = await opened(stack, visitor, f"/ws/terminal/{key}")
        while json.loads(await terminal.socket.recv())["subtype"] != "shown":
            pass
        keys = []
        for _ in range(KEYS):
            await anyio.sleep(0.01)
            began = time.perf_counter()
            await terminal.socket.send(b"k")
            while await terminal.socket.recv() != b"k":
                pass
            keys.append((time.perf_counter() - began) * 1e3)
        there = await anyio.to_thread.run_sync(_keys_at_a_pty)
        return Way(delays, keys, there)


def _keys_at_a_pty() -> list[float]:
    """Keys and their echo at the same program's own PTY."""
    ours, theirs = os.pipe()
    pid, master = pty.fork()
    if pid == 0:
        os.set_inheritable(theirs, True)
        os.execv(PROGRAM[0], [*PROGRAM, "--json-fd", str(theirs)])
    os.read(ours, 65536)  # its first event: it has begun
    tty.setraw(master)
    found = []
    for _ in range(KEYS):
        time.sleep(0.01)
        began = time.perf_counter()
        os.write(master, b"k")
        while os.read(master, 100) != b"k":
            pass
        found.append((time.perf_counter() - began) * 1e3)
    for fd in (master, ours, theirs):
        os.close(fd)
    os.waitpid(pid, 0)
    return found


def measure_crowd(folder: Path, sessions: int, pages: int, rate: float = 10.0) -> Crowd:
    """Many sessions, many pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    with served(folder, command=PROGRAM) as server:
        return anyio.run(_crowd, server, sessions, pages, rate)


async def _crowd(server: Server, sessions: int, pages: int, rate: float) -> Crowd:
    browsers = 1 + (3 * pages + sessions) // SOCKETS_A_BROWSER
    visitors = [await anyio.to_thread.run_sync(server.enter) for _ in range(browsers)]
    began = time.monotonic()
    keys = [await anyio.to_thread.run_sync(visitors[0].start_session) for _ in range(sessions)]
    start_seconds = time.monotonic() - began
    pid = server.process.pid
    frames = 0

    async def count(page: Page) -> None:
        nonlocal frames
        async for _ in page.socket:
            frames += 1

    async with AsyncExitStack() as stack, anyio.create_task_group() as group:
        for number in range(pages):
            key, visitor = keys[number % sessions], visitors[number % len(visitors)]
            for path in (f"/ws/chat/{key}", f"/ws/terminal/{key}", "/ws/sessions"):
                group.start_soon(count, await opened(stack, visitor, path))
        watched = [
            await opened(stack, visitors[number % browsers], f"/ws/chat/{key}")
            for number, key in enumerate(keys)
        ]
        await anyio.sleep(3)
        idle = await _percent(pid, STILL_SECONDS)
        size = _private(pid)
        frames, spent, began = 0, process.own_seconds(pid), time.monotonic()
        delays: list[float] = []

        async def take(page: Page) -> None:
            delays.extend(await page.delays())

        async with anyio.create_task_group() as busy:
            for page in watched:
                await page.ask(events=rate * STILL_SECONDS, rate=rate)
                busy.start_soon(take, page)
                await anyio.sleep(1 / rate / sessions)  # or all of them would speak at one moment
        passed = time.monotonic() - began
        percent = 100 * (process.own_seconds(pid) - spent) / passed
        told = frames / passed
        group.cancel_scope.cancel()
    return Crowd(sessions, pages, start_seconds, idle, size, percent, told, delays)


def _private(pid: int) -> int:
    """Bytes of memory of the server alone."""
    return process.parse_rollup(Path(f"/proc/{pid}/smaps_rollup").read_text()).private


async def _percent(pid: int, seconds: float) -> float:
    began = process.own_seconds(pid)
    await anyio.sleep(seconds)
    return 100 * (process.own_seconds(pid) - began) / seconds


def measure_flood(folder: Path, megabytes: float, megabytes_a_second: float) -> Flood:
    """Much output, to a page that takes all of it and one that takes a tenth."""
    with served(folder, command=PROGRAM) as server:
        return anyio.run(_flood, server, megabytes, megabytes_a_second)


async def _flood(server: Server, megabytes: float, megabytes_a_second: float) -> Flood:
    visitor = await anyio.to_thread.run_sync(server.enter)
    key = await anyio.to_thread.run_sync(visitor.start_session)
    pid = server.process.pid
    seen = {"fresh": 0, "slow": 0}

    async def take(page: Page, bytes_a_second: float | None, over: anyio.Event | None) -> None:
        offset = 0
        async for frame in page.socket:
            if isinstance(frame, str):
                told = json.loads(frame)
                if told["subtype"] == "screen":
                    offset = told["offset"]
                    seen["fresh"] += bytes_a_second is not None
                continue
            offset += len(frame)
            if bytes_a_second is not None:
                seen["slow"] += len(frame)
                await anyio.sleep(len(frame) / bytes_a_second)
            await page.socket.send(json.dumps({"type": "ack", "offset": offset}))
            if over is not None and offset >= megabytes * 1e6:
                over.set()

    async with AsyncExitStack() as stack, anyio.create_task_group() as group:
        chat = await opened(stack, visitor, f"/ws/chat/{key}")
        quick, slow = [await opened(stack, visitor, f"/ws/terminal/{key}") for _ in range(2)]
        over = anyio.Event()
        group.start_soon(take, quick, None, over)
        group.start_soon(take, slow, megabytes_a_second * 1e5, None)
        size, spent, began = _private(pid), process.own_seconds(pid), time.monotonic()
        await chat.ask(megabytes=megabytes, megabytes_a_second=megabytes_a_second)
        await over.wait()
        passed = time.monotonic() - began
        found = Flood(
            *(megabytes, passed, seen["fresh"], seen["slow"]),
            grown=_private(pid) - size,
            cpu_seconds=process.own_seconds(pid) - spent,
        )
        group.cancel_scope.cancel()
    return found


def measure_log(megabytes: int = 4) -> Log:
    """What it takes to keep output for pages that come later, beside an emulator on the server."""
    import pyte

    from benchmarks.web_program import LINE
    from qwen_dual.web.terminal_log import Size, TerminalLog

    pieces = [b"".join(LINE % number for number in range(60)) for _ in range(250)]
    log = TerminalLog("e", Size(80, 24))
    began = time.perf_counter()
    for _ in range(megabytes):
        for piece in pieces:
            log.add(piece)
    kept = (time.perf_counter() - began) / (log.end / 1e6)
    stream = pyte.ByteStream(pyte.HistoryScreen(80, 24, history=1000))
    began = time.perf_counter()
    for piece in pieces:
        stream.feed(piece)
    return Log(kept, (time.perf_counter() - began) / (sum(map(len, pieces)) / 1e6))


def measure(sessions: int) -> Web:
    """All of it, with so many sessions and three times as many pages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return Web(
            measure_way(folder),
            measure_flood(folder, FLOOD_MEGABYTES, FLOOD_RATE),
            measure_crowd(folder, sessions, 3 * sessions),
            measure_log(),
        )
