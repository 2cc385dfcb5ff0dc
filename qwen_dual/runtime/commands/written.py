"""``/skills``, ``/commands``, ``/output-style`` and ``/init``: what people write for the agent as files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.commands.slash import Asks
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.threads import in_thread
from qwen_dual.runtime.foreseen import may_have_definitions
from qwen_dual.runtime.late import DEFAULT_STYLE, context_names, load_needed
from qwen_dual.settings import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.definitions import Definitions
    from qwen_dual.runtime.launch import Launch

NO_SKILLS = "No skill: {places} may have folders with a SKILL.md, see docs/skills.md."
NO_COMMANDS = "No command of your own: {places} may have .md files, see docs/commands.md."
NO_STYLES = "No output style: {places} may have .md files, see docs/commands.md."

REVISE = "revise"
KEEP = "keep"

INIT = """Get to know this folder, and write what you would have wanted to know into {name}, for the \
agents that work here after you.

Look before you write: the README and other documents, what builds, tests and runs it (with the \
exact commands, also for one single test), how the code is divided and how its parts depend on one \
another, and rules that hold here and are not seen from one file: naming, style, what must not be \
touched. Take in what other files for agents say (AGENTS.md, CLAUDE.md, .cursorrules, \
.github/copilot-instructions.md).

Write {name} with your tool for files, in Markdown: what this is, in a paragraph; the commands; the \
structure; the conventions. About 60 lines, never over 150. Only what you have seen, nothing that \
is true of every project, and no secrets. If this is no code but notes, data or texts, say what \
there is and how it is arranged instead.
"""
INIT_AGAIN = """
{name} is there already. Read it first, keep what is right and what people wrote by intent, mend what \
is wrong by now, add what is missing, and change it in place rather than writing it anew.
"""


class Written:
    """The commands of one session.

    Args:
        launch: what was decided at the start.
        parts: the session and its tools.
    """

    def __init__(self, launch: Launch, parts: Parts) -> None:
        self._launch = launch
        self._parts = parts

    # -- skills and commands ---------------------------------------------------------------

    async def skills(self) -> str:
        """What there is, and what is wrong with one."""
        found = await self._refreshed()
        told = "" if found is None else found.skills_text()
        return told or NO_SKILLS.format(places=self._places("skills"))

    async def commands(self) -> str:
        """The same of commands."""
        found = await self._refreshed()
        told = "" if found is None else found.commands_text()
        return told or NO_COMMANDS.format(places=self._places("commands"))

    async def _refreshed(self) -> Definitions | None:
        parts = self._parts
        if parts.definitions is None and not may_have_definitions(self._launch):
            return None
        from qwen_dual.runtime.definitions import refresh

        await refresh(self._launch, parts)
        return parts.definitions

    def _places(self, kind: str) -> str:
        own = self._launch.workspace.short(os.path.join(self._launch.home, kind))
        if self._launch.settings.trusted:
            return f".qwen/{kind} here and {own}"
        return f"{own} (and, once this folder is trusted, .qwen/{kind})"

    # -- styles ----------------------------------------------------------------------------

    async def style(self, argument: str, actor: Actor) -> str:
        """Lists the output styles, or takes the one that ``argument`` names."""
        from qwen_dual.runtime.output_styles import styles_of

        launch, parts = self._launch, self._parts
        listing = await in_thread(lambda: styles_of(launch))
        now = (parts.style or launch.settings.get(keys.OUTPUT_STYLE) or DEFAULT_STYLE).casefold()
        if not argument:
            rows = [(DEFAULT_STYLE, "as the program has it")]
            rows += [
                (style.name, f"{style.description} ({style.source})")
                for style in listing.found.values()
            ]
            width = max(len(name) for name, _ in rows)
            said = [
                f"{'●' if name.casefold() == now else ' '} {name:<{width}}  {summary}"
                for name, summary in rows
            ]
            if not listing.found:
                said.append(NO_STYLES.format(places=self._places("output-styles")))
            return "\n".join([*said, *map(str, listing.errors)])
        wanted = argument.casefold()
        if wanted != DEFAULT_STYLE and wanted not in listing.found:
            names = [DEFAULT_STYLE, *(style.name for style in listing.found.values())]
            raise CommandFailed(f"no output style {argument!r}; there are: {', '.join(names)}")
        if launch.spec.system_prompt is not None:
            raise CommandFailed(
                "--system-prompt is all that the model is told: no style has effect."
            )
        name = DEFAULT_STYLE if wanted == DEFAULT_STYLE else listing.found[wanted].name
        parts.style = name
        _, wrong = await load_needed(launch, parts)
        told = f"Output style: {name}, {await self._keep(name) if actor.is_person else 'for this session'}"
        return "\n".join([told, *wrong])

    async def _keep(self, name: str) -> str:
        from qwen_dual.settings.choices import keep_choices
        from qwen_dual.settings.editing import CannotKeep

        launch = self._launch
        try:
            path = await in_thread(
                lambda: keep_choices(launch.home, {keys.OUTPUT_STYLE: name}), abandon=False
            )
        except CannotKeep as error:
            return f"for this session only: {error}"
        return f"from now on: kept in {launch.workspace.short(path)}"

    # -- the context file ------------------------------------------------------------------

    @property
    def _file(self) -> str:
        return context_names(self._launch)[0]

    @property
    def _is_there(self) -> bool:
        return os.path.lexists(os.path.join(self._launch.cwd, self._file))

    def init(self, argument: str) -> Asks | str:
        """Has the model write the context file, or revise it where that is said."""
        if argument == KEEP:
            return f"{self._file} stays as it is."
        if argument not in ("", REVISE):
            raise CommandFailed(f"/init takes nothing or `{REVISE}`, not {argument!r}")
        there = self._is_there
        if there and not argument:
            raise CommandFailed(f"{self._file} is there. `/init {REVISE}` has the model revise it.")
        name = self._file
        return Asks(INIT.format(name=name) + (INIT_AGAIN.format(name=name) if there else ""))

    def init_form(self, answers: Sequence[str]) -> Question | None:
        """Asks where there is a file."""
        if answers or not self._is_there:
            return None
        choices = (
            Choice(REVISE, "Have it revised", "each change is shown as any is"),
            Choice(KEEP, "Leave it as it is"),
        )
        return Question(f"{self._file} is there already.", choices, KEEP)
