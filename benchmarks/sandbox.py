"""What a sandbox costs a command: the same one with each backend and without, in turns.

Measured where a session pays it: from asking for the process to its end, reaped. As in a session
the sandbox of the next command is set up after each; ``none waiting`` is what a command costs that
comes at the same moment as another.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from qwen_dual.sandbox.confine import Sandbox
from qwen_dual.sandbox.policy import SandboxPolicy, SandboxUnavailable
from qwen_dual.tools.process import ProcessGroup

BUDGET_MS = 10.0
NONE_WAITING = "bwrap, none waiting"
POLICIES = {
    "bwrap": SandboxPolicy("bwrap"),
    "bwrap, network open": SandboxPolicy("bwrap", network="open"),
    "landlock": SandboxPolicy("landlock", network="open"),
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
                costs.append(_cost(name, sandbox, root, rounds, ready=name != NONE_WAITING))
            except SandboxUnavailable:
                continue
            finally:
                sandbox.close()
        return costs


def _cost(name: str, sandbox: Sandbox, root: str, rounds: int, *, ready: bool) -> Cost:
    bare, added = [], []
    for _ in range(rounds):
        sandbox.look_again()
        if ready:
            sandbox.keep_ready(os.environ)
        bare.append(_run(root, None))
        added.append(_run(root, sandbox))
    least = min(added) - min(bare)
    more = sorted(after - before for before, after in zip(bare, added, strict=True))
    return Cost(name, least, statistics.median(more), more[int(len(more) * 0.95)])


def _run(root: str, sandbox: Sandbox | None) -> float:
    began = time.perf_counter()
    group = ProcessGroup(["true"], root, os.environ, sandbox=sandbox)
    group.pump(lambda _: None, lambda: None, None)
    return (time.perf_counter() - began) * 1000
