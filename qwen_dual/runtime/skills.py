"""The skills of a session: what the model is told of them, and what becomes of one that is used."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.slash import Asks, SlashCommand
from qwen_dual.core.threads import in_thread
from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.skills import read_skill
from qwen_dual.protocol.events import ENTERED_CALL
from qwen_dual.tools.calls import one_line
from qwen_dual.tools.skill import LoadedSkill, SkillTool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.permissions import Rule
    from qwen_dual.definitions.skills import Skill
    from qwen_dual.runtime.assembly import Parts

DESCRIPTION_CHARS = (400, 200, 100, 50, 0)
"""What a model is told of one skill before it uses that: as much as there is room for all."""

MAX_LISTING = 12_000
"""Characters that it is told of all."""

HOOKS_LEFT_OUT = "The skill {name} brings hooks, which do not run here: what they are to prevent is not prevented."


class Shelf:
    """The skills of one session, for the tool and for commands.

    Args:
        parts: the session and its tools.
        found: those there are by now.
        short: a path for a person.
    """

    def __init__(
        self, parts: Parts, found: Callable[[], Mapping[str, Skill]], short: Callable[[str], str]
    ) -> None:
        self._parts = parts
        self._found = found
        self._short = short
        self._opened: set[str] = set()

    def names(self) -> Sequence[str]:
        """Those that a model may use."""
        return [skill.name for skill in self._ordered() if not skill.hides_from_model]

    def listing(self) -> str:
        """What the model is told of them: a line each, bounded in all."""
        skills = [skill for skill in self._ordered() if not skill.hides_from_model]
        for chars in DESCRIPTION_CHARS:
            told = "\n".join(_told(skill, chars) for skill in skills)
            if len(told) <= MAX_LISTING:
                return told
        cut = told[:MAX_LISTING].rpartition("\n")[0]
        return f"{cut}\nand {len(skills) - cut.count(chr(10)) - 1} more, which a person can name"

    def tool(self) -> SkillTool:
        """The tool that gives them, as they are by now."""
        return SkillTool(self, ENTERED_CALL)

    async def load(self, name: str, arguments: str, *, entered: bool) -> LoadedSkill:
        """One of them as its file is by now; ValueError says why not."""
        known_as = self._found().get(name)
        if known_as is None or (known_as.hides_from_model and not entered):
            known = ", ".join(self.names()) or "none"
            raise ValueError(f"There is no skill {name[:100]!r}. Skills: {known}.")
        try:
            skill, body = await in_thread(partial(read_skill, known_as))
        except DefinitionError as error:
            raise ValueError(f"The skill {name} cannot be used: {error}") from None
        self._open(skill)
        text = (
            f"Base directory for this skill: {skill.folder}\n"
            f"Paths below are relative to it.\n\n{body}\n"
        )
        if arguments:
            text += f"\nWhat it is asked for: {arguments}\n"
        if skill.has_hooks:
            self._parts.session.notice(HOOKS_LEFT_OUT.format(name=skill.name), "warning")
        if entered and skill.source == "user":  # a file of the person's, which the person names
            for rule in self._wanted(skill):
                self._parts.session.policy.remember(rule)
        whose = "of this folder" if skill.source == "project" else "your own"
        return LoadedSkill(skill.name, text, tuple(self._wanted(skill)), whose)

    def allow(self, skill: LoadedSkill) -> None:
        """Lets run without asking, for the rest of the session, what it asks for."""
        for rule in skill.asks_for:
            self._parts.session.policy.remember(rule)

    def commands(self) -> Iterator[SlashCommand]:
        """The commands by which a person uses them."""
        for skill in self._ordered():
            if not skill.hides_from_person:
                yield self._command(skill)

    def told(self) -> list[str]:
        """A line for each, for a person."""
        marks = {(True, False): ", you alone", (False, True): ", the model alone"}
        return [
            f"/{skill.name}  {one_line(skill.description, 200)}\n"
            f"    {self._short(skill.path)}"
            f"{marks.get((skill.hides_from_model, skill.hides_from_person), '')}"
            + (f"; asks for {', '.join(skill.allowed_tools)}" if skill.allowed_tools else "")
            for skill in self._ordered()
        ]

    def _ordered(self) -> list[Skill]:
        return sorted(self._found().values(), key=lambda skill: (-skill.priority, skill.name))

    def _command(self, skill: Skill) -> SlashCommand:
        name = skill.name

        async def run(arguments: str, actor: Actor) -> Asks:
            entered = self._parts.session.entered
            result = await entered.run(SkillTool.name, {"skill": name, "args": arguments})
            if result.is_error:
                entered.settle()
                raise CommandFailed(result.text)
            return Asks(result.text, own=arguments)

        return SlashCommand(
            name.lower(),
            f"{one_line(skill.description, 200)} (skill)",
            run,
            while_busy=False,
            hint=one_line(skill.argument_hint, 100),
            takes_lines=True,
        )

    def _open(self, skill: Skill) -> None:
        """Lets the files of a skill in use be read, wherever they are."""
        folder = os.path.realpath(skill.folder)
        if folder not in self._opened:
            self._opened.add(folder)
            self._parts.tools.let_read(folder)

    def _wanted(self, skill: Skill) -> Iterator[str]:
        """The rules of ``allowed-tools`` that say more than what holds anyway."""
        policy = self._parts.session.policy
        if policy.mode == "yolo":
            return
        for text in skill.allowed_tools:
            try:
                rule = policy.names.parse(text)
            except ValueError:
                continue
            if self._says_something(rule) and not policy.has_leave(rule):
                yield text

    def _says_something(self, rule: Rule) -> bool:
        """Not of a tool that is not there, nor one that reads: in the workspace it does so unasked."""
        kinds = {tool.kind for tool in self._parts.session.tools.known if rule.names(tool.name)}
        return bool(kinds - {"read", "plan", "question"})


def _told(skill: Skill, chars: int) -> str:
    return f"- {skill.name}: {one_line(skill.description, chars)}" if chars else f"- {skill.name}"
