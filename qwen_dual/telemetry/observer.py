"""The session's own observer: hands each event to a thread, which makes signals of it and sends them.

On the loop's thread an event costs a queue; a delta that is not the first of an answer costs the counting of it.
The SDK is imported by the thread, once the session runs.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from qwen_dual.telemetry.chunks import Chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.telemetry.options import Options

    Item = tuple[int, Mapping[str, Any], int] | None

MAX_WAITING = 20_000
"""Events that wait for the thread; what comes beyond is lost, and counted."""
FLUSH_SECONDS = 3.0
"""What the end of a session waits for what is still to be sent."""


class Observer:
    """Sends what happens in a session; made when that begins, ``start`` comes later.

    Args:
        options: what goes where.
        version: of the program.
        tell: told what a person should know, in words; by another thread.
        provider: whose a model is, by its name.
        server: where it is asked: host and port.
        scrub: takes secrets out of what was said.
    """

    def __init__(
        self,
        options: Options,
        version: str,
        tell: Callable[[str], object],
        *,
        provider: Callable[[str], str],
        server: Callable[[str], tuple[str, int]] = lambda model: ("", 0),
        scrub: Callable[[str], str] = str,
    ) -> None:
        self._options = options
        self._version = version
        self._tell = tell
        self._provider = provider
        self._server = server
        self._scrub = scrub
        self._chunks = Chunks()
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._over = False
        self._lost = 0

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Takes an event of the bus, which nobody changes any more."""
        if event["type"] == "stream_event":
            chunks = self._chunks.count(event)
            if chunks < 0:
                return
        else:
            chunks = 0
        if self._over or self._queue.qsize() >= MAX_WAITING:
            self._lost += 1
            return
        self._queue.put((time.time_ns(), event, chunks))

    @property
    def waiting(self) -> int:
        """How many events the thread has not taken yet."""
        return self._queue.qsize()

    def start(self) -> None:
        """Begins to send; idempotent."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
            self._thread.start()

    def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Sends what is left, for so many seconds at the most; blocks as long. Idempotent."""
        self.start()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._send()
        except Exception as error:
            import logging

            logging.getLogger(__name__).error("telemetry failed", exc_info=error)
            self._tell(f"Telemetry has ended: {describe(error)}.")
        finally:
            self._over = True
            with suppress(Empty):
                while True:
                    self._queue.get_nowait()

    def _send(self) -> None:
        from qwen_dual.telemetry.conventions import LOST
        from qwen_dual.telemetry.operations import parent_ids
        from qwen_dual.telemetry.reducer import Reducer
        from qwen_dual.telemetry.sending import Sender
        from qwen_dual.telemetry.signal_builder import SignalBuilder

        builder = SignalBuilder(
            content_in_spans=self._options.content_in_spans,
            content_in_logs=self._options.content_in_logs,
            session_in_metrics=self._options.session_in_metrics,
            provider=self._provider,
            server=self._server,
            parent=parent_ids(self._options.parent),
            scrub=self._scrub,
        )
        reducer = Reducer(builder)
        sender = Sender(self._options, self._version, self._tell)
        try:
            while (item := self._queue.get()) is not None:
                at, event, chunks = item
                sender.send(reducer.take(event, at, chunks))
            sender.send(reducer.finish(time.time_ns()))
            if self._lost:
                sender.send([builder.counted(LOST, self._lost, {})])
        finally:
            sender.close(FLUSH_SECONDS)


def describe(error: Exception) -> str:
    """What failed, in words."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
