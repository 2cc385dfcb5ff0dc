"""Runs a subcommand that prints: in the folder it was started in, for a reader that may leave early."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from qwen_dual.cli.stderr import tell
from qwen_dual.runtime.process import folder

if TYPE_CHECKING:
    from collections.abc import Callable


# What a terminal would obey, or would not show: JSON lets it stand in a text as it is.
_UNSEEN = r"[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"


def for_terminal(json: str) -> str:
    """A JSON document that says the same, with escapes for what no terminal should be sent."""
    return re.sub(_UNSEEN, lambda found: f"\\u{ord(found[0]):04x}", json)


def run_printing(command: Callable[[str], int]) -> int:
    """The exit status of ``command``, which gets the current folder and prints to stdout.

    A reader that has seen enough, such as ``head``, is no failure; a folder that is gone is said.
    """
    try:
        cwd = folder()
    except OSError as error:
        tell(f"qwen-dual: the current folder is gone ({error.strerror})")
        return 2
    try:
        status = command(cwd)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
