"""The running half of a session: reads its channel and its terminal, and sees it to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from qwen_dual.host.errors import SessionExited
from qwen_dual.host.records import Exit
from qwen_dual.host.terminal import TerminalStream
from qwen_dual.host.terminal_reports import STATUS_ANSWER
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from qwen_dual.host.channels import Channel
    from qwen_dual.host.feed import Feed
    from qwen_dual.host.pty import Child

_LAST_PIECES = 64  # of the terminal after the end; something else may paint there for ever
_PIECES_AT_ONCE = 15
_CHANNEL_GRACE = 1.0  # between the end of the channel and that of the program
_KILL_SECONDS = 5.0


class HostedProcess:
    """A child with its channel.

    Args:
        child: the program, just spawned.
        channel: its channel.
        feed: takes its events.
        close_timeout: seconds that it gets to end in order.
        terminal_buffer_bytes: bound on what waits of its terminal.
        program_status: it is told that its status is read, when it asks.

    Attributes:
        terminal: what it paints.
        exit: how it ended; None while it runs.
        finished: nothing more comes from it, and nothing can be sent.
    """

    def __init__(
        self,
        child: Child,
        channel: Channel,
        feed: Feed,
        close_timeout: float,
        terminal_buffer_bytes: int,
        *,
        program_status: bool = False,
    ) -> None:
        self._program_status = program_status
        self.terminal = TerminalStream(terminal_buffer_bytes)
        self.exit: Exit | None = None
        self.finished = False
        self.pid = child.pid
        self._child = child
        self._channel = channel
        self._feed = feed
        self._close_timeout = close_timeout
        self._typing = anyio.Lock()
        self._stopping = False
        self._over = anyio.Event()
        self._scope = anyio.CancelScope(shield=True)
        self._commands_from = 0.0

    async def run(self) -> None:
        """Works until the program has ended, or ``leave`` is called; no other cancellation ends it.

        The shield is what lets a cancelled host still end the program in order.
        """
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._read_terminal, group)
                    group.start_soon(self._read_events)
                    group.start_soon(self._channel.run)
                    self.exit = await self._child.wait()
                    group.cancel_scope.cancel()
                for event in self._channel.drain():
                    self._feed.take(event)
                self._drain_terminal()
        finally:
            self.terminal.end()
            self._finish()
            self._over.set()

    async def stop(self) -> None:
        """Ends the program, in order if it can; returns when it is over."""
        with anyio.CancelScope(shield=True):
            first, self._stopping = not self._stopping, True
            if first:
                await self._quit()
                self._child.terminate()
            with anyio.move_on_after(self._close_timeout):
                await self._over.wait()
            if first:
                self._child.kill()
            with anyio.move_on_after(_KILL_SECONDS):
                await self._over.wait()

    async def _quit(self) -> None:
        """Lets Qwen Code end by itself: a signal kills the launcher before the agent can do that."""
        tracker = self._feed.tracker
        nameless = tracker.started.done and "agent" not in tracker.greeting.data
        if not nameless or self.finished or tracker.state != "idle":
            return
        with anyio.move_on_after(self._close_timeout / 2):
            await self.ready_for_commands()
            try:
                self._channel.send(encode({"type": "submit", "text": "/quit"}))
            except OSError:
                return
            await self._over.wait()

    async def leave(self) -> None:
        """Ends the program for certain, and lets go of everything; the last thing that is done."""
        with anyio.CancelScope(shield=True):
            try:
                await self.stop()
            finally:
                self._scope.cancel()

    async def reap(self) -> None:
        """Makes sure that nothing is left, whatever went wrong before."""
        with anyio.CancelScope(shield=True):
            try:
                self._child.kill()
                with anyio.move_on_after(_KILL_SECONDS):
                    await self._child.wait()
            finally:
                self._child.close()

    async def wait(self) -> Exit:
        """Waits for the end of the program."""
        await self._over.wait()
        return self.exit or Exit()

    def send(self, line: bytes) -> None:
        """Hands a command to the channel."""
        self._channel.send(line)

    async def ready_for_commands(self) -> None:
        """Waits until the program is sure to read them."""
        delay = self._commands_from - anyio.current_time()
        if delay > 0:
            await anyio.sleep(delay)

    def hold_commands(self, seconds: float) -> None:
        """Lets the first commands wait for a moment."""
        self._commands_from = anyio.current_time() + seconds

    async def write(self, data: bytes) -> None:
        """Types into the terminal."""
        async with self._typing:
            await self._child.write(data)

    def resize(self, columns: int, rows: int) -> None:
        """Changes the window."""
        self._child.resize(columns, rows)

    def gone(self) -> SessionExited:
        """Says how it ended, as far as it is known."""
        tracker = self._feed.tracker
        return SessionExited(
            self.exit,
            ended=tracker.ended,
            events=tracker.events,
            last_event=tracker.last_event,
            last_lines=self.terminal.last_lines(),
        )

    async def _read_events(self) -> None:
        while (events := await self._channel.receive()) is not None:
            for event in events:
                self._feed.take(event)
            while self._feed.catching_up():
                await anyio.lowlevel.checkpoint()
        # The program closed its side; it is about to end, or goes on without the channel.
        await anyio.sleep(_CHANNEL_GRACE)
        self._finish()

    async def _read_terminal(self, group: TaskGroup) -> None:
        while True:
            await anyio.wait_readable(self._child.fd)
            # A terminal gives 4 KiB at a time: a wait for each would cost more than the reading.
            pieces: list[bytes] = []
            while (data := self._child.read()) and len(pieces) < _PIECES_AT_ONCE:
                pieces.append(data)
            if data:
                pieces.append(data)
            if pieces:
                self.terminal.put(b"".join(pieces))
                if self.terminal.asks_for_status() and self._program_status:
                    group.start_soon(self.write, STATUS_ANSWER)
            if data == b"":
                return

    def _drain_terminal(self) -> None:
        for _ in range(_LAST_PIECES):
            data = self._child.read()
            if not data:
                return
            self.terminal.put(data)

    def _finish(self) -> None:
        self.finished = True
        self._feed.finish(self.gone, expected=self._stopping)
