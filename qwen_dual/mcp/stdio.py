"""Messages over the stdin and stdout of a program: one JSON object a line.

The SDK has a transport for this too. This one bounds a line, keeps pace with a server that floods, lets
no child reach the terminal, and starts it through whatever confines it.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import anyio

from qwen_dual.mcp.bounds import MAX_MESSAGE, REST, WORK_SECONDS, line
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.process import Child
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.framing import LineFramer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.shared.message import SessionMessage

    from qwen_dual.mcp.process import Start
    from qwen_dual.protocol.framing import Frame

KEPT_BYTES = 512
"""Of a message that is too long, to find out what it answers."""

_ID = re.compile(rb'"id"\s*:\s*(\d+|"[^"\\]{1,100}")')


class Said:
    """What a program printed that is no message: the log gets it, and an error the last of it.

    Args:
        log: takes a line for the log.
    """

    MAX_LINES = 500
    MAX_CHARS = 1000

    def __init__(self, log: Callable[[str], object]) -> None:
        self._log = log
        self._lines = 0
        self._last = {"stderr": "", "stdout": ""}

    @property
    def last(self) -> str:
        """The last line of its stderr, or what it printed to its stdout instead of a message."""
        return self._last["stderr"] or self._last["stdout"]

    def take(self, text: bytes, what: Literal["stdout", "stderr"]) -> None:
        """Takes one line of ``what``."""
        told = line(text[: 4 * self.MAX_CHARS].decode(errors="replace"), self.MAX_CHARS)
        if not told:
            return
        self._last[what] = told
        self._lines += 1
        if self._lines < self.MAX_LINES:
            self._log(f"{what}: {told}")
        elif self._lines == self.MAX_LINES:
            self._log("what it prints from here on is not kept")


@asynccontextmanager
async def stdio_transport(
    argv: Sequence[str],
    cwd: str,
    env: Mapping[str, str],
    start: Start,
    log: Callable[[str], object],
) -> AsyncIterator[
    tuple[
        MemoryObjectReceiveStream[SessionMessage | Exception],
        MemoryObjectSendStream[SessionMessage],
    ]
]:
    """A transport of the SDK over a program, which is ended with it.

    Raises:
        ServerFailure: it cannot be started, or has ended by itself; says what it said last.
    """
    try:
        child = await Child.start(start, argv, cwd, env)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ServerFailure(f"{argv[0]} cannot be started: {why}") from None
    said = Said(log)
    to_session, from_server = anyio.create_memory_object_stream[Any](0)
    to_server, from_session = anyio.create_memory_object_stream[Any](0)
    leaving = gone = False

    async def read() -> None:
        nonlocal gone
        async with to_session:
            await _read(child, to_session, said)
            gone = not leaving

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_read_errors, child, said)
            group.start_soon(_write, child, from_session)
            group.start_soon(read)
            try:
                yield from_server, to_server
            finally:
                leaving = True
                group.cancel_scope.cancel()
        if gone:
            raise await _why_ended(child, said)
    except Exception as error:
        # What the session says of the end of its stream is not why that has ended.
        if gone and not isinstance(error, ServerFailure):
            raise await _why_ended(child, said) from error
        raise
    finally:
        for stream in (to_session, from_server, to_server, from_session):
            stream.close()
        await child.end()


async def _read(child: Child, to_session: MemoryObjectSendStream[Any], said: Said) -> None:
    """Hands on each message, at a pace that leaves the rest of the program its time."""
    framer = LineFramer(MAX_MESSAGE, keep_bytes=KEPT_BYTES)
    while data := await child.receive():
        began = time.monotonic()
        for frame in framer.feed(data):
            message = _message(frame, said)
            if message is not None:
                try:
                    await to_session.send(message)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    return
            if (worked := time.monotonic() - began) > WORK_SECONDS:
                await anyio.sleep(worked * REST)
                began = time.monotonic()


def _message(frame: Frame, said: Said) -> SessionMessage | None:
    """The message of a line; None for what is none."""
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    if frame.too_long:
        why = f"a message of {frame.size:,} bytes is not read; {MAX_MESSAGE:,} are the most"
        said.take(why.encode(), "stdout")
        return _in_place_of(frame.data, why)
    if frame.blank:
        return None
    try:
        message = jsonrpc_message_adapter.validate_python(_json(frame.body), by_name=False)
    except ValueError:  # NotJson and pydantic's are such
        said.take(frame.body, "stdout")
        return _in_place_of(frame.body[:KEPT_BYTES], "its answer is no message of JSON-RPC")
    return SessionMessage(message)


def _json(line: bytes) -> Any:
    """What a line says; half a character of two is none, and becomes a question mark.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return decode(line)
    except NotJson:
        try:
            text = json.dumps(json.loads(line), ensure_ascii=False)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        return decode(text.encode(errors="replace"))


def _in_place_of(start: bytes, why: str) -> SessionMessage | None:
    """The error in the place of an answer that cannot be read, as far as that says what it answers."""
    from mcp.shared.message import SessionMessage
    from mcp_types import INTERNAL_ERROR, ErrorData, JSONRPCError

    found = _ID.search(start)
    if found is None or not start.lstrip().startswith(b"{"):
        return None
    told = decode(found[1])
    return SessionMessage(
        JSONRPCError(jsonrpc="2.0", id=told, error=ErrorData(code=INTERNAL_ERROR, message=why))
    )


async def _read_errors(child: Child, said: Said) -> None:
    framer = LineFramer(Said.MAX_CHARS * 4, keep_bytes=Said.MAX_CHARS * 4)
    while data := await child.receive(error=True):
        frames = framer.feed(data)
        for frame in frames:
            said.take(frame.body, "stderr")
        if len(frames) > 100:  # it floods
            await anyio.sleep(WORK_SECONDS * REST)


async def _write(child: Child, from_session: MemoryObjectReceiveStream[SessionMessage]) -> None:
    async with from_session:
        async for item in from_session:
            text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                await child.send(f"{text}\n".encode())
            except OSError:
                return  # its end is seen on its stdout


async def _why_ended(child: Child, said: Said) -> ServerFailure:
    with anyio.move_on_after(1):
        await child.ended()
    code = child.popen.poll()
    if code is None:
        what = "it closed its stdout"
    elif code < 0:
        what = f"it was ended by signal {-code}"
    else:
        what = f"it ended with status {code}"
    return ServerFailure(f"{what}; the last it said: {said.last}" if said.last else what)
