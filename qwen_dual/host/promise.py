"""A value that somebody waits for and somebody else brings, or the error that it never will."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Promise(Generic[T]):
    """Set once, awaited by any number of tasks of one event loop; later settings are ignored."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._value: list[T] = []
        self._error: Callable[[], Exception] | None = None

    @property
    def done(self) -> bool:
        """The value or the error is there."""
        return self._event.is_set()

    def keep(self, value: T) -> None:
        """Brings the value."""
        if not self.done:
            self._value.append(value)
            self._event.set()

    def fail(self, error: Callable[[], Exception]) -> None:
        """Says that it will not come; each waiter gets an error of its own."""
        if not self.done:
            self._error = error
            self._event.set()

    async def wait(self) -> T:
        """The value, once it is there; cancelling the wait changes nothing for others."""
        await self._event.wait()
        if self._error is not None:
            raise self._error()
        return self._value[0]
