"""The errors of both sides of the bridge, for ``app`` to tell a person.

Only what a caller branches on; a line that cannot be used is no exception but an ``InputError``.
"""

from __future__ import annotations


class ChannelError(Exception):
    """A channel that cannot be used; the program runs on without it.

    Attributes:
        target: what was asked for: a path, or ``fd 7``.
        reason: why it cannot be used, and what would do.
    """

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"{target}: {reason}")
        self.target = target
        self.reason = reason
