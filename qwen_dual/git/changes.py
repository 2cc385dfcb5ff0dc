"""Whether a repository's work tree has changes, followed while a session goes on.

Git is asked in a thread and when it is told that something may have changed, never by a clock; not at
all where the folder is not trusted, and no longer where it takes too long to answer.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

SECONDS = 2.0
"""What git may take. Whoever works in a repository where it takes longer has no use for the answer."""

PATIENCE = 2
"""How often in a row it may take longer before it is asked no more: a busy machine is no huge tree."""

PAUSE = 1.0
"""Seconds between an answer and the next question at the least."""

SHARE = 9
"""How many times what an answer took has to go by before the next question."""


def _changed_files(
    folder: str, env: Mapping[str, str], seconds: float, gone: threading.Event
) -> int | None:
    from qwen_dual.git.run import changed_files  # in a thread, behind the first paint

    return changed_files(folder, env, seconds, gone)


class Changes:
    """Whether anything is changed around a folder.

    Args:
        folder: need not be in a repository.
        env: the session's environment, now.
        trusted: whether git may be run there.
        on_change: called on the loop's thread when ``seen`` has become another.
        look: how many files are changed, None where git cannot say; gets the folder, the environment,
            the seconds that it may take, and an event that ends it. Runs in a thread.
        pause: waits so many seconds.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        folder: str,
        env: Callable[[], Mapping[str, str]],
        trusted: Callable[[], bool],
        on_change: Callable[[], object],
        *,
        look: Callable[
            [str, Mapping[str, str], float, threading.Event], int | None
        ] = _changed_files,
        pause: Callable[[float], Awaitable[object]] = anyio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._env = env
        self._trusted = trusted
        self._on_change = on_change
        self._look = look
        self._pause = pause
        self._now = now
        self._changed = False
        self._slow = 0
        self._wanted = anyio.Event()

    @property
    def seen(self) -> bool:
        """Whether there were changes when it was looked for the last time."""
        return self._changed and self._trusted()

    def look_again(self) -> None:
        """Something may have changed: is looked for soon, however often this is said until then."""
        self._wanted.set()

    async def run(self) -> None:
        """Follows what is told until it is cancelled, or git has turned out to be too slow here."""
        while self._slow < PATIENCE:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            if self._trusted():
                took = await self._ask()
                await self._pause(max(PAUSE, SHARE * took))

    async def _ask(self) -> float:
        """Asks git once; returns the seconds that it took."""
        began, before, gone = self._now(), self.seen, threading.Event()
        try:
            look = partial(self._look, self._folder, self._env(), SECONDS, gone)
            count = await to_thread.run_sync(look, abandon_on_cancel=True)
        except RuntimeError:  # no thread to be had
            return 0.0
        finally:
            gone.set()  # the session ends, and waits for no git
        took = self._now() - began
        self._slow = self._slow + 1 if count is None and took >= SECONDS else 0
        # Trust may have been withdrawn meanwhile.
        self._changed = bool(count)
        if self.seen != before:
            self._on_change()
        return took
