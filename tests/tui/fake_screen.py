"""A screen that records what it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FakeScreen:
    """Records what was asked of it."""

    cleared: int = 0
    expanded: int = 0
    edited: int = 0
    paged: list[str] = field(default_factory=list)
    suspended: int = 0
    raw: bool = False
    wakes: list[float] = field(default_factory=list)

    def changed(self) -> None:
        """Nothing to draw."""

    def later(self, seconds: float) -> None:
        """Records."""
        self.wakes.append(seconds)

    def clear(self) -> None:
        """Counts."""
        self.cleared += 1

    def expand(self) -> bool:
        """Counts."""
        self.expanded += 1
        return True

    def edit_externally(self) -> None:
        """Counts."""
        self.edited += 1

    def page(self, text: str) -> None:
        """Records."""
        self.paged.append(text)

    def suspend(self) -> None:
        """Counts."""
        self.suspended += 1

    def toggle_raw(self) -> None:
        """Toggles."""
        self.raw = not self.raw
