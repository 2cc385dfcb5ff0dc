"""The processes of one command in bubblewrap: who they are, and how they end.

They cannot be reached through the process group of the command: bubblewrap's own process leads it,
and would take everything down with SIGKILL's haste if it got the SIGTERM that is meant for them.
"""

from __future__ import annotations

import os
import re
import select
import signal
from functools import partial

from qwen_dual.fs import proc

START_SECONDS = 10.0
END_SECONDS = 0.2
MAX_STATUS = 4096
_CHILD = re.compile(rb'"child-pid": (\d+)')
_EXIT = re.compile(rb'"exit-code": (\d+)')


class Namespace:
    """A process namespace; its first process is bubblewrap's, and everything ends with it.

    Args:
        status: the descriptor that bubblewrap tells of the start and the end; becomes its own.

    Attributes:
        pid: of the first process; 0 where bubblewrap has failed.
    """

    def __init__(self, status: int) -> None:
        self._status = status
        self._told = b""
        self._first: int | None = None
        self.pid = 0
        self._id = ""
        os.set_blocking(status, False)
        while not (found := _CHILD.search(self._told)):
            if not select.select([status], [], [], START_SECONDS)[0] or not self._read():
                return  # bubblewrap has failed, and says so on stderr
        self.pid = int(found[1])
        try:
            self._first = os.pidfd_open(self.pid)
            self._id = proc.namespace_of(self.pid)
        except OSError:
            pass  # over already

    def began(self) -> bool:
        """Whether the command was run at all; right once bubblewrap has ended."""
        while self._read():
            pass
        return _EXIT.search(self._told) is not None

    def alive(self) -> bool:
        """Whether anything still runs in it."""
        return self._first is not None and not select.select([self._first], [], [], 0)[0]

    def over(self) -> bool:
        """Whether nothing runs in it; waits a moment for a first process that is left alone."""
        if self._first is None or not self.alive():
            return True
        return not self.members() and bool(select.select([self._first], [], [], END_SECONDS)[0])

    def members(self) -> list[int]:
        """The processes in it but for the first."""
        if not self._id or not self.alive():
            return []
        return [pid for pid in proc.pids() if pid != self.pid and self._holds(pid)]

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to all members; SIGKILL to the first process, which ends all at once."""
        if number is signal.SIGKILL:
            if self._first is not None:
                _send(self._first, number)
            return
        for pid in self.members():
            proc.send_signal(pid, number, partial(self._holds, pid))

    def close(self) -> None:
        """Frees the status descriptor; the processes can still be asked after and ended."""
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
