"""What could follow at the cursor: commands and their arguments after a slash, files after ``@``. Pure.

The menu of a front end and the command ``complete`` of a host have it from here. Which files and servers
there are is the affair of whoever gives the sources.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from qwen_dual.protocol.regex import regex
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.commands.questions import Choice
    from qwen_dual.core.commands.slash import SlashCommand, SlashCommands

Kind = Literal["command", "argument", "file", "folder", "resource"]

# As the tools read a mention: not inside a word or a path; a backslash keeps a blank.
_MENTION = (
    r"(?<![.@/\\-])(?<!(?![\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af])\w)"
    r"@((?:\\[^\n]|[^\s\\])*)$"
)
_SPECIAL = regex(r"([^\w./~+,:=@%-])", re.ASCII)

_LOOKED_AT = 1000  # characters before the cursor in which a mention may begin


class Candidate(Struct, frozen=True):
    """One way to go on: ``text`` takes the place of the draft from ``begin`` to ``end``.

    Attributes:
        kind: what it is.
        text: what is to stand there; the cursor goes behind it.
        begin: where it begins, in code points.
        end: where what it replaces ends.
        label: what is shown.
        summary: shown beside it; may be empty.
        hint: what may be written behind a command; may be empty.
        exact: the draft says it already, and nothing is left to be added.
    """

    kind: Kind
    text: str
    begin: int
    end: int
    label: str
    summary: str = ""
    hint: str = ""
    exact: bool = False


class Mention(Struct, frozen=True):
    """An ``@`` that the cursor stands behind.

    Attributes:
        query: what is written of the name so far, as it is on the disk.
        begin: where the ``@`` stands.
    """

    query: str
    begin: int


class FileSource(Protocol):
    """Knows what ``@`` may name."""

    def suggest(self, query: str, limit: int) -> Sequence[Choice]:
        """What fits ``query`` best, from what is known so far; at once.

        A folder's ``value`` ends in a slash.
        """
        ...


class CompletionSources(Protocol):
    """What a session completes from, for who can wait."""

    async def ready(self) -> None:
        """Waits until its slash commands are known."""
        ...

    async def find(self, query: str, limit: int) -> tuple[Sequence[Choice], bool]:
        """What ``@`` may name, the best first, and whether all that there is was looked at."""
        ...

    async def changed(self) -> None:
        """Waits until commands know more of their arguments."""
        ...


def slash_candidates(text: str, commands: SlashCommands) -> list[Candidate]:
    """Commands that ``text`` begins, or what the one that it names may go on as; none for other texts."""
    if not text.startswith("/") or "\n" in text:
        return []
    name, space, argument = text[1:].partition(" ")
    if not space:
        ranked = [
            (rank, _command(known, command, text))
            for known, command in commands.all()
            if (rank := _rank(name.lower(), known)) is not None
        ]
        return [command for _, command in sorted(ranked, key=lambda each: each[0])]
    found = commands.find(text)
    if found is None:
        return []
    command = found[0]
    if command.completions is not None:
        return [_argument(name, choice, text) for choice in command.completions(argument)]
    if " " in argument.strip():
        return []
    return [
        _argument(name, choice, text)
        for choice in command.choices()
        if choice.value.startswith(argument)
    ]


def asks_elsewhere(text: str, commands: SlashCommands) -> bool:
    """Whether what the command of ``text`` may go on as is looked for somewhere, and comes later."""
    found = commands.find(text) if text.startswith("/") and " " in text else None
    if found is None:
        return False
    return found[0].completions is not None or not found[0].choices()


def mention_at(text: str, cursor: int) -> Mention | None:
    """The mention that the cursor stands behind; None where it stands behind none."""
    # Only the line that the cursor is in, and only its end, however long the draft is.
    start = max(text.rfind("\n", 0, cursor) + 1, cursor - _LOOKED_AT)
    found = re.search(_MENTION, text[start:cursor])
    if found is None:
        return None
    return Mention(re.sub(r"\\(.)", r"\1", found[1]), start + found.start())


def mention_candidates(
    choices: Sequence[Choice], text: str, mention: Mention, cursor: int
) -> list[Candidate]:
    """What was found for a mention, as it is written in a prompt."""
    return [
        _mentioned(choice, text, mention.begin, cursor)
        for choice in choices
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


def _command(name: str, command: SlashCommand, text: str) -> Candidate:
    line = f"/{name}"
    exact = line == text.rstrip()
    # The blank is for an argument, which it may take.
    return Candidate(
        "command", f"{line} ", 0, len(text), line, command.summary, command.hint, exact
    )


def _argument(name: str, choice: Choice, text: str) -> Candidate:
    line = f"/{name} {choice.value}"
    exact = line.rstrip() == text.rstrip()
    return Candidate("argument", line, 0, len(text), line, choice.summary, exact=exact)


def _mentioned(choice: Choice, text: str, begin: int, cursor: int) -> Candidate:
    path = _SPECIAL.sub(_escaped, choice.value)
    written, rest = f"@{path}", text[cursor:]
    exact = text[begin:cursor] == written
    kind: Kind = "folder" if path.endswith("/") else choice.kind or "file"
    if kind != "folder" and not rest[:1].isspace():
        written += " "
    label = sanitise(choice.label or choice.value).replace("\n", " ")
    return Candidate(kind, written, begin, cursor, label, sanitise(choice.summary), exact=exact)


def _escaped(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1].isascii() else match[1]
