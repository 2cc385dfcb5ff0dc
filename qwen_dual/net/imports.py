"""Importing a library without some of what it would bring along where that is installed."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself takes as long to import as this is to save
if TYPE_CHECKING:
    from types import TracebackType


class Without:
    """Within, modules that nothing has imported yet are as if they were not installed.

    For libraries that do without them as well: each says so by catching ImportError.

    Args:
        names: of the modules.
    """

    def __init__(self, *names: str) -> None:
        self._names = names
        self._held: list[str] = []

    def __enter__(self) -> None:
        self._held = [name for name in self._names if name not in sys.modules]
        for name in self._held:
            sys.modules[name] = None  # type: ignore[assignment]  # makes importing it fail

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in self._held:
            del sys.modules[name]
