"""What comes in on stdin, carried out on a session: prompts, requests, answers and commands.

Takes each line when it comes, while turns run: prompts wait in the session's queue and run in their
order, everything else acts at once. A line that cannot be used is answered and ends nothing.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

import anyio.lowlevel

from qwen_dual.bridge.lines import BadLine
from qwen_dual.core.actor import SDK
from qwen_dual.frontends.headless.messages import without_seq
from qwen_dual.frontends.headless.stdin import lines
from qwen_dual.protocol.attachments import text_of, titled
from qwen_dual.protocol.commands import CommandError
from qwen_dual.protocol.control import (
    ControlCancel,
    ControlRequest,
    ControlResponse,
    Unusable,
    UserMessage,
    parse_incoming,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.bridge.lines import Item
    from qwen_dual.frontends.headless.control import ControlProtocol
    from qwen_dual.protocol.command_shapes import Command
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.handle import SessionHandle

PASSES = 4
"""Of the loop after a prompt, in which it begins to run where nothing else does: what follows it in the
same piece of input, such as an interrupt, finds it running."""

_ANSWERS = ("command_receipt", "input_error", "rewind_points", "rewind_preview", "rewound")
"""What is said of a line that came in, and so belongs to whoever sent it."""


class Commands(Protocol):
    """Carries out commands on the session, as ``core.commands.dispatch.Dispatcher`` does."""

    def command(self, command: Command) -> None:
        """Carries out one."""
        ...

    def repeated(self, command_id: str) -> bool:
        """Whether an id was seen before, and tells so; notes it."""
        ...

    def error(self, code: str, message: str, offset: int, command_id: str | None = ...) -> None:
        """Tells of a line that could not be used."""
        ...


class StreamInput:
    """What comes in on stdin, carried out on one session.

    Args:
        session: what it acts on.
        dispatcher: carries out commands on the same session.
        control: the control protocol over it.
        send: takes messages for stdout, in order.

    Attributes:
        on_refused: told of a prompt that cannot be used, whose sender waits for a result.
    """

    def __init__(
        self,
        session: SessionHandle,
        dispatcher: Commands,
        control: ControlProtocol,
        send: Callable[[Event], object],
    ) -> None:
        self.on_refused: Callable[[Unusable], object] = lambda error: None
        self._handle = session
        self._dispatcher = dispatcher
        self._control = control
        self._send = send
        self._command: str = ""

    @property
    def _session(self) -> SessionHandle:
        """The one that goes on, after ``/clear`` too."""
        return self._handle.latest

    async def run(self, fd: int = 0) -> None:
        """Takes every line of ``fd`` until its end."""
        try:
            async with aclosing(lines(fd)) as found:
                async for item in found:
                    self.take(item)
                    for _ in range(PASSES):
                        await anyio.lowlevel.checkpoint()
        finally:
            self._control.close()

    def take(self, item: Item) -> None:
        """Carries out one line."""
        if isinstance(item, BadLine):
            self._dispatcher.error(item.code, item.message, item.offset)
            return
        try:
            given = parse_incoming(item.data)
        except CommandError as error:
            self._refuse(error, item.offset)
            return
        match given:
            case UserMessage(uuid=str(name)) if self._dispatcher.repeated(name):
                pass  # its sender was not sure whether it had come
            case UserMessage():
                for remark in given.remarks:
                    self._dispatcher.error("invalid", remark, item.offset)
                content = titled(given.content, self._session.number_image)
                text = text_of(content)
                self._session.submit(text, SDK, command_id=given.uuid, content=content)
            case ControlRequest():
                self._control.request(given)
            case ControlResponse():
                self._control.response(given)
            case ControlCancel():
                pass  # every request is answered at once, so none of them waits
            case _:
                self._command = given.type
                self._dispatcher.command(given)
                self._command = ""

    def observe(self, event: Event) -> None:
        """Sends on what of an event answers a line that came in."""
        kind = event["type"]
        if kind == "system":
            asked = event["subtype"] == "state" and self._command == "get_state"
            if asked or event["subtype"] in _ANSWERS:
                self._send(without_seq(event))
        elif kind == "control_response":
            failed = event["response"]["subtype"] == "error"
            if failed or self._command == "confirmation_response":
                self._send(without_seq(event))

    def _refuse(self, error: CommandError, offset: int) -> None:
        if isinstance(error, Unusable) and error.request_id is not None:
            self._control.refuse(error.request_id, str(error))
            return
        self._dispatcher.error(error.code, str(error), offset, error.command_id)
        if isinstance(error, Unusable) and error.prompt:
            self.on_refused(error)
