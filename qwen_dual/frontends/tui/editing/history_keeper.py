"""Brings what earlier sessions sent into the editor, and gives what is sent to the store. Off the loop.

What the store is, the program decides; that it fails costs the history and nothing else.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol

import anyio

from qwen_dual.core.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.prompts.prompt import Entered
    from qwen_dual.frontends.tui.editing.editor import Editor

log = logging.getLogger(__name__)


_LEAVING = ("/quit", "/exit")


class HistoryStore(Protocol):
    """Where the prompts of a folder are kept across sessions."""

    def load(self) -> Sequence[Entered]:
        """What there is, the oldest first; raises OSError when it cannot be read."""
        ...

    def append(self, entered: Entered) -> None:
        """Keeps one; raises OSError when it cannot be written."""
        ...


class HistoryKeeper:
    """Keeps one editor's history in step with a store.

    Args:
        store: read once, then written to.
        editor: what is sent from it is kept.
    """

    def __init__(self, store: HistoryStore, editor: Editor) -> None:
        self._store = store
        self._editor = editor
        self._waiting: deque[Entered] = deque()
        self._arrived = anyio.Event()
        editor.on_entered = self._enqueue

    async def run(self, painted: anyio.Event) -> None:
        """Loads, then writes what comes, until it is cancelled.

        Args:
            painted: what it waits for before, so that it does not hold up the first drawing.
        """
        await painted.wait()
        try:
            self._editor.remember(await in_thread(self._store.load))
        except OSError as error:
            log.warning("the prompts of earlier sessions cannot be read: %s", error)
        while True:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            await in_thread(self.flush, abandon=False)

    def flush(self) -> None:
        """Writes what waits; at the end on the loop's thread, since nothing else does so then."""
        try:
            while self._waiting:
                self._store.append(self._waiting.popleft())
        except OSError as error:
            self._waiting.clear()
            log.warning("what was sent is not kept for later sessions: %s", error)

    def _enqueue(self, entered: Entered) -> None:
        if entered.text.strip() in _LEAVING:
            return  # it would be the first that Up brings in every session
        self._waiting.append(entered)
        self._arrived.set()
