"""Commands from a channel: drives a source, parses its lines, hands them to the owner.

Owns the one task of an input channel and its counts. It runs nothing: what a command does is the
business of ``on_command``. A line that cannot be used is told to ``on_error`` and never stops it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from msgspec import Struct

from qwen_dual.bridge.lines import BadLine
from qwen_dual.bridge.path_source import PathSource
from qwen_dual.bridge.watch import FileWatcher, start_observer
from qwen_dual.protocol.commands import CommandError, parse_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.bridge.lines import Item
    from qwen_dual.bridge.path_source import Identity
    from qwen_dual.bridge.sources import Source, Step
    from qwen_dual.bridge.watch import ObserverFactory
    from qwen_dual.protocol.command_shapes import Command

FIFO_CHECK_INTERVAL = 5.0
"""Seconds between looks whether a FIFO was made anew; a wake-up of an idle process takes 0.4 ms."""
LINES_PER_TURN = 64
"""Lines handled before the loop gets a turn, so that many at once don't freeze the UI."""


class InputError(Struct, frozen=True):
    """A line that could not be used.

    Attributes:
        code: ``not_json``, ``not_utf8``, ``unknown_type``, ``invalid``, ``too_long`` or
            ``incomplete`` (its end can no longer come).
        message: what is wrong, and what was expected.
        offset: where the line begins in the input.
        command_id: the line's ``id`` where it had a usable one.
    """

    code: str
    message: str
    offset: int
    command_id: str | None = None


class InputStatus(Struct, frozen=True):
    """An input channel as ``/channels`` shows it.

    Attributes:
        target: a path, or ``fd 7``.
        kind: ``file``, ``fifo``, ``pipe``, ``socket``, or ``missing``.
        state: ``open``, ``waiting`` (no file yet), ``closed``, or why it cannot be read now.
        mode: ``watching``, ``polling (why)``, or ``waiting for data`` where the system tells.
        lines: lines that were read, blank ones not counted, bad ones counted.
        errors: how many of them could not be used.
        last_error: what was wrong with the last of those; empty where there was none.
        offset: bytes of the input that were read.
    """

    target: str
    kind: str
    state: str
    mode: str
    lines: int
    errors: int
    offset: int
    last_error: str = ""


class CommandReader:
    """Reads commands from one source until it ends or is cancelled.

    The callbacks run on the loop's own thread, one line after the other in the order of the
    input, and are synchronous.

    Args:
        source: where the bytes come from; closed when ``run`` ends.
        watcher: tells when to look at a source that is a path.
        on_command: called with each command.
        on_error: called for each line that cannot be used.
        on_warning: called with a text for a person when the channel gets into trouble.
        first: a step of the source that was taken before.
    """

    def __init__(
        self,
        source: Source,
        watcher: FileWatcher | None,
        *,
        on_command: Callable[[Command], None],
        on_error: Callable[[InputError], None],
        on_warning: Callable[[str], None],
        first: Step | None = None,
    ) -> None:
        self._first = first
        self._source = source
        self._watcher = watcher
        self._on_command = on_command
        self._on_error = on_error
        self._on_warning = on_warning
        self._lines = 0
        self._errors = 0
        self._last_error = ""

    def status(self) -> InputStatus:
        """How the channel is doing."""
        source = self._source
        mode = "waiting for data"
        if self._watcher is not None and source.pollable_fd is None:
            mode = self._watcher.mode
        return InputStatus(
            source.target,
            source.kind,
            source.state,
            mode,
            self._lines,
            self._errors,
            source.offset,
            self._last_error,
        )

    async def run(self) -> None:
        """Reads until the stream ends; a path never ends. Cancel it to stop."""
        try:
            announced = True
            while True:
                found = await self._drain()
                if self._source.state == "closed":
                    return
                if found and not announced and self._watcher is not None:
                    self._watcher.found_unannounced()
                announced = await self._wait()
        finally:
            if self._watcher is not None:
                self._watcher.stop()
            self._source.close()

    async def _drain(self) -> bool:
        """Handles all that is there now; returns whether there was anything."""
        found = False
        while True:
            step, self._first = self._first or self._source.step(), None
            if step.warning is not None:
                self._on_warning(step.warning)
            await self._deliver(step.items)
            if not step.more:
                return found
            found = True
            await anyio.lowlevel.checkpoint()

    async def _deliver(self, items: Sequence[Item]) -> None:
        for number, item in enumerate(items, 1):
            parsed = _parse(item)
            self._lines += 1
            if isinstance(parsed, InputError):
                self._errors += 1
                self._last_error = parsed.message
                self._on_error(parsed)
            else:
                self._on_command(parsed)
            if number % LINES_PER_TURN == 0:
                await anyio.lowlevel.checkpoint()

    async def _wait(self) -> bool:
        """Waits for more; returns False if it was time to look, and nothing announced a change."""
        fd = self._source.pollable_fd
        if fd is None and self._watcher is not None:
            return await self._watcher.wait(poll=self._source.unsettled)
        if fd is not None and self._watcher is None:
            await anyio.wait_readable(fd)
        elif fd is not None:
            # A FIFO may be deleted and made anew; its old end says nothing of that.
            with anyio.move_on_after(FIFO_CHECK_INTERVAL):
                await anyio.wait_readable(fd)
        return True


def open_path(
    path: str,
    *,
    on_command: Callable[[Command], None],
    on_error: Callable[[InputError], None],
    on_warning: Callable[[str], None],
    start_offset: int = 0,
    start_identity: Identity | None = None,
    observer: ObserverFactory = start_observer,
) -> CommandReader:
    """A reader of the regular file or FIFO at ``path``; nothing is read before ``run``.

    Args:
        path: need not exist yet, its directory must.
        on_command: called with each command.
        on_error: called for each line that cannot be used.
        on_warning: called with a text for a person.
        start_offset: the file's size when the process started, or 0 to run what is there.
        start_identity: the file's ``(st_dev, st_ino)`` at that time, if it was there: should
            another file have taken its place since, that is read from its beginning.
        observer: starts the watch.

    Raises:
        ChannelError: nothing can be read there; the text says why.
    """
    source = PathSource(path, start_offset=start_offset, start_identity=start_identity)
    return CommandReader(
        source,
        FileWatcher(path, observer),
        on_command=on_command,
        on_error=on_error,
        on_warning=on_warning,
    )


def _parse(item: Item) -> Command | InputError:
    if isinstance(item, BadLine):
        return InputError(item.code, item.message, item.offset)
    try:
        return parse_command(item.data)
    except CommandError as error:
        return InputError(error.code, str(error), item.offset, error.command_id)
