"""What ``@`` completes: the workspace's paths, looked for in a thread, searched without a wait.

Owns when the paths are listed anew, how long a key may search and how long a host waits. ``core.text.fuzzy`` says what fits,
``file_listing`` what there is.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from qwen_dual.core import threads
from qwen_dual.core.commands.questions import Choice
from qwen_dual.core.text.fuzzy import Corpus, Search
from qwen_dual.tools.calls import in_thread
from qwen_dual.tools.file_listing import MAX_ENTRIES, list_paths
from qwen_dual.tools.filters import ALL

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.tools.filters import Filters

log = logging.getLogger(__name__)

KEY_SECONDS = 0.002
"""How long one call may search; a thread goes on from there."""

STALE_SECONDS = 3.0
"""What was listed longer ago is listed anew when somebody asks."""

LISTING_SECONDS = 1.0
"""How long ``find`` waits for the first listing."""

_THREAD_SLICE = 0.02  # after so many seconds the thread looks whether it is still waited for

REST = 10
"""Times the listing's own duration that pass before the next: a large tree is listed less often."""


class FileIndex:
    """The paths of one workspace. ``run`` has to run; the rest belongs on the loop's thread.

    Nothing is listed before the first question.

    Args:
        root: the workspace.
        env: the session's environment, now, for git.
        most: paths beyond which none are listed.
        trusted: whether the person trusts the folder by now, so that git may be asked.
        now: a monotonic clock in seconds.

    Attributes:
        on_change: called, on any thread, when the answer to the last question may have changed.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        env: Callable[[], Mapping[str, str]],
        *,
        most: int = MAX_ENTRIES,
        filters: Filters = ALL,
        recursive: bool = True,
        trusted: Callable[[], bool] = lambda: False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.on_change: Callable[[], object] = lambda: None
        self._root = os.path.realpath(root)
        self._env = env
        self._most = most
        self._filters = filters
        self._recursive = recursive
        self._trusted = trusted
        self._now = now
        self._listed: list[str] = []
        self._corpus = Corpus(())
        self._search: Search | None = None
        self._in_thread: Search | None = None
        self._fresh_until = float("-inf")
        self._list = anyio.Event()
        self._listed_once = anyio.Event()
        self._go_on = anyio.Event()
        self._running = False
        self._finding = anyio.Lock()
        self._found: Search | None = None

    def suggest(self, query: str, limit: int) -> Sequence[Choice]:
        """The paths that fit ``query`` best, from what is known so far; at once.

        Args:
            query: letters of a path, in order; empty for what lies in the workspace itself.
            limit: how many at the most.

        Returns:
            Paths relative to the workspace; a folder's ends in a slash. They are as the disk has
            them, so a blank in one is to be escaped for a prompt.
        """
        if self._now() >= self._fresh_until:
            self._list.set()
        if not query:
            self._search = None
            return self._top(limit)
        search = self._search_for(query)
        if search is not self._in_thread and not search.run(KEY_SECONDS):
            self._go_on.set()
        return [Choice(_plain(path)) for path in search.best(limit)]

    async def find(self, query: str, limit: int) -> tuple[Sequence[Choice], bool]:
        """The same for who can wait: nothing is searched on the loop's thread, one query at a time.

        Returns:
            The paths, and whether they are of all there are: a large folder may still be listed.
        """
        if self._now() >= self._fresh_until:
            self._list.set()
        with anyio.move_on_after(LISTING_SECONDS):
            await self._listed_once.wait()
        if not query:
            return self._top(limit), self._listed_once.is_set()
        async with self._finding:
            search = Search(self._corpus, query, self._found)

            def run() -> list[str]:
                search.run()
                return search.best(limit)

            paths = await threads.in_thread(run)
            self._found = search
        return [Choice(_plain(path)) for path in paths], self._listed_once.is_set()

    async def run(self) -> None:
        """Lists and searches what was asked for, until cancelled; at once if it runs already."""
        if self._running:
            return
        self._running = True
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._keep_listing)
                group.start_soon(self._keep_searching)
        finally:
            self._running = False

    def _top(self, limit: int) -> list[Choice]:
        return [Choice(_plain(path)) for path in self._listed[:limit] if _is_top(path)]

    def _search_for(self, query: str) -> Search:
        last, corpus = self._search, self._corpus
        if last is None or last.query != query or last.corpus is not corpus:
            self._search = Search(corpus, query, last)
        assert self._search is not None
        return self._search

    async def _keep_listing(self) -> None:
        while True:
            await self._list.wait()
            began = self._now()
            # Whoever asks meanwhile gets what is there, and does not start another.
            self._fresh_until = float("inf")
            try:
                await in_thread(self._list_all)
            except Exception:  # no thread to be had, or a folder such as nobody has foreseen
                log.exception("the files of %s could not be listed", self._root)
            took = self._now() - began
            self._fresh_until = self._now() + max(STALE_SECONDS, REST * took)
            self._list = anyio.Event()
            self._listed_once.set()

    def _list_all(self, gone: threading.Event) -> None:
        first = not self._listed

        def news(paths: list[str]) -> None:
            if first:
                self._set_paths(paths)

        paths = list_paths(
            self._root,
            gone,
            env=self._env(),
            news=news,
            most=self._most,
            filters=self._filters,
            recursive=self._recursive,
            trusted=self._trusted(),
        )
        if not gone.is_set() and paths != self._listed:
            self._set_paths(paths)

    def _set_paths(self, paths: list[str]) -> None:
        corpus = Corpus(paths)
        self._listed, self._corpus = paths, corpus
        self.on_change()

    async def _keep_searching(self) -> None:
        while True:
            await self._go_on.wait()
            self._go_on = anyio.Event()
            while (search := self._search) is not None and not search.finished:
                # In slices: one that nobody waits for any more is given up.
                self._in_thread = search
                try:
                    await to_thread.run_sync(search.run, _THREAD_SLICE)
                except Exception:
                    log.exception("the search for %r was given up", search.query)
                    break
                finally:
                    self._in_thread = None
            self.on_change()


def _is_top(path: str) -> bool:
    return "/" not in path[:-1]


def _plain(path: str) -> str:
    # A tilde at the start of a mention stands for the home folder.
    return f"./{path}" if path.startswith("~") else path
