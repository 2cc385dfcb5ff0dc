"""``/agents``: which sub-agents there are and where each comes from; makes, changes and removes them."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.threads import in_thread
from qwen_dual.definitions import writing
from qwen_dual.definitions.agents import list_agents
from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.front_matter import read_text
from qwen_dual.protocol.visible import visible, visible_line
from qwen_dual.runtime.agents import agents_of
from qwen_dual.runtime.commands.agent_form import CREATE, EDIT, REMOVE, YES, AgentForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.agents.spec import AgentSpec
    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.questions import Choice, Question
    from qwen_dual.definitions.agents import AgentDefinition
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.commands.screen import FrontEnd
    from qwen_dual.runtime.launch import Launch

EDITED = "edited"
"""The answers of an editor: this, a name, and the new text of its file."""

PERSON_ONLY = "Only the person at the keyboard changes agents; /agents lists them."

NO_EDITOR = (
    "{path} is the file of {name}: change it with an editor of yours, and it counts at once."
)

USAGE = "/agents takes list, show NAME, create, edit NAME or remove NAME, not {given!r}"

MAX_SUMMARY = 200
"""Characters of a description in the list."""


class AgentsCommand:
    """The command of one session.

    Args:
        launch: what was decided at the start.
        parts: the session and its tools.
        front_end: asks, and has an editor, as far as it can.
    """

    def __init__(self, launch: Launch, parts: Parts, front_end: FrontEnd) -> None:
        self._launch = launch
        self._parts = parts
        self._front_end = front_end
        self._agents = agents_of(launch, parts)

    # -- what is asked for -------------------------------------------------------------------

    async def run(self, argument: str, actor: Actor) -> str | None:
        """Lists them, or does what ``argument`` says; only the person changes any."""
        word, _, name = argument.partition(" ")
        name = name.strip()
        if not argument or argument == "list":
            return await self._list()
        if word == "show" and name:
            return await self._show(name)
        if word not in ("create", "new", "manage", "edit", "remove"):
            if name:
                raise CommandFailed(USAGE.format(given=argument))
            return await self._show(word)
        if not actor.is_person:
            raise CommandFailed(PERSON_ONLY)
        await self._agents.load()
        if word == "edit" and name:
            return await self._edit(name)
        begun = {"create": [CREATE], "new": [CREATE], "remove": [name, REMOVE] if name else []}
        return self._ask(begun.get(word, []))

    async def answered(self, answers: Sequence[str], actor: Actor) -> str | None:
        """Does what the answers to the form say."""
        if not actor.is_person:
            raise CommandFailed(PERSON_ONLY)
        first, *rest = answers
        try:
            if first == CREATE:
                return await self._create(rest)
            if first == EDITED:
                return await self._save(*rest)
            if rest[:1] == [EDIT]:
                return await self._edit(first)
            if rest[:1] == [REMOVE]:
                return await self._remove(first) if rest[1:] == [YES] else None
        except DefinitionError as error:
            raise CommandFailed(str(error)) from None
        return await self._show(first)

    def form(self, answers: Sequence[str]) -> Question | None:
        """The next question; the list is what was read last."""
        return self._form.next(answers)

    @property
    def _form(self) -> AgentForm:
        session, launch = self._parts.session, self._launch
        # No agent is given what asks the person.
        tools = [tool for tool in session.tools.values() if tool.kind != "question"]
        return AgentForm(
            tuple(self._agents.roster.all.values()),
            tools=tuple((tool.name, tool.display) for tool in tools),
            reading=tuple(tool.name for tool in tools if tool.kind == "read"),
            models=tuple(session.models),
            folders={
                source: os.path.join(folder, "agents") for source, folder in self._folders.items()
            },
            short=launch.workspace.short,
        )

    def _ask(self, begun: Sequence[str]) -> str | None:
        """Opens the form behind the answers that the command gave."""

        def form(answers: Sequence[str]) -> Question | None:
            return self.form([*begun, *answers])

        def done(answers: Sequence[str]) -> None:
            self._parts.session.answer_form("agents", [*begun, *answers], KEYBOARD)

        if not self._front_end.asking.open_form(form, done, "agents"):
            raise CommandFailed(
                "Nobody can be asked here. Agents are files: see docs/agents.md for what is in one."
            )
        return None

    def choices(self) -> list[Choice]:
        """What may stand behind ``/agents``."""
        return self._form.words()

    # -- what is shown -----------------------------------------------------------------------

    async def _list(self) -> str:
        await self._agents.load()
        hidden, without_effect = await in_thread(self._beside)
        rows: list[str] = []
        for spec in self._agents.roster.all.values():
            rows.append(f"{visible_line(spec.name)}  {self._whence(spec)}")
            summary = visible_line(" ".join(spec.description.split()), "prose")
            rows.append(
                f"    {summary if len(summary) <= MAX_SUMMARY else summary[:MAX_SUMMARY] + '…'}"
            )
            if narrowed := _narrowed(spec):
                rows.append(f"    {narrowed}")
            rows += [f"    {visible_line(text, 'prose')}" for text in spec.unused]
            rows += [f"    in place of {self._place(other)}" for other in hidden.get(spec.name, ())]
        if self._agents.errors:
            rows += ["", "Left out, since their files cannot be used:"]
            rows += [f"    {visible_line(str(error), 'prose')}" for error in self._agents.errors]
        if without_effect:
            rows += ["", "Those of this folder have no effect: it is not trusted (/trust)."]
        return "\n".join(rows)

    def _beside(self) -> tuple[dict[str, list[AgentDefinition | None]], bool]:
        """What there is besides those in force.

        Returns:
            By name, those that another of the same name comes before, None for a built-in one; and
            whether the folder has some that have no effect.
        """
        from qwen_dual.agents.builtin import built_in

        listing = list_agents(
            self._launch.cwd,
            self._launch.home,
            self._launch.workspace.person,
            trusted=self._launch.settings.trusted,
        )
        hidden: dict[str, list[AgentDefinition | None]] = {}
        for definition in listing.shadowed:
            hidden.setdefault(definition.name, []).append(definition)
        for name in built_in():
            for found in listing.found:
                if found.casefold() == name.casefold():
                    hidden.setdefault(found, []).append(None)
        trusted = self._launch.settings.trusted
        return hidden, not trusted and os.path.isdir(self._project)

    async def _show(self, name: str) -> str:
        spec = await self._find(name)
        parts = [f"{visible_line(spec.name)}  {self._whence(spec)}", visible(spec.description)]
        parts += filter(None, [_narrowed(spec)])
        return "\n".join([*parts, "", visible(spec.prompt, "prose")])

    def _whence(self, spec: AgentSpec) -> str:
        words = {"builtin": "built in", "session": "brought by the program that embeds this one"}
        if spec.source in words:
            return words[spec.source]
        whose = "this project's" if spec.source == "project" else "yours"
        return f"{whose} ({self._launch.workspace.short(spec.path)})"

    def _place(self, other: AgentDefinition | None) -> str:
        return "the built-in one" if other is None else self._launch.workspace.short(other.path)

    # -- what is done ------------------------------------------------------------------------

    async def _create(self, answers: Sequence[str]) -> str:
        new = self._form.new(answers)
        source = "project" if answers[0] == "project" else "user"
        path = writing.file_of(os.path.join(self._folders[source], "agents"), new.name)
        text = new.text
        writing.check(text, path, "project" if source == "project" else "user")
        make = partial(writing.write, path, text, root=self._root(source), new=True)
        await in_thread(make)
        await self._agents.load()
        shown = self._launch.workspace.short(path)
        return f"Made the agent {new.name}: {shown}. /agents edit {new.name} opens it."

    async def _edit(self, name: str) -> str | None:
        spec = await self._own(name)
        path = spec.path
        try:
            text = await in_thread(partial(read_text, path, root=self._root(spec.source)))
        except DefinitionError as error:
            raise CommandFailed(str(error)) from None

        def done(changed: str) -> None:
            if changed.rstrip("\n") != text.rstrip("\n"):
                self._parts.session.answer_form("agents", [EDITED, spec.name, changed], KEYBOARD)

        if not self._front_end.screen.edit(text, done):
            return NO_EDITOR.format(path=self._launch.workspace.short(path), name=spec.name)
        return None

    async def _save(self, name: str, text: str) -> str:
        spec = await self._own(name)
        shown = self._launch.workspace.short(spec.path)
        text = text.rstrip("\n") + "\n"
        await in_thread(partial(writing.write, spec.path, text, root=self._root(spec.source)))
        await self._agents.load()
        try:
            now = writing.check(text, spec.path, "user")
        except DefinitionError as error:  # what was typed is kept: it can be mended
            raise CommandFailed(f"Saved, and cannot be used so: {error}") from None
        renamed = "" if now.name == name else f" It is called {visible_line(now.name)} now."
        return f"Saved {shown}.{renamed}"

    async def _remove(self, name: str) -> str:
        spec = await self._own(name)
        await in_thread(partial(writing.remove, spec.path, root=self._root(spec.source)))
        await self._agents.load()
        return f"Removed {self._launch.workspace.short(spec.path)}."

    async def _find(self, name: str) -> AgentSpec:
        from qwen_dual.agents.roster import UnknownAgent

        await self._agents.load()
        try:
            return self._agents.roster.find(name)
        except UnknownAgent as error:
            raise CommandFailed(str(error)) from None

    async def _own(self, name: str) -> AgentSpec:
        """An agent that there is a file of."""
        spec = await self._find(name)
        if not spec.path:
            raise CommandFailed(
                f"{spec.name} is {self._whence(spec)} and has no file; an agent of yours with the "
                "same name comes before it (/agents create)."
            )
        return spec

    # -- places ------------------------------------------------------------------------------

    @property
    def _project(self) -> str:
        return os.path.join(self._launch.cwd, ".qwen", "agents")

    @property
    def _folders(self) -> dict[str, str]:
        """Whose agents may be made, and the folder around theirs."""
        found = {"user": self._launch.home}
        if self._launch.settings.trusted:
            found = {"project": os.path.join(self._launch.cwd, ".qwen"), **found}
        return found

    def _root(self, source: str) -> str | None:
        return self._launch.cwd if source == "project" else None


def _narrowed(spec: AgentSpec) -> str:
    """What an agent is given less than the session, and what it has of its own."""
    told = []
    if spec.reads_only:
        told.append("reads only")
    elif spec.tools is not None:
        told.append(f"tools: {', '.join(spec.tools) or 'none'}")
    if spec.disallowed:
        told.append(f"without: {', '.join(spec.disallowed)}")
    if spec.model not in ("", "inherit"):
        told.append(f"model: {spec.model}")
    if spec.approval_mode:
        told.append(f"approval mode: at most {spec.approval_mode}")
    if spec.background:
        told.append("in the background")
    return visible_line(" · ".join(told), "prose")
