"""What the tests of the host library share: both backends, the real program, and small fake ones."""

from __future__ import annotations

import os
import re
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual import host
from tests.support.program import COMMAND, ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

HERE = Path(__file__).parent
REFERENCE = HERE.parent / "reference"

on_both = pytest.mark.parametrize("backend", ["asyncio", "trio"])
on_asyncio = pytest.mark.parametrize("backend", ["asyncio"])
on_trio = pytest.mark.parametrize("backend", ["trio"])
"""With the real program each behaviour is seen on one of them; the fakes are on both."""


def run(backend: str, main: Callable[[], Awaitable[None]], seconds: float = 40) -> None:
    """Runs a test's coroutine; a wait that never ends fails it."""

    async def bounded() -> None:
        with anyio.fail_after(seconds):
            await main()

    anyio.run(bounded, backend=backend)


def environment(home: Path) -> dict[str, str]:
    env = {**os.environ, "HOME": str(home), "PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("QWEN_HOME", "XDG_RUNTIME_DIR", "NO_COLOR", "TERM"):
        env.pop(name, None)
    return env


def real(home: Path, *arguments: str, **options: Any) -> AbstractAsyncContextManager[host.Session]:
    """The real program in a folder of its own."""
    work = home / "work"
    work.mkdir(exist_ok=True)
    return host.open_session(
        [*COMMAND, "--offline", *arguments], cwd=work, env=environment(home), **options
    )


def fake(mode: str, **options: Any) -> AbstractAsyncContextManager[host.Session]:
    """A small program that behaves badly in one way; ``fake.py`` lists them."""
    options.setdefault("channel", "socket")
    return host.open_session([sys.executable, "-S", str(HERE / "fake.py"), mode], **options)


def replay(recording: str, **options: Any) -> AbstractAsyncContextManager[host.Session]:
    """A program that plays a recorded session of Qwen Code."""
    path = str(REFERENCE / f"{recording}.jsonl")
    return host.open_session([sys.executable, "-S", str(HERE / "replay.py"), path], **options)


async def everything(
    source: AsyncIterable[host.Event],
) -> tuple[list[host.Event], host.SessionExited | None]:
    """All events of a reader, and the error that it ended with if there was one."""
    events: list[host.Event] = []
    reader = aiter(source)
    while True:
        try:
            events.append(await anext(reader))
        except StopAsyncIteration:
            return events, None
        except host.SessionExited as error:
            return events, error


async def until(session: host.Session, holds: Callable[[host.Event], object]) -> host.Event:
    """The next event of which it holds."""
    async for event in session:
        if holds(event):
            return event
    raise AssertionError("the session ended first")


def children() -> set[int]:
    """The processes that this one has started and not reaped."""
    found = set()
    for task in os.listdir("/proc/self/task"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended since
            found |= {
                int(pid) for pid in Path(f"/proc/self/task/{task}/children").read_text().split()
            }
    return found


def descriptors() -> set[str]:
    """What is open, without what the listing itself opens."""
    return {name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


_OF_BACKEND = re.compile(
    r"AnyIO worker thread|Trio thread \d|.+ from "
)  # trio's at work have the last
"""It keeps as many threads as worked at once, until they are idle."""


def held() -> set[str]:
    """What this process has open, has started and has running, but for the backend's threads."""
    running = {f"thread {one.ident}" for one in _threads()}
    return {
        *running,
        *(f"descriptor {name}" for name in descriptors()),
        *(f"process {pid}" for pid in children()),
    }


def left_since(before: set[str]) -> set[str]:
    """What is held and was not ``before``: a watch that was not there yet when it was closed ends by itself."""
    for thread in _threads():
        if f"thread {thread.ident}" not in before:
            thread.join(10)
    return held() - before


def _threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if not _OF_BACKEND.match(one.name)]
