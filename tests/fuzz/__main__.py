"""Fuzzes the targets for a while: ``python -m tests.fuzz SECONDS [TARGET …]``.

Coverage-guided where atheris is installed (it is no dependency), else with hypothesis. What it finds
becomes a case in ``tests/fuzz/cases``, which the suite runs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

CASES = Path(__file__).parent / "cases"


def with_atheris(name: str, seconds: int, corpus: Path) -> int:
    """Runs libFuzzer in a process of its own; returns its exit status."""
    code = (
        "import sys, atheris\n"
        "with atheris.instrument_imports(include=['qwen_dual', 'json5']):\n"
        "    from tests.fuzz.targets import TARGETS\n"
        "atheris.Setup(sys.argv, TARGETS[sys.argv.pop(1)])\n"
        "atheris.Fuzz()\n"
    )
    corpus.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", "-max_len=2000", "-timeout=20", "-verbosity=0"]
    command = [sys.executable, "-c", code, name, *limits, f"-artifact_prefix={CASES}/{name}-"]
    return subprocess.run([*command, str(corpus)], check=False).returncode


def with_hypothesis(name: str, seconds: int) -> int:
    """Runs hypothesis until the time is over; an exception is a finding."""
    end = time.monotonic() + seconds
    check = settings(max_examples=5_000, deadline=None, database=None)(
        given(st.binary(max_size=2_000))(TARGETS[name])
    )
    while time.monotonic() < end:
        check()
    return 0


def main(seconds: int, names: list[str]) -> int:
    """Shares the time among the targets; returns the worst exit status."""
    share = max(1, seconds // len(names))
    worst = 0
    for name in names:
        try:
            import atheris  # noqa: F401
        except ImportError:
            worst = max(worst, with_hypothesis(name, share))
        else:
            corpus = Path(tempfile.gettempdir()) / "qwen-dual-corpus" / name
            worst = max(worst, with_atheris(name, share, corpus))
        print(f"{name}: {share} s, worst status {worst}", flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:] or list(TARGETS)))
