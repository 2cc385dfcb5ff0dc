"""``MessageDisplay``: hooks that hear the model's words while they come; an observer of the bus.

One hears the text of a message so far, at most five times a second and one run at a time, so that a slow
one hears less often and never something old; and once more, with ``is_final``, when the message is over.
Only the main agent's words are told, and of a message that was interrupted no end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.hooks.session_hooks import SessionHooks
    from qwen_dual.protocol.events import Event

NAME: Final = "MessageDisplay"

SECONDS_BETWEEN: Final = 0.2

END_SECONDS: Final = 5.0
"""How long the end of a turn waits for those that hear the last of a message."""


class Displayed:
    """Has hooks told of the words of a session.

    Args:
        hooks: of the session.
        interrupted: whether what runs is being stopped.
    """

    def __init__(self, hooks: SessionHooks, interrupted: Callable[[], bool]) -> None:
        self._hooks = hooks
        self._interrupted = interrupted
        self._message: _Message | None = None
        self._final: anyio.Event | None = None  # until those that hear the last of one are done

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if event["type"] != "stream_event" or event["parent_tool_use_id"] is not None:
            return
        inner = event["event"]
        kind = inner["type"]
        if kind == "content_block_delta":
            if self._message is not None and inner["delta"]["type"] == "text_delta":
                self._add(self._message, inner["delta"]["text"])
        elif kind == "message_start":
            self._message = _Message(inner["message"]["id"])
        elif kind == "message_stop":
            self._end()

    async def heard(self) -> None:
        """Waits until the last of the latest message is heard, ``END_SECONDS`` at the most."""
        if self._final is not None:
            with anyio.move_on_after(END_SECONDS):
                await self._final.wait()

    def _add(self, message: _Message, text: str) -> None:
        message.pieces.append(text)
        message.more.set()
        if not message.followed:
            message.followed = True

            async def follow() -> None:
                while True:
                    await message.more.wait()
                    if message.over:
                        return
                    message.more = anyio.Event()
                    await self._run_hooks(message, is_final=False)
                    await anyio.sleep(SECONDS_BETWEEN)

            self._hooks.engine.spawn(follow)

    def _end(self) -> None:
        message, self._message = self._message, None
        if message is None or not message.pieces:
            return
        message.over = True
        message.more.set()
        if self._interrupted():
            return
        done = self._final = anyio.Event()

        async def finish() -> None:
            try:
                await self._run_hooks(message, is_final=True)
            finally:
                done.set()

        self._hooks.engine.spawn(finish)

    async def _run_hooks(self, message: _Message, *, is_final: bool) -> None:
        text = "".join(message.pieces)
        message.pieces = [text]
        told = {"message_id": message.id, "displayed_text": text, "is_final": is_final}
        await self._hooks.notify(NAME, "", **told)


class _Message:
    """One message as far as it has come."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.pieces: list[str] = []
        self.more = anyio.Event()
        self.followed = False
        self.over = False
