"""The rows of what an approval is asked for, laid out once for each request and width.

A large one (100 kB of look-alikes take half a second) is laid out in a thread, so that keys and frames
go on; until it is there for the first time the dialog has nothing to show, and takes no key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.dialogs.dialog_lines import preview_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.tui.state.live_state import Request
    from qwen_dual.frontends.tui.text.diff_view import Highlight
    from qwen_dual.frontends.tui.text.lines import Line

SMALL = 8_000
"""Characters that are laid out between two keys: some 10 ms."""

Work = tuple["Callable[[], list[Line]]", "Callable[[list[Line]], None]"]


class PreviewLayout:
    """Lays out one request's preview at a time.

    Attributes:
        highlight: colours the code of a diff; None where nothing does.
        in_thread: runs the first callable in a thread and gives its result to the second on the
            loop; None where there is no loop: then all is laid out at once.
    """

    def __init__(self) -> None:
        self.highlight: Highlight | None = None
        self.in_thread: Callable[[Work], object] | None = None
        self._rows: tuple[str, int, list[Line]] = ("", 0, [])
        self._wanted: tuple[str, int] | None = None

    def ready(self, request: Request) -> bool:
        """Whether there is anything to show of ``request``."""
        return (
            self._rows[0] == request.request_id
            or len(request.text) <= SMALL
            or self.in_thread is None
        )

    def fits(self, request: Request, inner: int) -> bool:
        """Whether the rows that there are were made for a width of ``inner``."""
        return self._rows[:2] == (request.request_id, inner)

    def rows(self, request: Request, inner: int) -> list[Line] | None:
        """The rows for a width of ``inner``; those of the width before while new ones are made.

        None where there are none yet.
        """
        key = (request.request_id, inner)
        if self._rows[:2] == key:
            return self._rows[2]
        if len(request.text) <= SMALL or self.in_thread is None:
            self._rows = (*key, preview_lines(request, inner, self.highlight))
            return self._rows[2]
        if self._wanted != key:
            self._wanted = key
            highlight = self.highlight

            def make() -> list[Line]:
                return preview_lines(request, inner, highlight)

            def take(lines: list[Line]) -> None:
                if self._wanted == key:  # neither answered nor resized meanwhile
                    self._rows, self._wanted = (*key, lines), None

            self.in_thread((make, take))
        return self._rows[2] if self._rows[0] == request.request_id else None
