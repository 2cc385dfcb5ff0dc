"""Puts commands into the sandbox that is asked for; finds out once whether it can be had.

``Sandbox`` is for all programs that are started for a model: the shell's commands now, MCP servers
and hooks as they come.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field

from qwen_dual.fs.home import temporary_of
from qwen_dual.sandbox import bubblewrap, seccomp
from qwen_dual.sandbox.confinement import Confinement, in_thread
from qwen_dual.sandbox.guarded import Watch, guarded_paths, scan
from qwen_dual.sandbox.hidden import WITHHELD, candidates, homes, outermost, present, within
from qwen_dual.sandbox.mounts import also_at
from qwen_dual.sandbox.policy import SandboxUnavailable
from qwen_dual.sandbox.spare import WAITING, Spare, Spares, waiting
from qwen_dual.sandbox.view import PRIVATE, View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qwen_dual.sandbox.landlock import Ruleset
    from qwen_dual.sandbox.namespace import Namespace
    from qwen_dual.sandbox.policy import SandboxPolicy

T = TypeVar("T")

MARK = "QWEN_DUAL_SANDBOX"
"""The variable that tells a command which sandbox it is in."""

_SHOWN = ("/etc/resolv.conf", "/run/current-system", "/run/opengl-driver", "/run/wrappers")


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
    _starting: int = 0
    _looking: threading.RLock = field(default_factory=threading.RLock)
    _spares: Spares = field(default_factory=Spares)
    _candidates: Sequence[str] | None = None
    _needed: Sequence[str] = ()
    _home_is_inside: bool | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def backend(self) -> str:
        """``bwrap`` or ``landlock``; empty until ``prepare`` has found out."""
        return self._backend

    @property
    def filtered(self) -> bool:
        """Whether system calls are filtered; not where this kernel has no filters, or its numbers are not known."""
        return bool(seccomp.program())

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

    def confine(
        self, argv: Sequence[str], cwd: str, env: Mapping[str, str], *, has_input: bool = False
    ) -> Confinement:
        """A command in the sandbox.

        Args:
            argv: the program and its arguments.
            cwd: the folder it starts in.
            env: its environment; what leads to an agent or a display is left out.
            has_input: whether its stdin is anything but the null device.

        Raises:
            SandboxUnavailable: it cannot be had.
            OSError: likewise.
        """
        backend = self.prepare()
        self._check_hidden()
        kept = self._environment(env)
        if backend == "landlock":
            view = self._view()
            watch = Watch(self.root) if self.writable else None
            temporary = os.path.join(self._folder(), "tmp")
            kept |= dict.fromkeys(("TMPDIR", "TMP", "TEMP"), temporary)
            rules = _rules(view, temporary)
            return Confinement(argv, kept, (), watch, rules=rules, filtered=True)
        watch = Watch(self.root) if self.writable else None
        counted: list[bool] = []

        def look() -> View:
            view, others = self._look()
            counted.append(True)
            if not has_input:
                self._spares.note(kept, beside_others=others)
            return view

        def began(namespace: Namespace | None) -> None:
            if counted:
                self._started(namespace)

        try:
            if has_input or self._spares.none:
                made = self._in_bubblewrap(argv, cwd, kept, look)
            else:
                view = look()
                spare = self._spares.take(view, argv, cwd, kept)
                if spare is not None:
                    made = Confinement(argv, kept, spare=spare, cwd=cwd)
                else:
                    made = self._in_bubblewrap(argv, cwd, kept, lambda: view)
        except BaseException:
            began(None)
            raise
        made.watch, made.began = watch, began
        return made

    def keep_ready(self, env: Mapping[str, str] | None = None) -> None:
        """Sets up a sandbox for the next command, or for as many as came at once; blocks for some 15 ms each.

        For when a command has ended: what a model does until the next takes longer. Does nothing
        where there is one, and with Landlock, which has nothing to be set up beforehand.

        Args:
            env: what the next command will be given; what the last one was unless given.
        """
        if self._bubblewrap is not None:
            try:
                kept = None if env is None else self._environment(env)
                self._spares.make(self._make_spare, self._view(), kept)
            except (OSError, SandboxUnavailable):
                pass  # the next command says why

    def look_again(self) -> None:
        """Looks for repositories in the workspace that a command has made; some milliseconds."""
        if self.writable:
            self._nested = scan(self.root)

    def hidden(self) -> list[str]:
        """What commands do not see, at all the places where it is mounted."""
        if self._candidates is None:
            self._candidates = candidates(self.env)
            self._needed = (*homes(self.env), *_SHOWN, "/usr", "/etc", "/proc")
        found = present((*self._candidates, *self.hide))
        elsewhere = also_at((*found, *PRIVATE, "/dev"))
        return outermost((*found, *(path for path in elsewhere if not self._holds_needed(path))))

    def _holds_needed(self, path: str) -> bool:
        return any(within(needed, path) for needed in self._needed)

    def guarded(self) -> list[str]:
        """What they do not change in the workspace.

        Looked for only while no command runs: one could put a link in the place of what was found,
        and bubblewrap would show what that leads to.
        """
        with self._looking:
            self._living = [namespace for namespace in self._living if not namespace.over()]
            if not self.writable:
                return []
            if not self._living and not self._starting:
                self._guarded = guarded_paths(self.root, self._nested)
            return [path for path in self._guarded if os.path.lexists(path)]

    def close(self) -> None:
        """Deletes the commands' temporary files; none can be run any more."""
        self._spares.close()
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)
            self._private = None

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        left_out = {*WITHHELD, "TMPDIR", "TMP", "TEMP"}
        return {key: env[key] for key in env if key not in left_out} | {MARK: self._backend}

    def _look(self) -> tuple[View, bool]:
        """What a command that begins now sees, and whether others run."""
        with self._looking:
            view = self._view()
            others = bool(self._living) or self._starting > 0
            self._starting += 1
            return view, others

    def _started(self, namespace: Namespace | None) -> None:
        """Notes that a command runs, or that it could not be started."""
        with self._looking:
            self._starting -= 1
            if namespace is not None:
                self._living.append(namespace)

    def _in_bubblewrap(
        self, argv: Sequence[str], cwd: str, env: dict[str, str], look: Callable[[], View]
    ) -> Confinement:
        """A command in a sandbox of its own; ``look`` is called while bubblewrap starts, if it can wait."""
        made = self._bubblewrap
        assert made is not None
        view = None if made.waits_for_order else look()
        rules = self._scope()
        calls = seccomp.readable()
        status, inherited = os.pipe()
        if view is not None:
            line = made.argv(argv, cwd, view, inherited, calls)
            return Confinement(line, env, (inherited, *calls), status=status, rules=rules)
        read, order = os.pipe()
        line = made.waiting(argv, cwd, read, inherited, calls)
        return Confinement(
            line,
            env,
            (inherited, read, *calls),
            status=status,
            rules=rules,
            order=order,
            look=lambda: made.order(look()),
        )

    def _make_spare(self, view: View, env: Mapping[str, str]) -> Spare:
        made = self._in_bubblewrap(WAITING, self.root, dict(env), lambda: view)
        status, made.status = made.status, None
        assert status is not None
        try:
            popen = made.start(lambda: waiting(made.argv, made.env, made.descriptors))
        except BaseException:
            made.close()
            os.close(status)
            raise
        return Spare(popen, status, view, self.root, env)

    def _choose(self) -> str:
        if sys.platform != "linux":
            raise SandboxUnavailable("it needs Linux: bubblewrap and Landlock are of its kernel")
        if self.root == "/":
            raise SandboxUnavailable(
                "a sandbox around / limits nothing; start in the folder of a project"
            )
        self.look_again()
        wanted = self.policy.backend
        program = (
            bubblewrap.find(self.root, self.env.get("PATH", os.defpath))
            if wanted in ("auto", "bwrap")
            else None
        )
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
            in_thread(rules.enter, seccomp.enter)
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
            self._private = os.path.realpath(
                tempfile.mkdtemp(prefix="qwen-dual-sandbox-", dir=temporary_of(self.env))
            )
        return self._private


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
