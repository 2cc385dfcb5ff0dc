"""The one place that imports watchdog; it is imported in a thread, and only when a file is watched.

Watches directories for names, since a file may be created, deleted and replaced meanwhile, and each
file for its contents: an events file beside it is written to all the time.

On Linux watchdog's reader of inotify is asked directly. Its observer takes a thread a watch, watches
a directory in place of a file, and holds back for 0.5 s whatever follows a move (measured: 501 ms for
an append after one).
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

END_SECONDS = 1.0
"""How long its thread may take to end; it is microseconds unless the machine is overloaded."""

if sys.platform == "linux":
    from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyFD, Mask

    if TYPE_CHECKING:
        from watchdog.observers.inotify_c import InotifyEvent, WatchDescriptor

    _ID = CallbackId(0)  # whose watch it is, of those on one file: there are no others here
    _NAMES = Mask(
        InotifyConstants.IN_CREATE
        | InotifyConstants.IN_DELETE
        | InotifyConstants.IN_MOVED_TO
        | InotifyConstants.IN_DELETE_SELF
    )
    _CONTENTS = Mask(InotifyConstants.IN_MODIFY | InotifyConstants.IN_ATTRIB)

    class FileObserver:
        """Calls ``wake``, in a thread of its own, when something happens to one of ``files``.

        Args:
            files: absolute paths whose directories exist and are no symbolic links.
            wake: must be quick, may be called from any thread, and once for many changes.

        Raises:
            OSError: the system gives no watch (limits reached, unsupported file system).
        """

        def __init__(self, files: frozenset[str], wake: Callable[[], None]) -> None:
            self._wake = wake
            self._directories: dict[WatchDescriptor, bytes] = {}
            self._files = {os.fsencode(file) for file in files}
            self._contents: dict[bytes, WatchDescriptor] = {}
            # Of the watches of files, which are renewed in the thread.
            self._lock = threading.Lock()
            self._whole = True
            self._stopped = False
            self._inotify = InotifyFD()
            self._inotify.start()
            try:
                for directory in {os.path.dirname(file) for file in self._files}:
                    self._directories[self._add(directory, _NAMES)] = directory
                for file in self._files:
                    self._watch_contents(file)
            except OSError:
                self.stop()
                raise

        def alive(self) -> bool:
            """Whether it sees everything; not after one of the directories was deleted."""
            return self._whole and self._inotify.is_alive()

        def stop(self) -> None:
            """Ends the watch; the thread is gone behind it, in under a millisecond."""
            with self._lock:  # what its thread may be renewing is in the middle of it
                self._stopped = True
            self._inotify.stop()
            self._inotify.join(END_SECONDS)

        def on_event(self, event: InotifyEvent) -> None:
            """What inotify says, in its thread."""
            if event.name:
                directory = self._directories.get(event.wd, b"")
                file = os.path.join(directory, event.name)
                if file not in self._files:
                    return
                if event.is_create or event.is_moved_to:
                    try:
                        self._watch_contents(file)
                    except OSError:  # the limit of watches, or no leave: who asked looks by itself
                        self._whole = False
            self._wake()

        def on_watch_deleted(self, wd: WatchDescriptor) -> None:
            """What was watched is gone, or the watch was stopped."""
            if wd in self._directories and not self._stopped:
                self._whole = False
                self._wake()

        def on_queue_overflow(self) -> None:
            """More happened than the kernel keeps: any file may have changed."""
            self._wake()

        def _watch_contents(self, file: bytes) -> None:
            """Watches the file that bears the name now; nothing to do while there is none."""
            with self._lock:
                if self._stopped:
                    return
                if (old := self._contents.pop(file, None)) is not None:
                    self._inotify.remove_callbacks([(old, _ID)])
                if os.path.isfile(file) and not os.path.islink(file):
                    try:
                        self._contents[file] = self._add(file, _CONTENTS)
                    except FileNotFoundError:
                        pass

        def _add(self, path: bytes, mask: Mask) -> WatchDescriptor:
            wd = self._inotify.add_callback(path, mask, self, _ID)
            if wd < 0:  # watchdog tells of every error but this one
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fsdecode(path))
            return wd

else:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers import Observer

    if TYPE_CHECKING:
        from watchdog.events import FileSystemEvent

    class _Handler(FileSystemEventHandler):
        def __init__(
            self, files: frozenset[str], directories: set[str], wake: Callable[[], None]
        ) -> None:
            self._files = files
            self._directories = directories
            self._wake = wake

        def dispatch(self, event: FileSystemEvent) -> None:
            source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
            gone = event.event_type == "deleted" and source in self._directories
            if gone or source in self._files or target in self._files:
                self._wake()

    class FileObserver:
        """The same by watchdog's own observer, of the directories alone."""

        def __init__(self, files: frozenset[str], wake: Callable[[], None]) -> None:
            directories = {os.path.dirname(file) for file in files}
            handler = _Handler(files, directories, wake)
            self._observer = Observer()
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
            """Ends the watch."""
            self._observer.stop()
