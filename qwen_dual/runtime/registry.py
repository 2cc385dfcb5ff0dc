"""The sessions that are open in a process, by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.running.keeper import Locks
    from qwen_dual.runtime.opened import OpenSession


class Registry:
    """Open sessions: a mapping of ids that changes while sessions begin and end.

    Attributes:
        locks: by which other programs see that they run; None before the first that can be found.
    """

    def __init__(self) -> None:
        self.locks: Locks | None = None
        self._handles: dict[str, OpenSession] = {}

    def add(self, handle: OpenSession) -> None:
        """Takes in a session that has begun.

        Raises:
            ValueError: a session of this id is open.
        """
        if handle.id in self._handles:
            raise ValueError(f"the session {handle.id} is open already")
        self._handles[handle.id] = handle

    def replace(self, before: OpenSession, handle: OpenSession) -> None:
        """Puts the session that goes on in the place of the one that is over."""
        self.remove(before)
        self._handles[handle.id] = handle

    def remove(self, handle: OpenSession) -> None:
        """Lets go of a session that has ended; an unknown one is ignored."""
        if self._handles.get(handle.id) is handle:
            del self._handles[handle.id]

    def get(self, session_id: str) -> OpenSession | None:
        """The open session of this id."""
        return self._handles.get(session_id)

    def __iter__(self) -> Iterator[OpenSession]:
        """The open sessions, in the order in which they began; may change meanwhile."""
        return iter(tuple(self._handles.values()))

    def __len__(self) -> int:
        return len(self._handles)
