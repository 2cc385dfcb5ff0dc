"""Which command lines may be asked for at all: those that can be shown and that the system takes."""

from __future__ import annotations

import re

from qwen_dual.core.tools.tool import InvalidArguments

MAX_COMMAND_BYTES = 131_071
"""Linux takes no longer argument than this (MAX_ARG_STRLEN, less the NUL at its end)."""

# Nobody could see what such a command does; a tab and a newline can be shown.
_UNSEEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"


def check_command(command: str, argument: str) -> None:
    """Refuses a command that nobody could judge by looking at it.

    Args:
        argument: names it in the error.

    Raises:
        InvalidArguments: it holds control characters, or is longer than the system takes.
    """
    # Nothing longer than what is too long anyhow is gone through.
    found = re.search(_UNSEEN, command[: MAX_COMMAND_BYTES + 1])  # compiled once there is a command
    if found is not None:
        raise InvalidArguments(
            f"{argument}: expected no control characters but tab and newline, not "
            f"U+{ord(found[0]):04X} at character {found.start() + 1}. Let the program make it: "
            "printf '\\r', or $'\\r' in bash."
        )
    size = len(command) if len(command) > MAX_COMMAND_BYTES else len(command.encode())
    if size > MAX_COMMAND_BYTES:
        raise InvalidArguments(
            f"{argument}: expected at most {MAX_COMMAND_BYTES:,} bytes, which is what Linux "
            f"takes, not {size:,} or more. Write a script and run that."
        )
