"""Prompts of MCP servers as slash commands of the session, as long as their server has them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.commands.slash import Asks, SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.mcp.bounds import line
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.prompts import WrongArguments, arguments_of, blocks_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.session.session import Session
    from qwen_dual.mcp.records import PromptRecord, ServerStatus
    from qwen_dual.mcp.servers import Servers


MAX_VALUES = 200
"""Begun values of arguments whose ends are kept."""


class McpPrompts:
    """The commands of the prompts of one session.

    A name that a command of ours has, or that of another server, becomes ``server:prompt``.

    Args:
        session: whose commands they are.
        servers: what has the prompts.
        begin_task: begins what goes on beside.
        on_values: called when more is known of what arguments may be.
    """

    def __init__(
        self,
        session: Session,
        servers: Servers,
        begin_task: Callable[[Callable[[], Coroutine[Any, Any, None]]], object],
        on_values: Callable[[], object],
    ) -> None:
        self._session = session
        self._servers = servers
        self._spawn = begin_task
        self._on_values = on_values
        self._values: dict[tuple[str, str, str, str], tuple[str, ...]] = {}
        self._known: dict[str, tuple[PromptRecord, ...]] = {}
        self._names: dict[str, list[str]] = {}

    def follow(self, status: ServerStatus) -> None:
        """Takes a server's prompts as they are by now."""
        if self._known.get(status.name, ()) == status.prompts:
            return
        self.forget(status.name)
        self._known[status.name] = status.prompts
        names = self._names[status.name] = []
        for prompt in status.prompts:
            name = self._free_name(status.name, prompt.name)
            if name:
                self._session.slash.add(self._command(name, status.name, prompt))
                names.append(name)

    def forget(self, server: str) -> None:
        """The server is gone, and its prompts with it."""
        self._known.pop(server, None)
        self._session.slash.remove(self._names.pop(server, []))

    def names_of(self, server: str) -> Sequence[str]:
        """The commands of a server's prompts, without the slash."""
        return tuple(self._names.get(server, ()))

    def _free_name(self, server: str, prompt: str) -> str:
        plain = typable(prompt)
        for name in (plain, f"{typable(server)}:{plain}"):
            if plain and self._session.slash.named(name) is None:
                return name
        return ""

    def _command(self, name: str, server: str, prompt: PromptRecord) -> SlashCommand:
        said = prompt.title or prompt.description or "a prompt"
        asks = any(argument.required for argument in prompt.arguments)

        async def run(typed: str, actor: Actor) -> Asks:
            try:
                values = arguments_of(prompt, typed)
            except WrongArguments as error:
                raise CommandFailed(f"/{name}: {error}") from None
            return await self._asked(server, prompt, values)

        async def answered(answers: Sequence[str], actor: Actor) -> Asks:
            given = zip(prompt.arguments, answers, strict=False)
            values = {argument.name: answer for argument, answer in given if answer}
            return await self._asked(server, prompt, values)

        return SlashCommand(
            name,
            f"{line(said, 100)} ({line(server)})",
            run,
            lambda: [
                Choice(f"--{argument.name}=", summary=argument.description)
                for argument in prompt.arguments
            ],
            completions=partial(self._completions, server, prompt),
            while_busy=False,
            form=partial(_question, name, prompt) if asks else None,
            answered=answered if asks else None,
        )

    def _completions(self, server: str, prompt: PromptRecord, typed: str) -> Sequence[Choice]:
        """What ``typed`` may go on as: names of arguments, and values that the server proposes.

        It is asked beside what goes on: what it says counts from the next key on.
        """
        before, _, last = typed.rpartition(" ")
        before = f"{before} " if before else ""
        name, equals, begun = last.removeprefix("--").partition("=")
        if not (equals and last.startswith("--")):
            return [
                Choice(f"{before}--{argument.name}=", summary=argument.description)
                for argument in prompt.arguments
                if f"--{argument.name}=".startswith(last) and f"--{argument.name}=" not in before
            ]
        if '"' in begun or name not in {argument.name for argument in prompt.arguments}:
            return []
        asked = (server, prompt.name, name, begun)
        if asked not in self._values:
            if len(self._values) >= MAX_VALUES:
                self._values.clear()
            self._values[asked] = ()
            self._spawn(partial(self._ask_values, asked))
        return [
            Choice(f"{before}--{name}={_quoted(value)}")
            for value in self._values[asked]
            if value.casefold().startswith(begun.casefold())
        ]

    async def _ask_values(self, asked: tuple[str, str, str, str]) -> None:
        try:
            found = await self._servers.complete(*asked)
        except ValueError:  # the server is gone
            return
        self._values[asked] = tuple(found)
        self._on_values()

    async def _asked(self, server: str, prompt: PromptRecord, values: dict[str, str]) -> Asks:
        try:
            result = await self._servers.prompt(server, prompt.name, values)
        except (ServerFailure, ValueError) as error:
            raise CommandFailed(f"{line(server)} gives no prompt: {error}") from error
        blocks = blocks_of(result)
        text = text_of(blocks)
        if not blocks:
            raise CommandFailed(f"{line(server)} gave an empty prompt.")
        content = tuple(blocks) if any(each["type"] == "image" for each in blocks) else ()
        return Asks(text or "(an image)", content)


def _quoted(value: str) -> str:
    if not re.search(r'[\s"\\]', value):
        return value
    escaped = re.sub(r'(["\\])', r"\\\1", value)
    return f'"{escaped}"'


def typable(name: str) -> str:
    """``name`` as the name of a command: no blank, no slash, in lower case."""
    return re.sub(r"[^\w.:-]+", "-", line(name)).strip("-").lower()


def _question(name: str, prompt: PromptRecord, answers: Sequence[str]) -> Question | None:
    if len(answers) >= len(prompt.arguments):
        return None
    argument = prompt.arguments[len(answers)]
    return Question(
        f"/{name}: {argument.name}{'' if argument.required else ' (optional)'}",
        optional=not argument.required,
        details=(argument.description,) if argument.description else (),
    )
