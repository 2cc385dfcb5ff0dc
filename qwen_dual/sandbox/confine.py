"""Puts commands into the sandbox that is asked for; finds out once whether it can be had.

``Sandbox`` is for all programs that are started for a model: the shell's commands now, MCP servers
and hooks as they come.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field

from qwen_dual.sandbox import bubblewrap
from qwen_dual.sandbox.guarded import Watch, guarded_paths, scan
from qwen_dual.sandbox.hidden import WITHHELD, candidates, homes, present, within
from qwen_dual.sandbox.namespace import Namespace
from qwen_dual.sandbox.policy import SandboxUnavailable
from qwen_dual.sandbox.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qwen_dual.sandbox.landlock import Ruleset
    from qwen_dual.sandbox.policy import SandboxPolicy

T = TypeVar("T")

MARK = "QWEN_DUAL_SANDBOX"
"""The variable that tells a command which sandbox it is in."""

_SHOWN = ("/etc/resolv.conf", "/run/current-system", "/run/opengl-driver", "/run/wrappers")
_LAST_SIGNAL = 31


class Confinement(Struct):
    """One command, ready to be started in the sandbox.

    Attributes:
        argv: what to start instead.
        env: its whole environment.
        descriptors: what it has to inherit.
    """

    argv: Sequence[str]
    env: dict[str, str]
    descriptors: tuple[int, ...] = ()
    watch: Watch | None = None
    _began: Callable[[Namespace], object] = bool
    _status: int | None = None
    _rules: Ruleset | None = None

    def start(self, start: Callable[[], T]) -> T:
        """Calls ``start``, which starts the process, with the rights that it shall have.

        Landlock restricts a thread and what it starts: one is made for it, so that nothing has to
        run between fork and exec.

        Raises:
            SandboxUnavailable: the kernel refuses.
            Exception: what ``start`` raises.
        """
        try:
            return start() if self._rules is None else _in_thread(self._rules.enter, start)
        finally:
            for descriptor in self.descriptors:
                os.close(descriptor)
            if self._rules is not None:
                self._rules.close()

    def namespace(self) -> Namespace | None:
        """The processes' namespace, once started; waits until it is there. None for Landlock."""
        status, self._status = self._status, None
        if status is None:
            return None
        namespace = Namespace(status)
        self._began(namespace)
        return namespace

    def close(self) -> None:
        """Frees what a command that could not be started leaves."""
        if self._status is not None:
            os.close(self._status)
            self._status = None


class Sandbox(Struct):
    """The sandbox of one workspace.

    Args:
        policy: what is asked for.
        root: the workspace, a real path.
        env: the person's environment.
        hide: further paths that commands must not see, such as the channels' files.
        readable: folders that commands may read though they lie in /tmp, such as saved output.

    Attributes:
        problem: why it cannot be had; empty as long as it can or nobody has tried.
    """

    policy: SandboxPolicy
    root: str
    env: Mapping[str, str]
    hide: Sequence[str] = ()
    readable: Callable[[], Iterable[str]] = tuple
    problem: str = ""
    _backend: str = ""
    _private: str | None = None
    _bubblewrap: bubblewrap.Bubblewrap | None = None
    _nested: Sequence[str] = ()
    _guarded: Sequence[str] = ()
    _living: list[Namespace] = field(default_factory=list)
    _candidates: Sequence[str] | None = None
    _home_is_inside: bool | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def backend(self) -> str:
        """``bwrap`` or ``landlock``; empty until ``prepare`` has found out."""
        return self._backend

    @property
    def home_is_inside(self) -> bool:
        """Whether the workspace holds a whole home: then nothing in it may be written to."""
        if self._home_is_inside is None:
            self._home_is_inside = any(within(home, self.root) for home in homes(self.env))
        return self._home_is_inside

    @property
    def writable(self) -> bool:
        """Whether commands may write to the workspace."""
        return self.policy.filesystem == "workspace-write" and not self.home_is_inside

    def prepare(self) -> str:
        """Finds out which backend works, once; blocks for some 20 ms. Returns its name.

        Raises:
            SandboxUnavailable: none does; says what to do.
        """
        with self._lock:
            if not self._backend and not self.problem:
                try:
                    self._backend = self._choose()
                except (SandboxUnavailable, OSError) as error:
                    self.problem = str(error)
            if self.problem:
                raise SandboxUnavailable(self.problem)
            return self._backend

    def confine(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> Confinement:
        """A command in the sandbox.

        Args:
            argv: the program and its arguments.
            cwd: the folder it starts in.
            env: its environment; what leads to an agent or a display is left out.

        Raises:
            SandboxUnavailable: it cannot be had.
            OSError: likewise.
        """
        backend = self.prepare()
        self._check_hidden()
        kept = {name: value for name, value in env.items() if name not in WITHHELD}
        kept[MARK] = backend
        view = self._view()
        watch = Watch(self.root) if self.writable else None
        if backend == "landlock":
            temporary = os.path.join(self._folder(), "tmp")
            kept |= dict.fromkeys(("TMPDIR", "TMP", "TEMP"), temporary)
            return Confinement(argv, kept, (), watch, _rules=_rules(view, temporary))
        for name in ("TMPDIR", "TMP", "TEMP"):
            kept.pop(name, None)
        assert self._bubblewrap is not None
        rules = self._scope()
        status, inherited = os.pipe()
        line = self._bubblewrap.argv(argv, cwd, view, inherited)
        began = self._living.append
        return Confinement(line, kept, (inherited,), watch, began, status, rules)

    def look_again(self) -> None:
        """Looks for repositories in the workspace that a command has made; some milliseconds."""
        if self.writable:
            self._nested = scan(self.root)

    def hidden(self) -> list[str]:
        """What commands do not see."""
        if self._candidates is None:
            self._candidates = candidates(self.env)
        return present((*self._candidates, *self.hide))

    def guarded(self) -> list[str]:
        """What they do not change in the workspace.

        Looked for only while no command runs: one could put a link in the place of what was found,
        and bubblewrap would show what that leads to.
        """
        self._living = [namespace for namespace in self._living if not namespace.over()]
        if not self.writable:
            return []
        if not self._living:
            self._guarded = guarded_paths(self.root, self._nested)
        return [path for path in self._guarded if os.path.lexists(path)]

    def close(self) -> None:
        """Deletes the commands' temporary files."""
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)
            self._private = None

    def _choose(self) -> str:
        if sys.platform != "linux":
            raise SandboxUnavailable("it needs Linux: bubblewrap and Landlock are of its kernel")
        if self.root == "/":
            raise SandboxUnavailable(
                "a sandbox around / limits nothing; start in the folder of a project"
            )
        self.look_again()
        wanted = self.policy.backend
        program = bubblewrap.find(self.root) if wanted in ("auto", "bwrap") else None
        failed = f"bubblewrap is not installed. {bubblewrap.INSTALL}"
        if program is not None:
            network = self.policy.network == "open"
            found = bubblewrap.Bubblewrap(program, self._folder(), network=network)
            try:
                found.probe(self._view())
            except SandboxUnavailable as error:
                failed = str(error)
            else:
                self._bubblewrap = found
                return found.name
        if wanted == "bwrap":
            raise SandboxUnavailable(failed)
        self._check_landlock("" if wanted == "landlock" else f"{failed}. ")
        os.makedirs(os.path.join(self._folder(), "tmp"), 0o700, exist_ok=True)
        return "landlock"

    def _check_hidden(self) -> None:
        """A file that is not there cannot be hidden, and a command could make it."""
        for path in self.hide:
            real = os.path.realpath(path)
            if self.writable and within(real, self.root) and not os.path.lexists(real):
                raise SandboxUnavailable(
                    f"{path} belongs to the session, is not there and lies in the workspace, where a "
                    "command could make it; make it first, or choose another place"
                )

    def _check_landlock(self, before: str) -> None:
        from qwen_dual.sandbox import landlock

        if self.policy.network == "closed":
            raise SandboxUnavailable(
                f"{before}Landlock cannot close the network: {bubblewrap.INSTALL}, or set "
                'tools.executionSandbox.network to "open" in your own settings'
            )
        if landlock.abi() < landlock.MIN_ABI:
            raise SandboxUnavailable(
                f"{before}This kernel offers Landlock ABI {landlock.abi()}, and "
                f"{landlock.MIN_ABI} is needed: {bubblewrap.INSTALL}"
            )
        # Really entered, on a thread of its own: a kernel may offer what it then refuses.
        rules = landlock.Ruleset()
        try:
            _in_thread(rules.enter, bool)
        finally:
            rules.close()

    def _scope(self) -> Ruleset | None:
        """With the network open, keeps abstract sockets (X11, D-Bus) out where the kernel can."""
        if self.policy.network == "closed" or self._bubblewrap is None:
            return None
        from qwen_dual.sandbox import landlock

        if landlock.abi() < landlock.SCOPED_ABI or self._bubblewrap.set_user_id:
            return None
        return landlock.Ruleset(files=False)

    def _view(self) -> View:
        real = [os.path.realpath(path) for path in _SHOWN if os.path.exists(path)]
        shown = [path for path in real if within(path, "/run")]
        shown += [path for path in self.readable() if os.path.isdir(path)]
        return View(self.root, self.writable, self.hidden(), self.guarded(), shown)

    def _folder(self) -> str:
        if self._private is None:
            self._private = os.path.realpath(tempfile.mkdtemp(prefix="qwen-dual-sandbox-"))
        return self._private


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


def _rules(view: View, temporary: str) -> Ruleset:
    from qwen_dual.sandbox import landlock

    rules = landlock.Ruleset()
    try:
        for path, rights in landlock.rights_of(view, temporary).items():
            rules.allow(path, rights)
    except BaseException:
        rules.close()
        raise
    return rules


def _in_thread(first: Callable[[], object], then: Callable[[], T]) -> T:
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
