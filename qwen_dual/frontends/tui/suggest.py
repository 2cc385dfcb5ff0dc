"""What could follow: commands and their arguments after a slash, files after ``@``. Pure.

Where files are known from is the file source's affair; what is typed is looked at here.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from qwen_dual.frontends.tui import theme
from qwen_dual.frontends.tui.lines import clip, width_of
from qwen_dual.protocol.regex import regex
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwen_dual.core.questions import Choice
    from qwen_dual.core.slash import SlashCommands
    from qwen_dual.frontends.tui.lines import Line

MAX_SHOWN = 6
MAX_FILES = 50

# As the tools read a mention: not inside a word or a path; a backslash keeps a blank.
_MENTION = (
    r"(?<![.@/\\-])(?<!(?![\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af])\w)"
    r"@((?:\\[^\n]|[^\s\\])*)$"
)
_SPECIAL = regex(r"([^\w./~+,:=@%-])", re.ASCII)


class FileSource(Protocol):
    """Knows the files of the workspace.

    Attributes:
        on_change: called, on any thread, when it knows more than before.
    """

    on_change: Callable[[], object]

    def suggest(self, query: str, limit: int) -> Sequence[Choice]:
        """The paths that fit ``query`` best, from what is known so far; at once.

        A folder's ``value`` ends in a slash.
        """
        ...


@contextmanager
def following(files: FileSource, changed: Callable[[], object]) -> Iterator[None]:
    """Calls ``changed`` on the running loop when ``files`` knows more, whatever thread says so."""
    loop = asyncio.get_running_loop()
    files.on_change = lambda: loop.call_soon_threadsafe(changed)
    try:
        yield
    finally:
        files.on_change = lambda: None


class Suggestion(Struct, frozen=True):
    """One way to go on.

    Attributes:
        label: what is shown.
        draft: the whole draft with it.
        cursor: where the cursor is then.
        complete: nothing is left to be added to the draft.
    """

    label: str
    summary: str
    draft: str
    cursor: int
    complete: bool = False


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
        self.items: tuple[Suggestion, ...] = ()
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
        return any(item.complete for item in items)

    def dismiss(self) -> None:
        """Hides them until the draft changes."""
        self._dismissed = True

    def move(self, step: int) -> None:
        """Selects the next or the one before, around the ends."""
        self._chosen = True
        self.selected = (self.selected + step) % len(self.items)

    def accept(self) -> tuple[str, int]:
        """The draft with the selected one, and where the cursor is then."""
        item = self.items[self.selected]
        return item.draft, item.cursor

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

    def _matching(self, text: str, cursor: int, shell: bool) -> list[Suggestion]:
        if not shell and text.startswith("/") and "\n" not in text:
            return self._slash(text)
        return self._mention(text, cursor)

    def _slash(self, text: str) -> list[Suggestion]:
        name, space, argument = text[1:].partition(" ")
        if not space:
            ranked = [
                (rank, _command(f"/{known}", summary, text))
                for known, summary in self._commands.names()
                if (rank := _rank(name.lower(), known)) is not None
            ]
            return [command for _, command in sorted(ranked, key=lambda each: each[0])]
        found = self._commands.find(text)
        if found is not None and found[0].completions is not None:
            return [
                _command(f"/{name} {choice.value}", choice.summary, text)
                for choice in found[0].completions(argument)
            ]
        if found is None or " " in argument.strip():
            return []
        return [
            _command(f"/{name} {choice.value}", choice.summary, text)
            for choice in found[0].choices()
            if choice.value.startswith(argument)
        ]

    def _mention(self, text: str, cursor: int) -> list[Suggestion]:
        if self._files is None:
            return []
        # Only the line that the cursor is in, and only its end, however long the draft is.
        start = max(text.rfind("\n", 0, cursor) + 1, cursor - 1000)
        found = re.search(_MENTION, text[start:cursor])
        if found is None:
            return []
        query = re.sub(r"\\(.)", r"\1", found[1])
        begin = start + found.start()
        return [
            _file(choice, text, begin, cursor)
            for choice in self._files.suggest(query, MAX_FILES)
            if "\n" not in choice.value
        ]


def _rank(typed: str, name: str) -> int | None:
    """How well a command fits, 0 the best; None where its name has not the letters in this order."""
    if name.startswith(typed):
        return 0
    if f"-{typed}" in name:
        return 1
    if typed in name:
        return 2
    rest = iter(name)
    return 3 if all(char in rest for char in typed) else None


def _command(line: str, summary: str, text: str) -> Suggestion:
    # A command may take an argument; an argument is the end.
    draft = line if " " in line else f"{line} "
    return Suggestion(line, summary, draft, len(draft), complete=line.rstrip() == text.rstrip())


def _file(choice: Choice, text: str, begin: int, cursor: int) -> Suggestion:
    path = _SPECIAL.sub(_escaped, choice.value)
    mention, rest = f"@{path}", text[cursor:]
    complete = text[begin:cursor] == mention
    if not path.endswith("/") and not rest[:1].isspace():
        mention += " "
    label = sanitise(choice.label or choice.value).replace("\n", " ")
    draft = text[:begin] + mention + rest
    return Suggestion(label, sanitise(choice.summary), draft, begin + len(mention), complete)


def _escaped(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1].isascii() else match[1]
