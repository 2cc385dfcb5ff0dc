"""What the keys' side of the front end asks of the side that draws."""

from __future__ import annotations

from typing import Protocol


class Screen(Protocol):
    """What the controller asks of the screen."""

    def changed(self) -> None:
        """Something must be drawn."""
        ...

    def later(self, seconds: float) -> None:
        """Something must be drawn in so many seconds."""
        ...

    def clear(self) -> None:
        """The window is to be emptied."""
        ...

    def expand(self) -> bool:
        """The last folded output is to be shown whole; whether the next time shows everything."""
        ...

    def page(self, text: str) -> None:
        """A text is to be shown in the person's pager."""
        ...

    def edit_externally(self) -> None:
        """The draft is to be opened in the person's editor."""
        ...

    def toggle_raw(self) -> None:
        """What follows is to be shown as raw Markdown, or no longer."""
        ...

    def suspend(self) -> None:
        """The program is to be stopped until the shell continues it."""
        ...
