"""Both channels in one object, for programs that are not the agent.

A program that shows something of its own (prompt-toolkit, Textual, anything on asyncio) gets the same
protocol with ``start``, ``emit`` and ``run``. The agent itself wires the parts up in more detail.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.bridge.reader import CommandReader, open_path
from qwen_dual.bridge.sinks import open_sink
from qwen_dual.bridge.tee import Tee
from qwen_dual.protocol import PROTOCOL_VERSION, events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.bridge.reader import InputError
    from qwen_dual.protocol.command_shapes import Command


class Channel:
    """Events out, commands in, for one session.

    Args:
        json_file: where events go: a regular file, a FIFO or ``/dev/fd/N``.
        input_file: where commands come from; None for none.
        on_command: called with each command, on the loop's own thread.
        from_start: run commands that are in the input file already.

    Raises:
        ChannelError: a path cannot be used; says why.
    """

    def __init__(
        self,
        json_file: str,
        input_file: str | None = None,
        on_command: Callable[[Command], None] = lambda command: None,
        *,
        from_start: bool = False,
    ) -> None:
        self.session_id = events.new_uuid()
        self._seq = 0
        self._tee = Tee(open_sink(path=json_file))
        self._reader: CommandReader | None = None
        if input_file is not None:
            size = os.path.getsize(input_file) if os.path.exists(input_file) else 0
            self._reader = open_path(
                input_file,
                on_command=on_command,
                on_error=self._input_error,
                on_warning=lambda text: self.emit(events.notice(text, "warning")),
                start_offset=0 if from_start else size,
            )

    def start(self, version: str, supported_events: Sequence[str], **data: Any) -> None:
        """Emits ``session_start``; has to be the first event."""
        about = {
            "session_id": self.session_id,
            "cwd": os.getcwd(),
            "protocol_version": PROTOCOL_VERSION,
            "version": version,
            "supported_events": list(supported_events),
        }
        self.emit(events.system("session_start", {**about, **data}))

    def emit(self, body: events.Event) -> None:
        """Stamps an event's body (``protocol.events`` builds them) and writes it; never waits."""
        self._seq += 1
        self._tee(events.stamp(body, session_id=self.session_id, seq=self._seq))

    async def run(self) -> None:
        """Reads commands until it is cancelled; a slow or late reader of the events is served."""
        self._tee.attach(asyncio.get_running_loop())
        if self._reader is not None:
            await self._reader.run()
        await anyio.sleep_forever()

    async def aclose(self, drain_seconds: float = 1.0) -> None:
        """Emits ``session_end``, gives what waits a moment to be read, and closes."""
        with anyio.CancelScope(shield=True):
            self.emit(events.system("session_end", {"session_id": self.session_id}))
            await self._tee.drain(drain_seconds)
            self._tee.close()

    def _input_error(self, bad: InputError) -> None:
        data = {"code": bad.code, "message": bad.message, "offset": bad.offset}
        self.emit(events.system("input_error", data))
