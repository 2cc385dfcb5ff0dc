"""The menu of what could follow, with one of it selected. Pure.

What there is ``core.commands.completion`` says; here stands when it is looked for, and what is shown of it.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from qwen_dual.core.commands import completion
from qwen_dual.core.commands.completion import mention_at, mention_candidates, slash_candidates
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import clip, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwen_dual.core.commands.completion import Candidate
    from qwen_dual.core.commands.slash import SlashCommands
    from qwen_dual.frontends.tui.text.lines import Line

MAX_SHOWN = 6
MAX_FILES = 50


class FileSource(completion.FileSource, Protocol):
    """Knows the files of the workspace.

    Attributes:
        on_change: called, on any thread, when it knows more than before.
    """

    on_change: Callable[[], object]


@contextmanager
def following(files: FileSource, changed: Callable[[], object]) -> Iterator[None]:
    """Calls ``changed`` on the running loop when ``files`` knows more, whatever thread says so."""
    loop = asyncio.get_running_loop()
    files.on_change = lambda: loop.call_soon_threadsafe(changed)
    try:
        yield
    finally:
        files.on_change = lambda: None


class Suggestions:
    """The suggestions for the draft, with one of them selected.

    Args:
        commands: the session's registry.
        files: what ``@`` completes; nothing where None.
    """

    def __init__(self, commands: SlashCommands, files: FileSource | None = None) -> None:
        self._commands = commands
        self._files = files
        self._for = ("", 0, False)
        self._dismissed = False
        self._chosen = False  # an arrow has selected one
        self.items: tuple[Candidate, ...] = ()
        self.selected = 0

    def update(self, text: str, cursor: int | None = None, *, shell: bool = False) -> None:
        """Looks again when the draft or the cursor's place has changed."""
        wanted = (text, len(text) if cursor is None else cursor, shell)
        if wanted == self._for:
            return
        moved = wanted[0] == self._for[0]
        self._for = wanted
        # A moved cursor alone brings nothing back that was dismissed.
        self._dismissed = self._dismissed and moved
        self._chosen = False
        self.selected = 0
        self.items = tuple(self._matching(*wanted))

    def refresh(self) -> None:
        """Looks again, since the file source knows more; the selected one stays selected."""
        before = self.items[self.selected].label if self.items else ""
        self.items = tuple(self._matching(*self._for))
        labels = [item.label for item in self.items]
        self.selected = labels.index(before) if before in labels else 0

    @property
    def shown(self) -> bool:
        """Whether there is a choice to show."""
        return bool(self.items) and not self._dismissed

    @property
    def exact(self) -> bool:
        """Whether the draft is already one of them."""
        items = self.items[self.selected :][:1] if self._chosen else self.items
        return any(item.exact for item in items)

    def dismiss(self) -> None:
        """Hides them until the draft changes."""
        self._dismissed = True

    def move(self, step: int) -> None:
        """Selects the next or the one before, around the ends."""
        self._chosen = True
        self.selected = (self.selected + step) % len(self.items)

    def accept(self) -> tuple[str, int]:
        """The draft with the selected one, and where the cursor is then."""
        item, text = self.items[self.selected], self._for[0]
        return text[: item.begin] + item.text + text[item.end :], item.begin + len(item.text)

    def lines(self, width: int, height: int) -> list[Line]:
        """The choice, the selected one in sight."""
        height = min(height, MAX_SHOWN)
        if height <= 0 or not self.shown:
            return []
        counts = len(self.items) > height >= 4
        if counts:
            height -= 1
        first = max(0, min(self.selected - height // 2, len(self.items) - height))
        items = self.items[first : first + height]
        column = max(width_of(item.label) for item in items) + 2
        lines: list[Line] = []
        for index, item in enumerate(items, first):
            style = "class:selected" if index == self.selected else theme.PLAIN
            text = clip(item.label, max(1, width - 2))
            line: Line = [("", "  "), (style, text)]
            room = width - 2 - column
            if item.summary and room >= 8:
                line.append(("", " " * (column - width_of(text))))
                line.append((theme.DIM, clip(item.summary, room)))
            lines.append(line)
        if counts:
            lines.append([("", "  "), (theme.DIM, f"{self.selected + 1} of {len(self.items)}")])
        return lines

    def _matching(self, text: str, cursor: int, shell: bool) -> list[Candidate]:
        if not shell and (found := slash_candidates(text, self._commands)):
            return found
        mention = None if self._files is None else mention_at(text, cursor)
        if mention is None:
            return []
        assert self._files is not None
        choices = self._files.suggest(mention.query, MAX_FILES)
        return mention_candidates(choices, text, mention, cursor)
