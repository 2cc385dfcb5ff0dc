"""Sandboxes that are set up before their commands are there: for what bubblewrap costs, nobody waits.

It is bubblewrap as for any command, around a shell that waits at a pipe and becomes the command. It
is used only where a new one would come out the same. Three things are looked at for that: the view,
made anew for each command; the environment; and the mounts that the kernel lists for the one that
waits. What is deleted, replaced, moved or mounted in the meantime takes a mount away
from it, or adds one, and then it is thrown away.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Final

from qwen_dual.sandbox.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.sandbox.view import View

# Says that it is there, and is what it is told to be.
WAITING: Final = ("/bin/sh", "-c", "echo; . /dev/stdin")

MAX_ORDER = 1 << 16
"""Bytes; a longer command line than that gets a sandbox of its own, and its own error."""

LEAST: Final = 3
MOST: Final = 6
"""How many wait at the same time: models run commands by twos and threes, and some more than that."""

READY_SECONDS = 10.0
END_SECONDS = 1.0
MAX_MOUNTS = 1 << 22
_OURS = "QWEN_DUAL_"
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OF_SHELLS: Final = frozenset(
    ("IFS", "LINENO", "OPTIND", "PPID", "PS1", "PS2", "PS4", "UID", "EUID")
)
_ESCAPED = re.compile(rb"[ \t\n\\]")


class Spare:
    """One that waits.

    Args:
        popen: bubblewrap around ``WAITING``; its stdin is a pipe.
        status: the descriptor that it tells of its start; becomes its own.
        view: what it was made from.
        cwd: the folder that it waits in.
        env: its environment.

    Attributes:
        namespace: its processes.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        status: int,
        view: View,
        cwd: str,
        env: Mapping[str, str],
    ) -> None:
        self.namespace = Namespace(status)
        self._popen = popen
        self._view = view
        self._cwd = cwd
        self._env = env
        # At once: what changes from here on is seen.
        self._mounts = self._now() if self._is_set_up() else b""
        where = {line.split(b" ")[4] for line in self._mounts.splitlines()}
        if not all(_escaped(path) in where for path, _ in view.entries()):
            self._mounts = b""

    def fresh(self, view: View) -> bool:
        """Whether a new sandbox would come out the same."""
        return bool(self._mounts) and view == self._view and self._mounts == self._now()

    def knows(self, env: Mapping[str, str]) -> bool:
        """Whether it can have this environment."""
        changed = {name for name in env if env[name] != self._env.get(name)}
        changed |= self._env.keys() - env.keys()
        return all(name.startswith(_OURS) and _PLAIN_NAME.match(name) for name in changed)

    def suits(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> bool:
        """Whether it can become this command."""
        return 0 < len(self._order(argv, cwd, env)) <= MAX_ORDER

    def become(
        self, argv: Sequence[str], cwd: str, env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Runs the command; no longer a spare.

        Raises:
            OSError: somebody has ended it.
        """
        assert self._popen.stdin is not None
        order = memoryview(self._order(argv, cwd, env))
        with self._popen.stdin as pipe:
            while order:
                order = order[os.write(pipe.fileno(), order) :]
        self._popen.stdin = None
        return self._popen

    def end(self) -> None:
        """Ends it; ``reaped`` tells when that is done."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        self.namespace.send(signal.SIGKILL)
        self.namespace.close()
        if self._popen.stdout is not None:
            self._popen.stdout.close()

    def reaped(self, seconds: float = 0) -> bool:
        """Whether it has ended; waits so long for it."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _is_set_up(self) -> bool:
        assert self._popen.stdout is not None
        out = self._popen.stdout.fileno()
        return bool(select.select([out], [], [], READY_SECONDS)[0]) and os.read(out, 1) == b"\n"

    def _now(self) -> bytes:
        """Its mounts as the kernel lists them; empty where it has ended."""
        try:
            with open(f"/proc/{self.namespace.pid}/mountinfo", "rb") as file:
                return file.read(MAX_MOUNTS)
        except OSError:
            return b""

    def _order(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> bytes:
        """What the waiting shell reads; empty for what it cannot be told.

        It hands on its own environment, but for names that no shell knows or that mean something to
        it: ``env`` sets those.
        """
        if not self.knows(env) or argv[0][:1] == "-" or cwd[:1] != "/":
            return b""
        if any("\0" in word for word in (*argv, cwd, *env.values())):
            return b""  # the shell would read over it, and run another command than was shown
        # Braces: of an order that was cut short nothing is run.
        lines = ["{ exec <>/dev/null"]
        odd = [name for name in env if name in _OF_SHELLS or not _PLAIN_NAME.match(name)]
        ours = sorted(name for name in env if name.startswith(_OURS) and name not in odd)
        lines += [f"export {name}={shlex.quote(env[name])}" for name in ours]
        lines += [f"unset {name}" for name in sorted(self._env.keys() - env.keys())]
        if cwd != self._cwd:  # with the variables that bubblewrap would set, and no other
            lines += [f"cd -P -- {shlex.quote(cwd)} || exit", f"export PWD={shlex.quote(cwd)}"]
            before = env.get("OLDPWD")
            lines.append("unset OLDPWD" if before is None else f"OLDPWD={shlex.quote(before)}")
        setting = ["/usr/bin/env", *(f"{name}={env[name]}" for name in odd)] if odd else []
        lines += [f"exec {shlex.join([*setting, *argv])}", "}\n"]
        return os.fsencode("\n".join(lines))


class Spares:
    """Those that wait, each for one command; may be used from any thread.

    ``LEAST``, and one more whenever a command came at the same moment as others and found none left: a model
    that runs several at once will do so again. At the most ``MOST``, as each is three processes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Spare] = []
        self._wanted = LEAST
        self._ending: list[Spare] = []
        self._env: Mapping[str, str] | None = None
        self._closed = False

    @property
    def none(self) -> bool:
        """Whether none waits; one that is being made is waited for."""
        with self._lock:
            return not self._waiting

    def note(self, env: Mapping[str, str], *, beside_others: bool) -> None:
        """Notes that a command comes, so that the next are made for ``env``.

        Args:
            env: its environment.
            beside_others: whether another command runs.
        """
        with self._lock:
            self._env = env
            if not self._waiting and beside_others:
                self._wanted = min(self._wanted + 1, MOST)

    def take(
        self, view: View, argv: Sequence[str], cwd: str, env: Mapping[str, str]
    ) -> Spare | None:
        """One that can become this command, if there is one.

        Args:
            view: what the command may see.
            argv: the command.
            cwd: the folder it starts in.
            env: its environment.
        """
        with self._lock:
            while self._waiting:
                spare = self._waiting[0]
                fresh = spare.fresh(view)
                if fresh and not spare.suits(argv, cwd, env):
                    return None
                del self._waiting[0]
                if fresh:
                    return spare
                self._end(spare)
            return None

    def make(
        self,
        make: Callable[[View, Mapping[str, str]], Spare],
        view: View,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Has those made that are missing, for ``env``, or for that of the last command."""
        for _ in range(MOST):
            # Each by itself: a command that comes meanwhile waits for one to be made, not for all.
            with self._lock:
                if not self._make_one(make, view, env):
                    return

    def _make_one(
        self,
        make: Callable[[View, Mapping[str, str]], Spare],
        view: View,
        env: Mapping[str, str] | None,
    ) -> bool:
        self._ending = [spare for spare in self._ending if not spare.reaped()]
        env = self._env if env is None else env
        if env is None or self._closed:
            return False
        kept = [spare for spare in self._waiting if spare.fresh(view) and spare.knows(env)]
        for spare in self._waiting:
            if spare not in kept:
                self._end(spare)
        self._waiting = kept
        if len(kept) >= self._wanted:
            return False
        kept.append(make(view, env))
        return True

    def close(self) -> None:
        """Ends them; none is made any more."""
        with self._lock:
            self._closed = True
            for spare in self._waiting:
                self._end(spare)
            self._waiting = []
            for spare in self._ending:
                spare.reaped(END_SECONDS)

    def _end(self, spare: Spare) -> None:
        spare.end()
        self._ending.append(spare)


def waiting(
    argv: Sequence[str], env: Mapping[str, str], descriptors: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Starts ``argv``, which is bubblewrap around ``WAITING``, as commands are started."""
    return subprocess.Popen(
        argv,
        cwd="/",
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=descriptors,
        bufsize=0,
    )


def _escaped(path: str) -> bytes:
    """As it is written in mountinfo."""
    return _ESCAPED.sub(lambda found: b"\\%03o" % ord(found[0]), os.fsencode(path))
