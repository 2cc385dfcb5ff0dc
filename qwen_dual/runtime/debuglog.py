"""The debug logs: where tracebacks go, since none may reach a person. Each session has its own.

Which session a record is about is told by the context that it is made in: tasks and the threads that
they start inherit it. What is made outside of any is the only session's, and where there are several
the process's. A file is made with its first record, so that a quiet session leaves none.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.home import qwen_home
from qwen_dual.net.imports import Later, PatternsLater
from qwen_dual.runtime.process import environment


class _Formats:
    """Of ``string``: what logging would read formats with that are not in percent signs."""

    def __init__(self, *text: str) -> None:
        self._text = text

    def __getattr__(self, name: str) -> Any:
        import string

        return getattr(string.Template(*self._text) if self._text else string.Formatter(), name)


# For the text of tracebacks, and for formats of other kinds than ours.
_strings = {"string": {"Template": _Formats, "Formatter": _Formats}}
with Later("linecache", "textwrap", "traceback", known=_strings), PatternsLater("logging"):
    import logging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import TextIOWrapper

log = logging.getLogger(__name__)

# Nothing is wrong with it, and to be told so costs a pattern.
_FORMAT = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", validate=False)

_CURRENT: ContextVar[SessionLog | None] = ContextVar("session_log", default=None)


class DebugLog(logging.FileHandler):
    """Appends to ``<qwen home>/debug/<name>.txt``, private to the user.

    Args:
        home: the user's settings folder.
        name: of the file.
        scrub: takes secrets out of what is written.
    """

    def __init__(self, home: str, name: str, scrub: Callable[[str], str] = str) -> None:
        path = os.path.join(home, "debug", f"{name}.txt")
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)
        self._scrub = scrub
        self.setFormatter(_FORMAT)

    def _open(self) -> TextIOWrapper:
        from qwen_dual.fs.private import open_checked, owner_problem

        os.makedirs(os.path.dirname(self.baseFilename), mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        fd = open_checked(self.baseFilename, flags, owner_problem)
        return open(fd, "a", encoding="utf-8", errors="backslashreplace")

    def format(self, record: logging.LogRecord) -> str:
        """The record's text, tracebacks included, without secrets."""
        return self._scrub(super().format(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record; a log that cannot be opened loses it, never the session."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def close(self) -> None:
        """Closes the file; what a full disk did not take is lost, never the session."""
        with suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:
        """Stays silent: a full disk must not print into the UI."""


class SessionLog(DebugLog):
    """The log of one session; ``open_log`` makes one, and ``close`` ends it.

    Attributes:
        scrub: takes the session's secrets out of a text.
    """

    def __init__(
        self, home: str, session_id: str, scrub: Callable[[str], str] = str, *, verbose: bool
    ) -> None:
        super().__init__(home, session_id, scrub)
        self.scrub = scrub
        self.setLevel(logging.DEBUG if verbose else logging.WARNING)

    @property
    def path(self) -> str:
        """The file; there may be none yet."""
        return self.baseFilename

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within, what the calling task makes, and what it starts, belongs to the session."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    def follow(self, session_id: str) -> None:
        """Goes on in the file of another session, which took the place of this one."""
        self.acquire()
        try:
            super().close()  # the next record opens it
            self.baseFilename = os.path.join(os.path.dirname(self.path), f"{session_id}.txt")
        finally:
            self.release()

    def close(self) -> None:
        """Ends it: closes the file, and a record that comes later is nobody's."""
        _ROUTER.remove(self)
        super().close()


class _Router(logging.Handler):
    """Hands each record to the log that it belongs to; on the root logger while there is any."""

    def __init__(self) -> None:
        super().__init__()
        self._changing = threading.Lock()
        self._logs: dict[SessionLog, None] = {}
        self._before = logging.WARNING  # the level of the root logger
        self._of_process: DebugLog | None = None

    def add(self, log: SessionLog) -> None:
        with self._changing:
            self._logs[log] = None
            root = logging.getLogger()
            if len(self._logs) == 1:
                self._before = root.level
                root.addHandler(self)
                logging.captureWarnings(True)
            root.setLevel(min(log.level for log in self._logs))

    def remove(self, log: SessionLog) -> None:
        with self._changing:
            if log not in self._logs:
                return
            del self._logs[log]
            root = logging.getLogger()
            root.setLevel(min((log.level for log in self._logs), default=self._before))
            if not self._logs:
                root.removeHandler(self)
                logging.captureWarnings(False)
                if self._of_process is not None:
                    self._of_process.close()
                    self._of_process = None

    def emit(self, record: logging.LogRecord) -> None:
        log = _CURRENT.get()
        if log is None:
            self._of_nobody(record)
        elif log in self._logs and record.levelno >= log.level:
            log.handle(record)

    def _of_nobody(self, record: logging.LogRecord) -> None:
        logs = list(self._logs)
        if len(logs) == 1:
            if record.levelno >= logs[0].level:
                logs[0].handle(record)
        elif logs and record.levelno >= logging.WARNING:
            if self._of_process is None:
                home = qwen_home(environment())
                self._of_process = DebugLog(home, f"process-{os.getpid()}", self.scrub)
            self._of_process.handle(record)

    def scrub(self, text: str) -> str:
        """Whose secrets are in it is not known."""
        for log in self._logs:
            text = log.scrub(text)
        return text


_ROUTER = _Router()


def open_log(
    home: str,
    session_id: str,
    *,
    verbose: bool,
    scrub: Callable[[str], str] = str,
) -> SessionLog:
    """The log of a session, which records reach once it is entered.

    Args:
        home: the user's settings folder.
        session_id: the session's.
        verbose: whether all is logged, not only what went wrong.
        scrub: takes the session's secrets out.
    """
    log = SessionLog(home, session_id, scrub, verbose=verbose)
    _ROUTER.add(log)
    return log


def log_outside(text: str, error: BaseException) -> str:
    """Writes down what failed where no session goes on; the file."""
    log = DebugLog(qwen_home(environment()), f"process-{os.getpid()}", _ROUTER.scrub)
    traceback = type(error), error, error.__traceback__
    log.handle(logging.LogRecord(__name__, logging.ERROR, "", 0, text, None, traceback))
    log.close()
    return log.baseFilename


def log_unhandled() -> None:
    """Has what nobody handles, in a thread or where an object is given up, logged and not printed.

    Python would say it on stderr, traceback and all, and that is the screen.
    """

    def of_thread(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None and failed.exc_type is not SystemExit:
            name = failed.thread.name if failed.thread is not None else "a thread"
            log.error("%s failed", name, exc_info=failed.exc_value)

    def ignored(failed: sys.UnraisableHookArgs) -> None:
        told = failed.err_msg or "Exception ignored in"
        log.error("%s: %r", told, failed.object, exc_info=failed.exc_value)

    threading.excepthook, sys.unraisablehook = of_thread, ignored
