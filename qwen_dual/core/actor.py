"""Who acts on a session: given with every act, and named on the wire by what follows from it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal[
    "keyboard",
    "cli",
    "input",
    "host",
    "sdk",
    "agent",
    "hook",
    "policy",
    "limit",
    "interrupt",
    "shutdown",
]
"""``keyboard`` and ``cli`` are the person; ``input``, ``host`` and ``sdk`` another process; ``agent``
and ``hook`` work for the session; the rest is no one, but why something was decided."""


class Actor(Struct, frozen=True):
    """Who did something.

    Attributes:
        kind: what they are.
        name: which of them, where there can be several: a host, a hook.
    """

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        """As ``origin`` and ``resolved_by`` have it: ``keyboard``, ``host:zed``."""
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @property
    def at_keyboard(self) -> bool:
        """Whether it is the person who looks at the screen."""
        return self.kind == "keyboard"

    @property
    def is_person(self) -> bool:
        """Whether it is the person, at the keyboard or on the command line."""
        return self.kind in ("keyboard", "cli")


KEYBOARD = Actor("keyboard")
CLI = Actor("cli")
INPUT = Actor("input")
SDK = Actor("sdk")
POLICY = Actor("policy")
LIMIT = Actor("limit")
INTERRUPT = Actor("interrupt")
SHUTDOWN = Actor("shutdown")
