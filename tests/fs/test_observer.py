"""What a watch does at its edges: while it ends, and when the system gives no more."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, Mask, WatchDescriptor

from qwen_dual.fs.observer import FileObserver

if TYPE_CHECKING:
    from pathlib import Path


def created(observer: FileObserver, name: str) -> InotifyEvent:
    """What the system tells when a watched folder gets a file."""
    (folder,) = observer._directories
    return InotifyEvent(
        WatchDescriptor(folder), Mask(InotifyConstants.IN_CREATE), 0, os.fsencode(name)
    )


def test_an_event_that_is_told_while_the_watch_ends_asks_for_no_more(tmp_path: Path) -> None:
    path = tmp_path / "input"
    observer = FileObserver(frozenset({str(path)}), lambda: None)
    event = created(observer, "input")
    path.write_bytes(b"")
    observer.stop()
    observer.on_event(event)
    assert not observer.alive()


def test_a_watch_that_gets_no_more_says_so_and_wakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "input"
    woken: list[str] = []
    observer = FileObserver(frozenset({str(path)}), lambda: woken.append("woken"))

    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    try:
        assert observer.alive()
        monkeypatch.setattr(observer._inotify, "add_callback", refuse)
        path.write_bytes(b"")
        observer.on_event(created(observer, "input"))
        assert not observer.alive()
        assert woken
    finally:
        observer.stop()
