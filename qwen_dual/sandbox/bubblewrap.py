"""bubblewrap: a command in namespaces of its own, with the file system as ``view`` says.

Not ``--die-with-parent``: it means the thread that forked, so that a command in the background
would die with a worker thread; and what a command leaves running would die with the command.
``namespace`` ends what runs instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from qwen_dual.sandbox import seccomp
from qwen_dual.sandbox.hidden import within
from qwen_dual.sandbox.policy import SandboxUnavailable
from qwen_dual.sandbox.view import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.sandbox.view import View

INSTALL: Final = "Install bubblewrap (`apt install bubblewrap`, `dnf install bubblewrap`, `pacman -S bubblewrap`)"
PROBE_SECONDS = 10.0

_NAMESPACES = (
    "--unshare-user",
    "--unshare-pid",
    "--unshare-ipc",
    "--cap-drop",
    "ALL",
    # A session of its own, so that no terminal can be reached by TIOCSTI.
    "--new-session",
)
# In this order: where the second is missing, the first ends bubblewrap before it runs anything.
_WHOLE = ("--assert-userns-disabled", "--disable-userns")
# What root may write to there without any capability: by `kernel.core_pattern` it names a program for the
# kernel to run, outside of all namespaces.
_OF_THE_KERNEL = tuple(
    f"/proc/{name}" for name in ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr")
)
_SYSTEM = "/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin"


class Bubblewrap:
    """An installed bubblewrap.

    Args:
        program: its path.
        private: an existing folder of ours; commands get folders in it as /tmp and /var/tmp.
        network: whether commands have one.
    """

    name = "bwrap"

    def __init__(self, program: str, private: str, *, network: bool) -> None:
        self._program = program
        self._network = network
        self._nested: tuple[str, ...] = ()
        self._empty = os.path.join(private, "empty")
        self._own = {folder: private + folder for folder in PRIVATE}
        for folder in self._own.values():
            os.makedirs(folder, 0o700, exist_ok=True)
        os.close(os.open(self._empty, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o400))

    @property
    def set_user_id(self) -> bool:
        """Whether it runs with root's rights, which "no new privileges" would take from it."""
        return bool(os.stat(self._program).st_mode & 0o4000)

    def probe(self, view: View) -> None:
        """Runs a command in it once.

        Raises:
            SandboxUnavailable: says why it does not work here.
        """
        # Since 0.8.0: a command cannot make namespaces, where the kernel has most to lose.
        said = ""
        for nested in (("--disable-userns",), ()):
            self._nested = nested
            calls = seccomp.readable()
            argv = self.argv(["true"], "/", view, calls=calls)
            try:
                done = subprocess.run(
                    argv,
                    env={"PATH": _SYSTEM},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=PROBE_SECONDS,
                    check=False,
                    pass_fds=calls,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise SandboxUnavailable(f"{self._program} does not run: {error}") from None
            finally:
                for descriptor in calls:
                    os.close(descriptor)
            if done.returncode == 0:
                return
            said = said or done.stderr.decode("utf-8", "replace").strip()[:500]
        raise SandboxUnavailable(
            f"{self._program} is installed and cannot make a sandbox here: {said}. Unprivileged user "
            "namespaces may be turned off (sysctl kernel.unprivileged_userns_clone and "
            "kernel.apparmor_restrict_unprivileged_userns, or the container this runs in)"
        )

    @property
    def waits_for_order(self) -> bool:
        """Whether it can be started before it is known what it shows, and be told by a pipe."""
        return bool(self._nested)

    def argv(
        self,
        argv: Sequence[str],
        cwd: str,
        view: View,
        status: int | None = None,
        calls: Sequence[int] = (),
    ) -> list[str]:
        """The command line that runs ``argv`` in the sandbox.

        Args:
            argv: the program and its arguments.
            cwd: the folder it starts in.
            view: what it sees.
            status: a descriptor that is told of its start and its end.
            calls: the descriptor that a filter of system calls is read from, if there is one.
        """
        line = [*self._begin(status, calls), *self._nested, *self._shown(view)]
        return [*line, "--chdir", cwd, "--", *argv]

    def waiting(
        self, argv: Sequence[str], cwd: str, order: int, status: int, calls: Sequence[int]
    ) -> list[str]:
        """As ``argv``; what it sees is read from the descriptor ``order``, as the method of that name says."""
        line = [*self._begin(status, calls), _WHOLE[0], "--args", str(order)]
        return [*line, "--chdir", cwd, "--", *argv]

    def order(self, view: View) -> bytes:
        """What ``waiting`` has to be told, whole; told a part of it, it runs nothing and fails."""
        words = [*self._shown(view), _WHOLE[1]]
        return b"".join(os.fsencode(word) + b"\0" for word in words)

    def _begin(self, status: int | None, calls: Sequence[int]) -> list[str]:
        line = [self._program, *_NAMESPACES]
        if not self._network:
            line.append("--unshare-net")
        if status is not None:
            line += ["--json-status-fd", str(status)]
        for descriptor in calls:
            line += ["--seccomp", str(descriptor)]
        return line

    def _shown(self, view: View) -> list[str]:
        words = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        if os.geteuid() == 0:
            for path in _OF_THE_KERNEL:
                words += ["--ro-bind-try", path, path]
        for folder, own in self._own.items():
            # Another command could put a link on the way to a workspace that lies in it.
            shared = not within(view.root, folder)
            words += ["--bind", own, folder] if shared else ["--tmpfs", folder]
        for path, access in view.entries():
            if access == "hidden":
                words += self._hide(path)
            else:
                words += ["--bind" if access == "write" else "--ro-bind", path, path]
        return words

    def _hide(self, path: str) -> list[str]:
        if os.path.isdir(path):
            return ["--tmpfs", path]
        return ["--ro-bind", self._empty, path]


def find(root: str, folders: str) -> str | None:
    """The installed bubblewrap; none that a workspace brings along.

    Args:
        root: the workspace.
        folders: where else to look, as ``PATH`` has them.
    """
    path = shutil.which("bwrap", path=_SYSTEM) or shutil.which("bwrap", path=folders)
    if path is None or not os.path.isabs(path) or within(os.path.realpath(path), root):
        return None
    return path
