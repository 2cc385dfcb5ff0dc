"""One command in the sandbox, from being put together to being started."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from qwen_dual.sandbox import seccomp
from qwen_dual.sandbox.keyring import leave_keyring
from qwen_dual.sandbox.namespace import Namespace

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from qwen_dual.sandbox.guarded import Watch
    from qwen_dual.sandbox.landlock import Ruleset
    from qwen_dual.sandbox.spare import Spare

T = TypeVar("T")

_LAST_SIGNAL = 31


class Confinement(Struct):
    """One command, ready to be started in the sandbox.

    Attributes:
        argv: what to start instead.
        env: its whole environment.
        descriptors: what it has to inherit.
        watch: tells what it made, once it has ended; None where it can make nothing.
        began: called once: with its processes, or with None when it could not be started.
        status: the descriptor that bubblewrap tells of its start and its end.
        rules: entered for it.
        filtered: whether its system calls are; bubblewrap does that by itself.
        spare: the sandbox that waits for it.
        cwd: the folder that it starts in there.
        order: the pipe at which bubblewrap waits to be told what it shows.
        look: looks what that is; called once bubblewrap is on its way.
    """

    argv: Sequence[str]
    env: dict[str, str]
    descriptors: tuple[int, ...] = ()
    watch: Watch | None = None
    began: Callable[[Namespace | None], object] | None = None
    status: int | None = None
    rules: Ruleset | None = None
    filtered: bool = False
    spare: Spare | None = None
    cwd: str = ""
    order: int | None = None
    look: Callable[[], bytes] = bytes

    def start(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """Calls ``start``, which starts the process, with the rights that it shall have.

        Landlock, keyrings and filters are a thread's, and of what it starts: one is made for it, so that nothing
        has to run between fork and exec.

        Raises:
            SandboxUnavailable: the kernel refuses.
            Exception: what ``start`` raises.
        """
        if self.spare is not None:
            return self.spare.become(self.argv, self.cwd, self.env)
        try:
            popen = in_thread(self._give_up, start)
        finally:
            for descriptor in self.descriptors:
                os.close(descriptor)
            if self.rules is not None:
                self.rules.close()
        if self.order is not None:
            self._give_order(popen, self.order)
        return popen

    def _give_up(self) -> None:
        leave_keyring()
        if self.rules is not None:
            self.rules.enter()
        if self.filtered:
            seccomp.enter()

    def namespace(self, *, found: bool = True) -> Namespace | None:
        """The processes' namespace, once started; None for Landlock.

        Args:
            found: whether it is waited for; else the caller asks it to ``find`` them.
        """
        status, self.status = self.status, None
        if self.spare is not None:
            namespace = self.spare.namespace
        elif status is not None:
            namespace = Namespace(status)
        else:
            return None
        if found:
            namespace.find()
        self._notify(namespace)
        return namespace

    def close(self) -> None:
        """Frees what a command that could not be started leaves."""
        if self.order is not None:
            os.close(self.order)
            self.order = None
        if self.status is not None:
            os.close(self.status)
            self.status = None
        if self.spare is not None:
            self.spare.end()
        self._notify(None)

    def _give_order(self, popen: subprocess.Popen[bytes], pipe: int) -> None:
        try:
            order = memoryview(self.look())
            while order:
                order = order[os.write(pipe, order) :]
        except BrokenPipeError:
            pass  # bubblewrap has failed, and says why on stderr
        except BaseException:
            popen.kill()
            with popen:  # reaps it and closes its pipes
                raise
        self.order = None
        os.close(pipe)

    def _notify(self, namespace: Namespace | None) -> None:
        began, self.began = self.began, None
        if began is not None:
            began(namespace)


def returncode(code: int | None) -> int | None:
    """A status of bubblewrap as that of the command: minus a signal's number in place of 128 more.

    A shell that ends with 128 and more because of its own last command looks the same.
    """
    if code is not None and 128 < code <= 128 + _LAST_SIGNAL:
        try:
            return -signal.Signals(code - 128)
        except ValueError:
            return code
    return code


def in_thread(first: Callable[[], object], then: Callable[[], T]) -> T:
    """Calls both on a thread that ends afterwards; raises what they raise."""
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            first()
            results.append(then())
        except Exception as error:  # noqa: BLE001 - raised again on the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
