"""Runs a program in a terminal with its channels, from its start to its end."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import anyio

from qwen_dual.concurrency.task_groups import open_task_group
from qwen_dual.host.channels import open_channel
from qwen_dual.host.commands import Commands
from qwen_dual.host.errors import SessionExited, StartTimeout
from qwen_dual.host.feed import Feed
from qwen_dual.host.policy import PolicyRunner
from qwen_dual.host.process import HostedProcess
from qwen_dual.host.pty import Child
from qwen_dual.host.subscription import MAX_BUFFER_BYTES
from qwen_dual.host.terminal import MAX_BUFFER_BYTES as MAX_TERMINAL_BYTES
from qwen_dual.host.tracker import Tracker
from qwen_dual.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from typing import Literal

    from qwen_dual.host.policy import Policy
    from qwen_dual.host.records import Greeting

BASE_SETTLE = 0.3
"""Seconds after ``session_start`` in which a program of the base protocol may not watch its input yet:
it skips what is in the file when it begins to."""


S = TypeVar("S")


@asynccontextmanager
async def hosted(
    make: Callable[[HostedProcess, Feed, Commands, int], S],
    command: Sequence[str] = ("qwen-dual",),
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    columns: int = 80,
    rows: int = 24,
    channel: Literal["auto", "socket", "files"] = "auto",
    on_approval: Policy | None = None,
    start_timeout: float | None = 30.0,
    command_timeout: float = 30.0,
    close_timeout: float = 5.0,
    max_buffer_bytes: int = MAX_BUFFER_BYTES,
    terminal_buffer_bytes: int = MAX_TERMINAL_BYTES,
    max_line_bytes: int = MAX_LINE_BYTES,
    program_status: bool = False,
) -> AsyncGenerator[S, None]:
    """As ``open_session``, with what ``make`` makes of the program's parts for the session."""
    if isinstance(command, str) or not command:
        raise TypeError(f"command is a list of the program and its arguments, not {command!r}")
    link = open_channel(channel, command, max_line_bytes)
    try:
        child = Child(
            [*command, *link.arguments],
            cwd=None if cwd is None else os.fspath(cwd),
            env=env,
            columns=columns,
            rows=rows,
            pass_fds=link.pass_fds,
            status_read=program_status,
        )
        link.spawned()
        feed = Feed(Tracker())
        process = HostedProcess(
            child,
            link,
            feed,
            close_timeout,
            terminal_buffer_bytes,
            program_status=program_status,
        )
        commands = Commands(process, feed, command_timeout)
        session = make(process, feed, commands, max_buffer_bytes)
        try:
            async with open_task_group() as group:
                if on_approval is not None:
                    PolicyRunner(on_approval, commands, group).listen(feed.tracker)
                group.start_soon(process.run)
                try:
                    if start_timeout is None:
                        group.start_soon(_hold_commands, feed.tracker, process)
                    else:
                        await _begin(feed.tracker, process, start_timeout)
                    yield session
                finally:
                    await process.leave()
                    group.cancel_scope.cancel()
        finally:
            await process.reap()
    finally:
        link.close()


async def _begin(tracker: Tracker, process: HostedProcess, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        _note_begun(await tracker.started.wait(), process)
        return
    raise StartTimeout(seconds, process.terminal.last_lines())


async def _hold_commands(tracker: Tracker, process: HostedProcess) -> None:
    try:
        _note_begun(await tracker.started.wait(), process)
    except SessionExited:
        return


def _note_begun(greeting: Greeting, process: HostedProcess) -> None:
    if not greeting.told:
        process.hold_commands(BASE_SETTLE)
