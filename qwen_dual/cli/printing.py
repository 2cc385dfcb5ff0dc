"""Runs a subcommand that prints: in the folder it was started in, for a reader that may leave early."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from qwen_dual.runtime.process import folder

if TYPE_CHECKING:
    from collections.abc import Callable


def run_printing(command: Callable[[str], int]) -> int:
    """The exit status of ``command``, which gets the current folder and prints to stdout.

    A reader that has seen enough, such as ``head``, is no failure; a folder that is gone is said.
    """
    try:
        cwd = folder()
    except OSError as error:
        print(f"qwen-dual: the current folder is gone ({error.strerror})", file=sys.stderr)
        return 2
    try:
        status = command(cwd)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
