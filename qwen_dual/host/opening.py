"""Starts a session and sees that nothing of it is left: no process, descriptor, file or task."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qwen_dual.host.hosting import hosted
from qwen_dual.host.session import Session
from qwen_dual.host.subscription import MAX_BUFFER_BYTES
from qwen_dual.host.terminal import MAX_BUFFER_BYTES as MAX_TERMINAL_BYTES
from qwen_dual.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from typing import Literal

    from qwen_dual.host.policy import Policy


@asynccontextmanager
async def open_session(
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
) -> AsyncGenerator[Session, None]:
    """Runs a program with dual output in a terminal, and gives the session when it has begun.

    On the way out the program is asked to end (SIGTERM; Qwen Code by ``/quit`` if it is idle), and
    killed with its process group when it has not after ``close_timeout``; then its channels are removed. That holds for an exception and
    for a cancellation in the body too. An exception of the body comes out as it is.

    Args:
        command: the program and its arguments; the flags of the channel are added at the end.
        cwd: the folder to work in; this one unless given.
        env: the whole environment, as for ``subprocess``; this program's unless given, without
            what describes its own terminal. ``TERM`` is xterm-256color unless it is in ``env``.
        columns: the width of the terminal.
        rows: its height.
        channel: ``socket``: one inherited socket carries both directions (``--json-fd N --input-fd
            N``); ``files``: files in a directory of mode 0700, which every program with dual
            output knows; ``auto``: a socket for qwen-dual, files for others.
        on_approval: called with each ``Request``; returns True, False, ``Allow``, ``Deny``, or None
            to leave it to somebody else; may be asynchronous, and is cancelled when somebody else
            answers first. What it raises ends the session and comes out here.
        start_timeout: seconds until the first event has to be there. With None the session is given at
            once, for a program that may need a person at its terminal first: ``session.started()``.
        command_timeout: seconds until a command has to be acknowledged.
        close_timeout: seconds that the program gets to end in order.
        max_buffer_bytes: how much may wait for a slow reader of events before it loses some.
        terminal_buffer_bytes: the same for the terminal's bytes.
        max_line_bytes: a longer line is skipped and told as a ``BadLine``.
        program_status: a program that asks its terminal whether it knows program status (OSC 7501) is
            told so, and then says what it does: ``session.terminal.status``. Leave it out where another
            terminal shows the program and answers for itself.

    Yields:
        The session, idle and ready for commands unless ``start_timeout`` is None.

    Raises:
        SpawnFailed: the program cannot be started.
        StartTimeout: it runs, but says nothing on its channel.
        SessionExited: it ended before it said anything.
    """
    async with hosted(
        Session,
        command,
        cwd=cwd,
        env=env,
        columns=columns,
        rows=rows,
        channel=channel,
        on_approval=on_approval,
        start_timeout=start_timeout,
        command_timeout=command_timeout,
        close_timeout=close_timeout,
        max_buffer_bytes=max_buffer_bytes,
        terminal_buffer_bytes=terminal_buffer_bytes,
        max_line_bytes=max_line_bytes,
        program_status=program_status,
    ) as session:
        yield session
