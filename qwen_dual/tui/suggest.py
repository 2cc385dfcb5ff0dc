"""What could follow a slash: commands by prefix, then the values of their arguments. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwen_dual.tui import theme
from qwen_dual.tui.lines import clip, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.slash import SlashCommands
    from qwen_dual.tui.lines import Line

MAX_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to go on; ``text`` is the whole line with it."""

    text: str
    summary: str = ""


class Suggestions:
    """The suggestions for the draft, with one of them selected.

    Args:
        commands: the session's registry.
    """

    def __init__(self, commands: SlashCommands) -> None:
        self._commands = commands
        self._for = ""
        self._dismissed = False
        self.items: tuple[Suggestion, ...] = ()
        self.selected = 0

    def update(self, text: str) -> None:
        """Looks again when the draft has changed."""
        if text == self._for:
            return
        self._for = text
        self._dismissed = False
        self.selected = 0
        self.items = tuple(self._matching(text))

    @property
    def shown(self) -> bool:
        """Whether there is a choice to show."""
        return bool(self.items) and not self._dismissed

    @property
    def exact(self) -> bool:
        """Whether the draft is already one of them."""
        return any(item.text.rstrip() == self._for.rstrip() for item in self.items)

    def dismiss(self) -> None:
        """Hides them until the draft changes."""
        self._dismissed = True

    def move(self, step: int) -> None:
        """Selects the next or the one before, around the ends."""
        self.selected = (self.selected + step) % len(self.items)

    def accept(self) -> str:
        """The draft with the selected one."""
        return self.items[self.selected].text

    def lines(self, width: int, height: int) -> list[Line]:
        """The choice, the selected one in sight."""
        height = min(height, MAX_SHOWN)
        if height <= 0 or not self.shown:
            return []
        first = max(0, min(self.selected - height // 2, len(self.items) - height))
        items = self.items[first : first + height]
        column = max(width_of(item.text) for item in items) + 2
        lines: list[Line] = []
        for index, item in enumerate(items, first):
            style = "class:selected" if index == self.selected else theme.PLAIN
            text = clip(item.text, max(1, width - 2))
            line: Line = [("", "  "), (style, text)]
            room = width - 2 - column
            if item.summary and room >= 8:
                line.append(("", " " * (column - width_of(text))))
                line.append((theme.DIM, clip(item.summary, room)))
            lines.append(line)
        return lines

    def _matching(self, text: str) -> Sequence[Suggestion]:
        if not text.startswith("/") or "\n" in text:
            return ()
        name, space, argument = text[1:].partition(" ")
        if not space:
            return [
                Suggestion(f"/{known}", summary)
                for known, summary in self._commands.names()
                if known.startswith(name.lower())
            ]
        found = self._commands.find(text)
        if found is None or " " in argument.strip():
            return ()
        return [
            Suggestion(f"/{name} {choice.value}", choice.summary)
            for choice in found[0].choices()
            if choice.value.startswith(argument)
        ]
