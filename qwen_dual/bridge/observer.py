"""The one place that imports watchdog; ``watch`` imports it in a thread, when a file is watched.

Watches directories, not files, since a file may be created, deleted and replaced meanwhile.
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
    from watchdog.observers.api import BaseObserver

if sys.platform == "linux":
    from watchdog.observers.inotify import InotifyEmitter, InotifyObserver
    from watchdog.observers.inotify_c import InotifyConstants, Mask

    class _PromptEmitter(InotifyEmitter):
        # Without IN_MOVED_FROM: to pair a move, watchdog holds it back for 0.5 s, and with it
        # every later event of the directory (measured: 501 ms for an append after such a move).
        def get_event_mask_from_filter(self) -> Mask:
            return Mask(
                InotifyConstants.IN_MODIFY
                | InotifyConstants.IN_ATTRIB
                | InotifyConstants.IN_CREATE
                | InotifyConstants.IN_DELETE
                | InotifyConstants.IN_MOVED_TO
                | InotifyConstants.IN_DELETE_SELF
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
        self, files: frozenset[str], directories: frozenset[str], wake: Callable[[], None]
    ):
        self._files = files
        self._directories = directories
        self._wake = wake

    def dispatch(self, event: FileSystemEvent) -> None:
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
        gone = event.event_type == "deleted" and source in self._directories
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
        handler = _Handler(files, directories, wake)
        self._observer = _new_observer()
        try:
            for directory in directories:
                self._observer.schedule(handler, directory)
            self._observer.start()
        except OSError:
            self._observer.stop()
            raise

    def alive(self) -> bool:
        """Whether its threads still run; one ends when its directory is deleted."""
        emitters = self._observer.emitters
        return self._observer.is_alive() and all(emitter.is_alive() for emitter in emitters)

    def stop(self) -> None:
        """Ends the watch; takes under a millisecond, since the last thread is not waited for."""
        self._observer.stop()
