"""How the events of a program come that is started here to be looked at, whatever program it is.

qwen-dual is given a descriptor: nobody else can find it. Any other is given a FIFO by its path, since its
launcher need not pass a descriptor on to what it starts, and Qwen Code's does not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from qwen_dual.host.channels import is_ours

if TYPE_CHECKING:
    from collections.abc import Sequence


class EventPipe:
    """The way from a program to here, made before it is started.

    Args:
        command: the program and its arguments.

    Attributes:
        fd: what its events are read from, without blocking; -1 once this is closed.
        arguments: what it is to be started with besides.
        pass_fds: the descriptors that it inherits.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._folder = ""
        if is_ours(command):
            self.fd, self._held = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self.fd, False)
            self.arguments = ("--json-fd", str(self._held))
            self.pass_fds: tuple[int, ...] = (self._held,)
            return
        self._folder = tempfile.mkdtemp(prefix="qwen-dual-events-")  # mode 0700
        path = os.path.join(self._folder, "events")
        os.mkfifo(path, 0o600)
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        # Until somebody has opened the other side, this one would look as if it were at its end.
        self._held = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        self.arguments = ("--json-file", path)
        self.pass_fds = ()

    def spawned(self) -> None:
        """Lets go of what the program has now: when that ends, so does what is read."""
        if not self._folder:
            self._let_go()

    def ended(self) -> None:
        """The program has ended: what is read does when nothing that it started holds on to it."""
        self._let_go()

    def close(self) -> None:
        """Lets go of everything; idempotent."""
        self._let_go()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _let_go(self) -> None:
        if self._held >= 0:
            os.close(self._held)
            self._held = -1
