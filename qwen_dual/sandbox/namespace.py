"""The processes of one command in bubblewrap: who they are, and how they end.

They cannot be reached through the process group of the command: bubblewrap's own process leads it,
and would take everything down with SIGKILL's haste if it got the SIGTERM that is meant for them.
"""

from __future__ import annotations

import os
import re
import select
import signal
import threading
from functools import partial

from qwen_dual.fs import proc

START_SECONDS = 10.0
END_SECONDS = 0.2
MAX_STATUS = 4096
_CHILD = re.compile(rb'"child-pid": (\d+)')
_OWN = re.compile(rb'"pid-namespace": (\d+)')
_EXIT = re.compile(rb'"exit-code": (\d+)')


class Namespace:
    """A process namespace; its first process is bubblewrap's, and everything ends with it.

    May be used from any thread.

    Args:
        status: the descriptor that bubblewrap tells of the start and the end; becomes its own.
    """

    def __init__(self, status: int) -> None:
        self._lock = threading.Lock()
        self._status = status
        self._told = b""
        self._first: int | None = None
        self._pid = 0
        self._id = ""
        self._sought = False
        os.set_blocking(status, False)

    @property
    def pid(self) -> int:
        """Of the first process; 0 where bubblewrap has failed."""
        self.find()
        return self._pid

    def find(self) -> None:
        """Takes hold of the first process, once; waits until it is there.

        To be called before bubblewrap is reaped: later the number can be another process's.
        While it sets the sandbox up every wake-up of ours costs it time.
        """
        with self._lock:
            if not self._sought:
                self._sought = self._find()

    def _find(self) -> bool:
        """Whether there is nothing more to wait for."""
        while not (found := _CHILD.search(self._told)):
            status = self._status
            if status < 0:
                return True
            if not select.select([status], [], [], START_SECONDS)[0]:
                return False
            if not self._read():
                return True  # bubblewrap has failed, and says so on stderr
        pid = int(found[1])
        try:
            first = os.pidfd_open(pid)
        except OSError:
            return True  # over already
        while self._read():
            pass
        self._pid, self._id = pid, proc.namespace_of(pid)
        own = _OWN.search(self._told)
        if own is not None and self._id not in ("", f"pid:[{own[1].decode()}]"):
            os.close(first)  # over, and the number is another's
            self._pid, self._id = 0, ""
        else:
            self._first = first
        return True

    def began(self) -> bool:
        """Whether the command was run at all; right once bubblewrap has ended."""
        self.find()
        with self._lock:
            while self._read():
                pass
            return _EXIT.search(self._told) is not None

    def alive(self) -> bool:
        """Whether anything still runs in it."""
        self.find()
        return self._first is not None and not select.select([self._first], [], [], 0)[0]

    def over(self) -> bool:
        """Whether nothing runs in it; waits a moment for a first process that is left alone."""
        if not self.alive() or self._first is None:
            return True
        return not self.members() and bool(select.select([self._first], [], [], END_SECONDS)[0])

    def members(self) -> list[int]:
        """The processes in it but for the first."""
        if not self.alive() or not self._id:
            return []
        return [pid for pid in proc.pids() if pid != self._pid and self._holds(pid)]

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to all members; SIGKILL to the first process, which ends all at once."""
        if number is signal.SIGKILL:
            self.find()
            if self._first is not None:
                _send(self._first, number)
            return
        for pid in self.members():
            proc.send_signal(pid, number, partial(self._holds, pid))

    def close(self) -> None:
        """Frees the status descriptor; the processes can still be asked after and ended."""
        with self._lock:
            if self._status >= 0:
                os.close(self._status)
                self._status = -1

    def __del__(self) -> None:
        self.close()
        if self._first is not None:
            os.close(self._first)

    def _holds(self, pid: int) -> bool:
        return proc.namespace_of(pid) == self._id

    def _read(self) -> bool:
        try:
            data = os.read(self._status, MAX_STATUS)
        except OSError:
            return False
        self._told = (self._told + data)[-MAX_STATUS:]
        return bool(data)


def _send(descriptor: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(descriptor, number)
    except OSError:
        pass  # it has ended
