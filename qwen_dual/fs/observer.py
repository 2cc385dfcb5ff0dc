"""The one place that imports watchdog; it is imported in a thread, and only when a file is watched.

Watches directories for names, since a file may be created, deleted and replaced meanwhile, and each
file for its contents: an events file beside it is written to all the time.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

if sys.platform == "linux":
    from watchdog.observers.inotify import InotifyEmitter, InotifyObserver, InotifyWatchGroup
    from watchdog.observers.inotify_c import InotifyConstants, Mask

    class _PromptEmitter(InotifyEmitter):
        # Without IN_MOVED_FROM: to pair a move, watchdog holds it back for 0.5 s, and with it
        # every later event of the directory (measured: 501 ms for an append after such a move).
        # Two watches, so that writes to the other files of the directory (our own events, most of
        # all) wake nobody: one of the directory for names, one of each file for its contents.
        def get_event_mask_from_filter(self) -> Mask:
            kinds = InotifyConstants
            if self.watch.is_file:
                return Mask(kinds.IN_MODIFY | kinds.IN_ATTRIB)
            return Mask(
                kinds.IN_CREATE | kinds.IN_DELETE | kinds.IN_MOVED_TO | kinds.IN_DELETE_SELF
            )

        # watchdog itself takes the directory in place of a file.
        def on_thread_start(self) -> None:
            watch = self.watch
            path = watch.resolved_path if watch.is_file else watch.path
            self._inotify = InotifyWatchGroup(
                self._inotify_fd, os.fsencode(path), event_mask=self.get_event_mask_from_filter()
            )

    class _PromptObserver(InotifyObserver):
        def __init__(self) -> None:
            super().__init__()
            self._emitter_class = _PromptEmitter

    _new_observer: Callable[[], BaseObserver] = _PromptObserver
else:
    _new_observer = Observer


class _Handler(FileSystemEventHandler):
    def __init__(
        self,
        files: frozenset[str],
        directories: frozenset[str],
        wake: Callable[[], None],
        renew: Callable[[str], None],
    ) -> None:
        self._files = files
        self._directories = directories
        self._wake = wake
        self._renew = renew

    def dispatch(self, event: FileSystemEvent) -> None:
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
        gone = event.event_type == "deleted" and source in self._directories
        if event.event_type == "created" and source in self._files:
            self._renew(source)
        if gone or source in self._files or target in self._files:
            self._wake()


class FileObserver:
    """Calls ``wake``, in a thread of its own, when something happens to one of ``files``.

    Args:
        files: absolute paths whose directories exist and are no symbolic links.
        wake: must be quick, may be called from any thread, and once for many changes.

    Raises:
        OSError: the system gives no watch (limits reached, unsupported file system).
    """

    def __init__(self, files: frozenset[str], wake: Callable[[], None]) -> None:
        directories = frozenset(os.path.dirname(file) for file in files)
        self._handler = _Handler(files, directories, wake, self._watch_contents)
        self._watches: dict[str, ObservedWatch] = {}
        self._observer = _new_observer()
        try:
            for directory in directories:
                self._observer.schedule(self._handler, directory)
            for file in files:
                self._watch_contents(file)
            self._observer.start()
        except OSError:
            self._observer.stop()
            raise

    def _watch_contents(self, file: str) -> None:
        """Watches the file that bears the name now; nothing to do while there is none."""
        if (old := self._watches.pop(file, None)) is not None:
            self._observer.unschedule(old)
        if os.path.isfile(file) and not os.path.islink(file):
            try:
                self._watches[file] = self._observer.schedule(self._handler, file)
            except FileNotFoundError:
                pass

    def alive(self) -> bool:
        """Whether its threads still run; one ends when its directory is deleted."""
        emitters = self._observer.emitters
        return self._observer.is_alive() and all(emitter.is_alive() for emitter in emitters)

    def stop(self) -> None:
        """Ends the watch; takes under a millisecond, since the last thread is not waited for."""
        self._observer.stop()
