"""The registry of slash commands: names, summaries, and how one is found and run.

Front ends and channels share it, so that a remote ``/stats`` is what a typed one is. What a command
does, its owner registers: the session its own (``builtin``), the runtime those of other rooms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.questions import Choice, Form
    from qwen_dual.protocol.shapes import ImageBlock, TextBlock


class Asks(Struct, frozen=True):
    """What a command has the model asked, in place of something to show; a turn follows.

    Attributes:
        text: it in words.
        content: what the model is sent, where that is more than the text.
        own: the part of ``text`` that whoever gave the command wrote: in the rest no ``@name`` means
            a file, since somebody else may have written it.
    """

    text: str
    content: tuple[TextBlock | ImageBlock, ...] = ()
    own: str = ""


if TYPE_CHECKING:
    Said = str | Asks | None
    Output = Said | Awaitable[Said]

Need = Literal["clipboard", "theme", "editor"]
"""What a front end may have and another lack."""

RETRY = "/retry"
"""The command that makes a failed model call again; a turn of its own where there is one."""

MAX_HELP_WIDTH = 36
"""Columns that ``/help`` keeps for names; a longer one moves its summary along."""

_NEEDED: dict[Need, str] = {
    "clipboard": "a clipboard",
    "theme": "colours to choose from",
    "editor": "an editor for prompts",
}


class SlashCommand(Struct, frozen=True):
    """One command.

    Attributes:
        name: without the slash.
        summary: one line for ``/help`` and completion.
        run: takes the arguments as one string and who gave it;
            returns what to show, or None, or what the model is asked. One that has to wait for something returns an
            awaitable; what that says is told when it is there, also in the middle of a turn.
        choices: the values that its first argument may have, for completion; none where empty.
        completions: takes the arguments as far as they are typed; what they may be in place of that. ``choices``
            where None.
        while_busy: whether a person may run it in the middle of a turn.
        form: what a front end asks when a person enters the command without an argument.
        answered: takes the answers to ``form`` and who gave them; returns like ``run``. Without it ``run`` gets the
            first answer as its argument.
        opens: begins to ask the person who entered the command without an argument, where that takes a
            look at something first. Used between turns.
        needs: what of a front end it cannot do without.
        hint: what may be written behind its name, for a person.
        takes_lines: whether that may be more than one line.
    """

    name: str
    summary: str
    run: Callable[[str, Actor], Output]
    choices: Callable[[], Sequence[Choice]] = tuple
    completions: Callable[[str], Sequence[Choice]] | None = None
    while_busy: bool = True
    form: Form | None = None
    answered: Callable[[Sequence[str], Actor], Output] | None = None
    opens: Callable[[], object] | None = None
    needs: Sequence[Need] = ()
    hint: str = ""
    takes_lines: bool = False


class SlashCommands:
    """All commands of a session, in the order of registration.

    Attributes:
        offered: what the front end has of what commands need.
    """

    def __init__(self) -> None:
        self.offered: frozenset[Need] = frozenset()
        self._commands: dict[str, SlashCommand] = {}

    def add(self, command: SlashCommand, *aliases: str) -> None:
        """Registers ``command`` under its name and its aliases."""
        for name in (command.name, *aliases):
            self._commands[name] = command

    def remove(self, names: Sequence[str]) -> None:
        """Takes commands out; unknown names are ignored."""
        for name in names:
            self._commands.pop(name, None)

    def names(self) -> list[tuple[str, str]]:
        """Every name with its summary, aliases included."""
        return [(name, command.summary) for name, command in self._commands.items()]

    def all(self) -> list[tuple[str, SlashCommand]]:
        """Every name with its command, aliases included."""
        return list(self._commands.items())

    def find(self, text: str) -> tuple[SlashCommand, str] | None:
        """The command that ``text`` invokes and its arguments; None when there is none."""
        name, _, arguments = text[1:].partition(" ")
        if "\n" in name:  # more lines, of which the first is the name alone
            name, _, arguments = text[1:].partition("\n")
        command = self._commands.get(name.strip().lower())
        return None if command is None else (command, arguments.strip())

    def invoked_by(self, text: str) -> bool:
        """Whether ``text`` invokes a command: one of several lines only one that takes them."""
        if is_slash(text):
            return True
        if not text.startswith("/") or "\n" not in text:
            return False
        found = self.find(text)
        return found is not None and found[0].takes_lines

    def named(self, name: str) -> SlashCommand | None:
        """The command of this name."""
        return self._commands.get(name)

    def lacking(self, command: SlashCommand) -> str:
        """Why ``command`` cannot be run in this front end; empty where it can."""
        missing = [_NEEDED[need] for need in command.needs if need not in self.offered]
        if not missing:
            return ""
        return f"/{command.name} needs {' and '.join(missing)}, which this front end has not."

    def unknown(self, text: str) -> str:
        """What to say of a command that does not exist: its name, and the nearest that does."""
        name = text[1:].split(maxsplit=1)[0] if text[1:].split() else ""
        from difflib import get_close_matches

        near = get_close_matches(name, self._commands, n=1, cutoff=0.5)
        hint = f"Did you mean /{near[0]}?" if near else "/help lists the commands."
        return f"Unknown command /{name}. {hint}"

    def help(self) -> str:
        """The text of ``/help``: one line a command, aliases joined."""
        rows: dict[str, list[str]] = {}
        for name, command in self._commands.items():
            rows.setdefault(command.name, []).append(f"/{name}")
        left = {name: ", ".join(names) for name, names in rows.items()}
        for name in left:
            command = self._commands[name]
            if command.hint or command.choices():  # to look for those may take reading files
                left[name] += f" {command.hint or '[…]'}"
        width = min(max(map(len, left.values()), default=0), MAX_HELP_WIDTH)
        return "\n".join(
            f"{text:<{width}}  {self._commands[name].summary}" for name, text in left.items()
        )


def is_slash(text: str) -> bool:
    """Whether ``text`` invokes a command: a path such as ``/usr/bin`` does not."""
    if not text.startswith("/") or "\n" in text:
        return False
    end = text.find(" ")  # what stands behind it may be megabytes
    word = text[1:] if end < 0 else text[1:end]
    return bool(word) and "/" not in word
