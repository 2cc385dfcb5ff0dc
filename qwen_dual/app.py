"""Runs a session from its first event to its last: ``launch``, then ``interactive``.

Owns what surrounds both: the terminal before the UI is there, and what a start that fails says.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from qwen_dual.early import EarlyTerminal, Terminated
from qwen_dual.launch import StartError, check_terminal, prepare
from qwen_dual.protocol import events

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from qwen_dual.cli import Options


def run(options: Options, inputs: Mapping[str, os.stat_result | None]) -> int:
    """Runs a session from its first event to its last; returns the exit status.

    Args:
        options: the command line.
        inputs: the input file as it was when the process started, by its name as given.
    """
    try:
        check_terminal()
        with EarlyTerminal() as terminal:
            terminal.check()
            launch = prepare(options, inputs)
            try:
                terminal.check()
                from qwen_dual.interactive import run_interactive

                terminal.check()
            except Terminated:
                launch.bus.publish(events.system("session_end", {"session_id": launch.session_id}))
                raise
            return run_interactive(launch, terminal)
    except StartError as error:
        print(f"qwen-dual: {error}", file=sys.stderr)
        return error.status
