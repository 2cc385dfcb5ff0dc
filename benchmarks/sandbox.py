"""What a sandbox costs a command: the same one with each backend and without, in turns.

Measured where a session pays it: from asking for the process to its end, reaped. As in a session
the sandboxes of the next commands are set up after each. ``beside others`` is the last of three that
come at the same moment, after three came before; ``none waiting`` is a command for which none is there:
one that comes at the same moment as others for the first time. Below that is what of it is not ours:
``bwrap itself`` is its command line, started by hand, with nothing to be looked for; ``namespaces`` are as
many new ones as it makes, entered by ``unshare`` with no file system made in them.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_dual.sandbox.confine import Sandbox
from qwen_dual.sandbox.policy import SandboxPolicy, SandboxUnavailable
from qwen_dual.tools.process import ProcessGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

BUDGET_MS = 10.0
NONE_WAITING = "bwrap, none waiting"
ITSELF = "bwrap itself"
NAMESPACES = "namespaces"
NOT_OURS = (ITSELF, NAMESPACES)
_UNSHARE = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--ipc", "--net", "--fork")
BESIDE_OTHERS = "bwrap, beside others"
AT_ONCE = 3
POLICIES = {
    "bwrap": SandboxPolicy("bwrap"),
    "bwrap, network open": SandboxPolicy("bwrap", network="open"),
    "landlock": SandboxPolicy("landlock", network="open"),
    BESIDE_OTHERS: SandboxPolicy("bwrap"),
    NONE_WAITING: SandboxPolicy("bwrap"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a backend adds to a command, in milliseconds.

    The least of all rounds is what it costs where nothing else runs: a sandbox takes several turns
    between processes, and each waits for a processor on a machine that is busy.
    """

    backend: str
    least_ms: float
    median_ms: float
    p95_ms: float


def measure(rounds: int) -> list[Cost]:
    """Runs ``true`` ``rounds`` times with each backend that there is, each beside a bare one."""
    with tempfile.TemporaryDirectory(prefix="dual-bench-", dir=Path.cwd()) as folder:
        root = os.path.realpath(folder)
        subprocess.run(["git", "init", "-q"], cwd=root, check=False)
        costs = []
        for name, policy in POLICIES.items():
            sandbox = Sandbox(policy, root, dict(os.environ))
            try:
                sandbox.prepare()
                costs.append(_cost(name, sandbox, root, rounds))
                if name == NONE_WAITING:
                    costs += _not_ours(sandbox, root, rounds)
            except SandboxUnavailable:
                continue
            finally:
                sandbox.close()
        return costs


def _cost(name: str, sandbox: Sandbox, root: str, rounds: int) -> Cost:
    bare, added = [], []
    others = AT_ONCE - 1 if name == BESIDE_OTHERS else 0
    if others:
        _run(root, sandbox, others)  # from here on as many wait
    for _ in range(rounds):
        sandbox.look_again()
        if name != NONE_WAITING:
            sandbox.keep_ready(os.environ)
        bare.append(_run(root, None))
        added.append(_run(root, sandbox, others))
    return _summary(name, bare, added)


def _not_ours(sandbox: Sandbox, root: str, rounds: int) -> list[Cost]:
    """What bubblewrap takes for the same sandbox, and the kernel for namespaces alone."""
    backend = sandbox._bubblewrap
    assert backend is not None
    lines = {
        ITSELF: backend.argv(["true"], root, sandbox._view()),
        NAMESPACES: [*_UNSHARE, "true"],
    }
    costs = []
    for name, line in lines.items():
        if shutil.which(line[0]) is not None:
            both = [(_run(root, None), _run(root, None, argv=line)) for _ in range(rounds)]
            costs.append(_summary(name, [bare for bare, _ in both], [took for _, took in both]))
    return costs


def _summary(name: str, bare: list[float], added: list[float]) -> Cost:
    least = min(added) - min(bare)
    more = sorted(after - before for before, after in zip(bare, added, strict=True))
    return Cost(name, least, statistics.median(more), more[int(len(more) * 0.95)])


def _run(
    root: str, sandbox: Sandbox | None, others: int = 0, argv: Sequence[str] = ("true",)
) -> float:
    """Milliseconds that a command takes, started behind so many that do not end before it."""
    beside = [
        ProcessGroup(["sleep", "60"], root, os.environ, sandbox=sandbox) for _ in range(others)
    ]
    began = time.perf_counter()
    group = ProcessGroup(argv, root, os.environ, sandbox=sandbox)
    group.pump(lambda _: None, lambda: None, None)
    took = (time.perf_counter() - began) * 1000
    for each in beside:
        each.send(signal.SIGKILL)
        each.pump(lambda _: None, lambda: None, None)
    return took
