"""``qwen-dual record``: the person's terminal on one side, the recorded program's on the other.

What is typed goes through as it is and is not kept: what the program echoes of it is.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import time
from typing import TYPE_CHECKING

import anyio

from qwen_dual.cli.argument_parser import SafeParser
from qwen_dual.cli.raw_terminal import raw
from qwen_dual.cli.stderr import tell
from qwen_dual.cli.terminal_proxy import TerminalProxy
from qwen_dual.concurrency.task_groups import open_task_group
from qwen_dual.fs.home import qwen_home
from qwen_dual.host.errors import HostError
from qwen_dual.recording.folder import NewRecording, RecordingError
from qwen_dual.recording.joining import record_running
from qwen_dual.recording.recorder import Recorder
from qwen_dual.runtime.process import environment, folder, own_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_SIZE = "1G"
_SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual record``; returns the status of the program that was recorded.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    parser = _parser()
    asked = parser.parse_args(arguments)
    command = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
    if asked.attach is not None:
        if command:
            parser.error("--attach records a session that runs: it takes no command")
        return anyio.run(_follow, asked.attach or None, asked.output, asked.max_size)
    if not (os.isatty(0) and os.isatty(1)):
        print(
            "qwen-dual: record shows the program on a terminal, and this is none", file=sys.stderr
        )
        return 1
    env = environment()
    where = asked.output or _place(env)
    try:
        recording = NewRecording(where)
        columns, rows = os.get_terminal_size(1)
        recorder = Recorder(
            command or own_command(),
            recording,
            columns=columns or 80,
            rows=rows or 24,
            cwd=folder(),
            env=env,
            max_bytes=asked.max_size,
        )
    except (RecordingError, HostError, OSError) as error:
        tell(f"qwen-dual: {error}")
        return 1
    with raw(0) as ahead:
        status = TerminalProxy(recorder, ahead).run()
    if recorder.stopped:
        tell(f"The recording ended early: {recorder.stopped}.")
    tell(f"Recorded in {where}; qwen-dual replay {where} shows it.")
    return status


def _place(env: Mapping[str, str]) -> str:
    name = time.strftime("%Y-%m-%dT%H-%M-%S") + f"-{os.getpid()}"
    return os.path.join(qwen_home(env), "recordings", name)


async def _follow(wanted: str | None, output: str | None, max_bytes: int) -> int:
    """Records the events of a session that runs elsewhere, until it ends or Ctrl+C."""
    env = environment()
    where = output or _place(env)
    why = "interrupted"

    async def wait_for_signal(scope: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            async for _ in signals:
                scope.cancel()

    def begun(session_id: str) -> None:
        print(
            f"Recording {session_id}.\nIt goes on when this is interrupted.",
            file=sys.stderr,
        )

    try:
        with anyio.CancelScope() as scope:
            async with open_task_group() as group:
                group.start_soon(wait_for_signal, scope)
                why = await record_running(
                    wanted,
                    lambda: NewRecording(where, terminal=False),
                    env=env,
                    max_bytes=max_bytes,
                    begun=begun,
                )
                group.cancel_scope.cancel()
    except (RecordingError, HostError, OSError) as error:
        tell(f"qwen-dual: {error}")
        return 1
    if why and why != "interrupted":
        tell(f"The recording ended early: {why}.")
    tell(f"Recorded in {where}; qwen-dual audit {where} says what was done.")
    return 0


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+)([KMG]?)i?B?", text.strip(), re.IGNORECASE)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as 500M, 2G or 0")
    return int(found[1]) * _SIZES[found[2].upper()]


def _parser() -> argparse.ArgumentParser:
    parser = SafeParser(
        prog="qwen-dual record",
        usage="qwen-dual record [-o DIR] [--max-size SIZE] [--attach [ID] | -- COMMAND …]",
        description="Runs a program with dual output as usual and keeps its terminal and its events.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="where to; ~/.qwen/recordings/TIME unless given"
    )
    parser.add_argument(
        "--attach",
        nargs="?",
        const="",
        metavar="ID",
        help="record the events of a session that runs (with --socket): the only one, or this one",
    )
    parser.add_argument(
        "--max-size",
        metavar="SIZE",
        type=_size,
        default=_size(MAX_SIZE),
        help="the recording ends at this size, the program goes on; 0 for no bound (default: 1G)",
    )
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="qwen-dual unless given"
    )
    return parser
