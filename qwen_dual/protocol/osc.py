"""What a session tells the terminal it runs in, as escape sequences (OSC): both sides know them from here.

Fixed words and numbers only: nothing that anybody typed, a model said or a tool gave out fits in.
"""

from __future__ import annotations

from typing import Literal

ST = "\x1b\\"
"""The string terminator."""

_PIECE = 600  # characters, all of them ASCII

ProgramState = Literal["idle", "working", "blocked", "done", "error"]
"""What a program tells of itself (OSC 7501)."""

BlockedKind = Literal["permission", "question", "auth"]
"""What a program waits for that is blocked."""

STATUS_QUERY = f"\x1b]7501;?{ST}"
"""Asks a terminal whether it knows program status; one that does gives the same back."""

STATUS_CLEAR = f"\x1b]7501;state=clear{ST}"
"""Takes back all that was told."""

TERMINAL_READ = "QWEN_DUAL_TERMINAL_READ"
"""The variable by which a host says that it reads all this, where else nothing would be told: in CI."""


def program_status(app: str, state: ProgramState, kind: BlockedKind | None = None) -> str:
    """The program status of ``app``, whole: each report replaces the one before.

    Args:
        app: letters, digits, ``_``, ``.``, ``+`` and ``-``, 32 at the most.
        state: what it does.
        kind: what it waits for, where it is blocked.
    """
    waits = f":kind={kind}" if kind is not None else ""
    return f"\x1b]7501;state={state}{waits}:app={app}{ST}"


def screen_mark(seq: int) -> str:
    """Marks the place in the scrollback at which the block begins that event ``seq`` brought."""
    return f"\x1b]7502;seq={seq}{ST}"


def in_tmux(sequence: str) -> str:
    """``sequence`` for the terminal around tmux, which passes it on with ``allow-passthrough on``."""
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}{ST}"


def in_screen(sequence: str) -> str:
    """``sequence`` for the terminal around GNU screen, which passes on strings of 768 bytes at the most."""
    pieces = (sequence[at : at + _PIECE] for at in range(0, len(sequence), _PIECE))
    return "".join(f"\x1bP{piece}{ST}" for piece in pieces)
