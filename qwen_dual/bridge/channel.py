"""Both channels in one object, for programs that are not the agent.

A program that shows something of its own (prompt-toolkit, Textual, anything on asyncio) gets the same
protocol with ``start``, ``emit`` and ``run``. The agent itself wires the parts up in more detail.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any, Self

import anyio

from qwen_dual.bridge.errors import ChannelError
from qwen_dual.bridge.reader import CommandReader, open_path
from qwen_dual.bridge.sinks import open_sink
from qwen_dual.bridge.tee import Tee
from qwen_dual.protocol import PROTOCOL_VERSION, events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.bridge.reader import InputError
    from qwen_dual.protocol.command_shapes import Command

_NONE = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0, "total_tokens": 0}
"""The usage of a message that no model has counted."""


class Channel:
    """Events out, commands in, for one session.

    Args:
        json_file: where events go: a regular file, a FIFO or ``/dev/fd/N``; None for nowhere.
        input_file: where commands come from; None for none.
        on_command: called with each command, on the loop's own thread; not with an answer to a request
            that is not pending, which is told as an error.
        from_start: run commands that are in the input file already.

    Raises:
        ChannelError: a path cannot be used; says why.
    """

    def __init__(
        self,
        json_file: str | None,
        input_file: str | None = None,
        on_command: Callable[[Command], None] = lambda command: None,
        *,
        from_start: bool = False,
    ) -> None:
        self.session_id = events.new_uuid()
        self._seq = 0
        self._pending: set[str] = set()
        self._on_command = on_command
        self._tee = None if json_file is None else Tee(open_sink(path=json_file))
        self._reader: CommandReader | None = None
        if input_file is not None:
            size = os.path.getsize(input_file) if os.path.exists(input_file) else 0
            self._reader = open_path(
                input_file,
                on_command=self._handle,
                on_error=self._input_error,
                on_warning=lambda text: self.emit(events.notice(text, "warning")),
                start_offset=0 if from_start else size,
            )

    @classmethod
    def of_arguments(
        cls, arguments: Sequence[str], on_command: Callable[[Command], None] = lambda command: None
    ) -> tuple[Self, list[str]]:
        """The channel that a command line asks for, and the arguments that are not about it.

        A channel that cannot be opened is told on stderr, and the program runs on without it.

        Args:
            arguments: a command line with ``--json-fd N`` or ``--json-file PATH``, and ``--input-file PATH``.
            on_command: as above.

        Raises:
            SystemExit: both outputs are asked for, or a value is missing.
        """
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        outputs = parser.add_mutually_exclusive_group()
        outputs.add_argument("--json-fd", type=int, metavar="N")
        outputs.add_argument("--json-file", metavar="PATH")
        parser.add_argument("--input-file", metavar="PATH")
        asked, rest = parser.parse_known_args(arguments)
        output = asked.json_file if asked.json_fd is None else f"/dev/fd/{asked.json_fd}"
        tries = ((output, asked.input_file), (output, None), (None, asked.input_file))
        for events_to, commands_from in tries:
            try:
                return cls(events_to, commands_from, on_command), rest
            except ChannelError as error:
                print(f"Warning: dual output disabled — {error}", file=sys.stderr)
        return cls(None, None, on_command), rest

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
        if body["type"] == "control_request":
            self._pending.add(body["request_id"])
        elif body["type"] == "control_response":
            self._pending.discard(body["response"]["request_id"])
        if self._tee is None:
            return
        self._tee(events.stamp(body, session_id=self.session_id, seq=self._seq))

    def say(self, text: str, model: str = "") -> None:
        """Emits an answer that is whole already, as a model's message is told."""
        message_id = events.new_uuid()
        block = {"type": "text", "text": text}
        self.emit(events.message_start(message_id, model))
        self.emit(events.block_start(0, {"type": "text", "text": ""}))
        self.emit(events.text_delta(0, text))
        self.emit(events.block_stop(0))
        self.emit(events.assistant(message_id, model, [block], stop_reason=None, usage=_NONE))
        self.emit(events.message_stop())

    async def run(self) -> None:
        """Reads commands until it is cancelled; a slow or late reader of the events is served."""
        if self._tee is not None:
            self._tee.attach(asyncio.get_running_loop())
        if self._reader is not None:
            await self._reader.run()
        await anyio.sleep_forever()

    async def aclose(self, drain_seconds: float = 1.0) -> None:
        """Emits ``session_end``, gives what waits a moment to be read, and closes."""
        with anyio.CancelScope(shield=True):
            self.emit(events.system("session_end", {"session_id": self.session_id}))
            if self._tee is not None:
                await self._tee.drain(drain_seconds)
                self._tee.close()

    def _handle(self, command: Command) -> None:
        if command.type == "confirmation_response" and command.request_id not in self._pending:
            self.emit(events.control_error(command.request_id))
        else:
            self._on_command(command)

    def _input_error(self, bad: InputError) -> None:
        data = {"code": bad.code, "message": bad.message, "offset": bad.offset}
        self.emit(events.system("input_error", data))
