"""The skills and commands of a session that people wrote as files: looked for, and looked at again.

Looked at when a prompt or a command is about to run, and when trust changes: nothing watches. A session
with no such folder imports none of this (``foreseen.may_have_definitions``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.core.threads import in_thread
from qwen_dual.definitions.commands import list_commands
from qwen_dual.definitions.errors import listed
from qwen_dual.definitions.places import stamp
from qwen_dual.definitions.skills import list_skills
from qwen_dual.protocol.visible import visible_line
from qwen_dual.runtime.custom_commands import CustomCommands
from qwen_dual.runtime.foreseen import SLASH_COMMANDS
from qwen_dual.runtime.skills import Shelf
from qwen_dual.settings import keys
from qwen_dual.tools.skill import SkillTool

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwen_dual.core.commands.slash import SlashCommand
    from qwen_dual.definitions.commands import CustomCommand
    from qwen_dual.definitions.places import Listing
    from qwen_dual.definitions.skills import Skill
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

NONE_FOR_MODELS = "(none that you may use: a person names those there are)"

SKILL_OUT = "A skill is left out: {}"
COMMAND_OUT = "A command is left out: {}"


class Looked(Struct, frozen=True):
    """What was found on one look."""

    stamp: tuple[Any, ...]
    skills: Listing[Skill]
    commands: Listing[CustomCommand]


class Definitions:
    """Those of one session; ``definitions_of`` makes them.

    Args:
        launch: what was decided at the start; its workspace may be another later.
        parts: the session and its tools.
    """

    def __init__(self, launch: Launch, parts: Parts) -> None:
        self._launch = launch
        self._parts = parts
        self._now: Looked | None = None
        self._owned: dict[str, SlashCommand] = {}
        self._listing = ""
        self._warned: set[str] = set()
        self._hidden: list[str] = []
        self.shelf = Shelf(
            launch, parts, lambda: {} if self._now is None else self._now.skills.found, self._short
        )
        self.commands = CustomCommands(parts, self._short)
        launch.bus.subscribe(
            self._follow, name="What skills were allowed", on_error="keep", streamed=False
        )

    def _follow(self, event: Event) -> None:
        if event.get("subtype") == "session_changed":
            self.shelf.forget()

    async def refresh(self) -> list[str]:
        """Takes what there is by now; returns what of it is new and cannot be used."""
        found = await in_thread(self._look)
        if found is None:
            return []
        self._now = found
        if not self._launch.settings.trusted:
            self.shelf.distrust()
        self._offer()
        self._register(found)
        return self._warnings(found)

    def skills_text(self) -> str:
        """The text of ``/skills``."""
        if self._now is None:
            return ""
        return "\n".join(
            [*self.shelf.lines(), *map(SKILL_OUT.format, self._wrong(self._now.skills))]
        )

    def commands_text(self) -> str:
        """The text of ``/commands``."""
        if self._now is None:
            return ""
        rows = [self.commands.lines_of(one) for one in self._now.commands.found.values()]
        wrong = map(COMMAND_OUT.format, self._wrong(self._now.commands))
        return "\n".join([*rows, *self._hidden, *wrong])

    def _look(self) -> Looked | None:
        """What there is; None where it is what there was. Reads files."""
        launch = self._launch
        where = (launch.cwd, launch.home, launch.workspace.person)
        trusted = launch.settings.trusted
        left_out = {name.casefold() for name in launch.settings.get(keys.SKILLS_DISABLED)}
        now = (
            trusted,
            frozenset(left_out),
            stamp("skills", *where, trusted=trusted),
            stamp("commands", *where, trusted=trusted),
        )
        if self._now is not None and self._now.stamp == now:
            return None
        listed = list_skills(*where, trusted=trusted)
        kept = {
            name: one
            for name, one in listed.found.items()
            if left_out.isdisjoint((name.casefold(), "*"))
        }
        skills = replace(listed, found=kept)
        return Looked(now, skills, list_commands(*where, trusted=trusted))

    def _offer(self) -> None:
        """Tells the model of the skills, where they are others."""
        listing = self.shelf.listing()
        if not listing and self._now is not None and self._now.skills.found:
            listing = NONE_FOR_MODELS  # a person's use of one goes through the tool as well
        if listing != self._listing:
            self._listing = listing
            new = [self.shelf.tool(listing)] if listing else []
            self._parts.session.tools.exchange((SkillTool.name,), new)

    def _register(self, found: Looked) -> None:
        """Puts the commands in the place of those there were; one that is there already stays."""
        slash = self._parts.session.slash
        ours = self._owned.items()
        slash.remove([name for name, command in ours if slash.named(name) is command])
        self._owned, self._hidden = {}, []
        for command, path in self._candidates(found):
            if command.name in SLASH_COMMANDS or slash.named(command.name) is not None:
                self._hidden.append(f"{path}: there is another /{command.name}, which goes before")
                continue
            slash.add(command)
            self._owned[command.name] = command
        self._parts.completions_changed()

    def _candidates(self, found: Looked) -> Iterable[tuple[SlashCommand, str]]:
        """Commands before skills, as in the reference."""
        for custom in found.commands.found.values():
            yield self.commands.command(custom), self._short(custom.path)
        paths = {name.lower(): skill.path for name, skill in found.skills.found.items()}
        for command in self.shelf.commands():
            yield command, self._short(paths[command.name])

    def _warnings(self, found: Looked) -> list[str]:
        skills = map(SKILL_OUT.format, self._wrong(found.skills))
        commands = map(COMMAND_OUT.format, self._wrong(found.commands))
        errors = [*skills, *commands, *self._hidden]
        new = [error for error in errors if error not in self._warned]
        self._warned.update(new)
        return listed(new, "/skills and /commands list them")

    def _wrong(self, listing: Listing[Any]) -> list[str]:
        return [error.shortened(self._short) for error in listing.errors]

    def _short(self, path: str) -> str:
        return visible_line(self._launch.workspace.short(path), "prose")


async def refresh(launch: Launch, parts: Parts) -> Sequence[str]:
    """Has the session know what there is by now; returns what of it is new and cannot be used."""
    if parts.definitions is None:
        parts.definitions = Definitions(launch, parts)
    return await parts.definitions.refresh()
