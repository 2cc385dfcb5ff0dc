"""Runs a module of the tests with its libraries imported as the program imports them: in half the time."""

from __future__ import annotations

import runpy
import sys

from qwen_dual.cli.lean import import_asyncio, import_msgspec
from qwen_dual.frontends.tui.terminal.toolkit import import_toolkit

if __name__ == "__main__":
    import_msgspec()
    import_asyncio()
    import_toolkit()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
