"""The last words of a program to its terminal, behind the UI."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress

_SECONDS = 1.0
"""How long they wait for whoever shows the terminal to read on."""


def say_last(text: str) -> None:
    """Says something on stdout; a terminal that nobody reads, or that is gone, holds up no end.

    Args:
        text: of one line or several.
    """
    from qwen_dual.frontends.tui.terminal.tty_output import TtyWriter, open_own_description

    data = f"{text}\n".encode(sys.stdout.encoding, "backslashreplace")
    own = open_own_description(1)  # one that does not block
    if own is None:
        poll = select.poll()
        poll.register(1, select.POLLOUT)
        if poll.poll(_SECONDS * 1000):
            with suppress(OSError):
                os.write(1, data)
        return
    writer = TtyWriter(own, lambda: None)
    writer.write(data)
    writer.close(_SECONDS)
    os.close(own)
