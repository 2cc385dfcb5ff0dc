"""Code that imports something, run in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORTS = "from qwen_dual.net.imports import *\n"


def run(code: str, folder: Path = ROOT) -> list[str]:
    """What ``code`` prints, word by word; modules of ``folder`` can be imported."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
