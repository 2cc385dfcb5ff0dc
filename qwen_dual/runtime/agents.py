"""The agents of a session, put together: who there is, their models, and what they are told of the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.agents.crew import Crew
from qwen_dual.agents.roster import Roster
from qwen_dual.agents.spec import FAST, INHERIT, AgentSpec
from qwen_dual.core.threads import in_thread
from qwen_dual.runtime.context_files import as_prompt
from qwen_dual.runtime.environment import place
from qwen_dual.runtime.foreseen import person
from qwen_dual.settings import keys
from qwen_dual.tools.todo import TodoWriteTool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.models.model import Model
    from qwen_dual.core.tools.tool import Tool
    from qwen_dual.definitions.agents import AgentDefinition
    from qwen_dual.definitions.errors import DefinitionError
    from qwen_dual.definitions.places import Listing
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

MOST_DEPTH = 100

OUT = "An agent is left out: {}"
NO_MODEL = "its model {name!r} is not configured here; it works with {used}."


def agents_of(launch: Launch, parts: Parts) -> SessionAgents:
    """The agents of a session; from now on it has them."""
    if parts.agents is None:
        parts.agents = SessionAgents(launch, parts)
    return parts.agents


class SessionAgents:
    """``agents.crew.Around`` for one session, its crew, and the files of agents.

    Args:
        launch: what was decided at the start; its workspace may be another later.
        parts: the session and its tools.

    Attributes:
        roster: who there is.
        crew: runs them.
        errors: the files that cannot be used.
    """

    def __init__(self, launch: Launch, parts: Parts) -> None:
        self._launch = launch
        self._parts = parts
        self.errors: Sequence[DefinitionError] = ()
        self._stamp: tuple[object, ...] = ()
        self.roster = Roster()
        self.crew = Crew(parts.session, self.roster, self, waits=launch.spec.await_agents)

    # -- agents.crew.Around --------------------------------------------------------------------

    @property
    def max_depth(self) -> int:
        """How deep agents may be nested."""
        given = self._launch.spec.max_subagent_depth
        depth = self._launch.settings.get(keys.MAX_SUBAGENT_DEPTH) if given is None else given
        return max(1, min(depth, MOST_DEPTH))

    @property
    def own_tools(self) -> Mapping[str, Callable[[], Tool]]:
        """An agent's list of what is to be done is not the main agent's."""
        return {TodoWriteTool.name: TodoWriteTool}

    def system(self, spec: AgentSpec) -> str:
        """What an agent is told first."""
        around = f"{spec.prompt}\n\n{place(self._launch.cwd, self._launch.branch.name)}"
        return around + as_prompt(self._parts.context_files)

    def model(self, spec: AgentSpec, parent: Model) -> tuple[Model, str]:
        """The model of an agent, and what is to be said of that."""
        name = spec.model
        known = self._parts.session.models
        if name == FAST:
            name = self._launch.settings.get(keys.FAST_MODEL) or ""
        if name in INHERIT:
            return parent, ""
        # A provider may stand before the name, as Qwen Code's files have it.
        for candidate in (name, name.partition(":")[2]):
            if candidate in known:
                return known[candidate], ""
        return parent, NO_MODEL.format(name=name, used=parent.name)

    async def reload(self) -> None:
        """Looks again which agents there are files of; tells of those that cannot be used."""
        for warning in await self.load():
            self._parts.session.notice(warning, "warning")

    # -- files ---------------------------------------------------------------------------------

    async def load(self) -> list[str]:
        """Reads the files of agents; returns what is wrong with those that were not so before."""
        if self._launch.spec.bare:
            return []
        from qwen_dual.definitions.errors import listed

        self._stamp, listing = await in_thread(self._look)
        before = {str(error) for error in self.errors}
        self.errors = listing.errors
        self.roster.file(map(spec_of, listing.found.values()))
        new = [error for error in listing.errors if str(error) not in before]
        told = [OUT.format(error.shortened(self._launch.workspace.short)) for error in new]
        return listed(told, "/agents lists them")

    async def refresh(self) -> list[str]:
        """As ``load``, but only where a file is another by now, or has come, or gone."""
        if self._launch.spec.bare or await in_thread(self._stamped) == self._stamp:
            return []
        return await self.load()

    def _look(self) -> tuple[tuple[object, ...], Listing[AgentDefinition]]:
        from qwen_dual.definitions.agents import list_agents

        stamp, launch = self._stamped(), self._launch
        trusted = launch.settings.trusted
        return stamp, list_agents(launch.cwd, launch.home, person(launch), trusted=trusted)

    def _stamped(self) -> tuple[object, ...]:
        from qwen_dual.definitions.places import stamp

        launch = self._launch
        trusted = launch.settings.trusted
        return stamp("agents", launch.cwd, launch.home, person(launch), trusted=trusted)


def spec_of(definition: AgentDefinition) -> AgentSpec:
    """The agent that a file describes."""
    idle = (("hooks", definition.hooks), ("mcpServers", definition.mcp_servers))
    return AgentSpec(
        name=definition.name,
        description=definition.description,
        prompt=definition.prompt,
        tools=definition.tools,
        disallowed=definition.disallowed_tools,
        model=definition.model,
        approval_mode=definition.approval_mode,
        max_turns=definition.max_turns,
        max_minutes=definition.max_minutes,
        background=bool(definition.background),
        color=definition.color,
        source=definition.source,
        path=definition.path,
        unused=tuple(
            f"{key} of its file has no effect in this version." for key, is_set in idle if is_set
        ),
    )
