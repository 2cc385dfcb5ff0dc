"""An open session with all that belongs to it: its task, what loads late, its commands, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.tools.agents import BUILT_IN
from qwen_dual.runtime.commands.screen import NO_FRONT_END
from qwen_dual.runtime.foreseen import may_have_more
from qwen_dual.runtime.handle import SessionHandle
from qwen_dual.runtime.late import be_found, load_late, load_when_wanted
from qwen_dual.runtime.saved import resume_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.dispatch import Dispatcher
    from qwen_dual.core.commands.rights import LimitedDispatcher
    from qwen_dual.core.tools.ports import ServerControl
    from qwen_dual.protocol.command_shapes import Right
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.commands.screen import FrontEnd
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.mentionable import Mentionable
    from qwen_dual.runtime.registry import Registry

STOP_SECONDS = 3.0
"""How long a turn may take to stop: a tool ends its processes within that."""


class OpenSession(SessionHandle):
    """A session from when it is assembled until ``aclose``; ``SessionFactory`` makes it.

    ``run`` has to run for anything to happen, and ``attach`` to be called once, by the front end if
    there is one: slash commands that come in before wait for it.

    Args:
        launch: what was decided at the start.
        parts: the session and what belongs to it.
        registry: where it stands until it is closed.
        session_id: of the session; the one that events carry now unless given.
    """

    def __init__(
        self, launch: Launch, parts: Parts, registry: Registry, session_id: str | None = None
    ) -> None:
        super().__init__(parts.session, session_id)
        self.successor: OpenSession | None = None
        self.launch = launch
        self.parts = parts
        self._registry = registry
        parts.session.completion = self._completion
        parts.session.document = self._document

    async def run(self) -> None:
        """Runs what is submitted until ``request_close``, and loads what that needs.

        When it is cancelled, the turn that runs has ``STOP_SECONDS`` to end.
        """
        with self.launch.in_log():
            await self._run()

    async def _run(self) -> None:
        turns = anyio.CancelScope(shield=True)

        async def run_session() -> None:
            try:
                with turns:
                    await self.parts.session.run()
                if self.parts.hooking is not None:
                    await self.parts.hooking.end()
            finally:
                self.parts.stopped.set()

        async with anyio.create_task_group() as group:
            group.start_soon(run_session)
            group.start_soon(load_when_wanted, self.launch, self.parts)
            self.parts.begin(group.start_soon)
            try:
                await self.parts.stopped.wait()
            finally:
                self.parts.spawn = None
                await self.stop()
                turns.cancel()
                group.cancel_scope.cancel()

    async def stop(self) -> None:
        """Asks the session to end and waits for its turn, ``STOP_SECONDS`` at the most."""
        self.request_close()
        with anyio.move_on_after(STOP_SECONDS, shield=True):
            await self.parts.stopped.wait()

    def attach(self, front_end: FrontEnd = NO_FRONT_END) -> None:
        """Adds the slash commands that need more than the session, as far as ``front_end`` has it."""
        from qwen_dual.runtime.commands.inspection import Commands
        from qwen_dual.runtime.commands.trust import TrustCommand

        Commands(self.launch, self.parts, front_end).register()
        trust = self.parts.trust = TrustCommand(self.launch, self.parts, front_end.asking)
        trust.register()
        self.parts.session.attended(front_end.draft)
        self.parts.complete.set()

    async def be_found(self) -> None:
        """Lets other programs find the session until this is cancelled, once it has run for a moment."""
        await be_found(self.launch, self.parts, self._registry)

    async def ask_for_trust(self) -> None:
        """Asks about the folder where nobody has decided and it matters; waits for no answer."""
        if self.parts.trust is not None:
            await self.parts.trust.ask_at_start()

    async def load(self) -> list[str]:
        """Has everything loaded, at once; returns what the person should be warned of."""
        return await load_late(self.launch, self.parts)

    async def report_unusable(self) -> None:
        """Tells what cannot be used of what people wrote for the session, once it is loaded.

        For who does not ``load`` everything.
        """
        await self.parts.loaded.wait()
        for wrong in self.parts.unusable:
            self.notice(wrong, "warning")

    @property
    def mcp_servers(self) -> Sequence[Mapping[str, str]]:
        """The ``name`` and the ``status`` of each MCP server, in the reference's words."""
        servers = self.parts.servers
        if servers is None:
            return ()
        return [{"name": at.name, "status": at.word} for at in servers.status()]

    @property
    def connecting(self) -> bool:
        """Whether the first try to connect one of them has not come to something yet."""
        parts, launch = self.parts, self.launch
        if parts.servers is None:
            return not parts.loaded.is_set() and may_have_more(launch)
        return not parts.servers.all_settled

    @property
    def agents(self) -> Sequence[str]:
        """The names of the agents that a model can set to work."""
        agents = self.parts.agents
        return list(BUILT_IN if agents is None else agents.roster.all)

    @property
    def skills(self) -> Sequence[str]:
        """The names of the skills that a model may use."""
        written = self.parts.definitions
        return () if written is None else written.shelf.names()

    def agent_colour(self, name: str) -> str:
        """The colour of an agent's name; empty where it has none."""
        agents = self.parts.agents
        spec = None if agents is None else agents.roster.all.get(name)
        return "" if spec is None else spec.color

    async def settled(self) -> None:
        """Waits until the first try to connect each of them has come to something.

        And until agents, skills and commands are known that somebody wrote.
        """
        if self.parts.servers is None and not may_have_more(self.launch):
            return
        self.parts.wanted.set()
        await self.parts.loaded.wait()
        if self.parts.servers is not None:
            await self.parts.servers.settled()

    @property
    def latest(self) -> OpenSession:
        """This session, or the one that goes on in its place."""
        handle = self
        while handle.successor is not None:
            handle = handle.successor
        return handle

    def follow(self, event: Event) -> None:
        """Takes the place of itself under the id that ``session_changed`` tells."""
        if event.get("subtype") != "session_changed":
            return
        before, now = self.latest, event["data"]["to"]
        before.successor = OpenSession(self.launch, self.parts, self._registry, now)
        self._registry.replace(before, before.successor)

    @property
    def warnings(self) -> list[str]:
        """What the person should be warned of by now; ``load`` looks for more."""
        launch = self.launch
        return [*launch.settings.warnings, *launch.choice.warnings, *self.parts.warnings]

    def dispatcher(
        self,
        actor: Actor,
        *,
        begun: bool = False,
        send: Callable[[Event], object] | None = None,
    ) -> Dispatcher:
        """Carries out the commands that ``actor`` writes to a channel: see ``core.commands.dispatch``."""
        from qwen_dual.core.commands.dispatch import Dispatcher

        return Dispatcher(self.parts.session, actor, self._control, begun=begun, send=send)

    def limited(
        self,
        actor: Actor,
        rights: Collection[Right],
        send: Callable[[Event], object],
    ) -> LimitedDispatcher:
        """The same for a host that may not do everything: see ``core.commands.rights``."""
        from qwen_dual.core.commands.rights import LimitedDispatcher

        session = self.parts.session
        dispatcher = self.dispatcher(actor, send=send)
        return LimitedDispatcher(dispatcher, session, actor, rights, send)

    def _completion(self) -> Mentionable:
        from qwen_dual.runtime.mentionable import mentionable_of

        return mentionable_of(self.launch, self.parts)

    async def _document(self, form: str) -> str:
        await self.parts.complete.wait()
        assert self.parts.saved_sessions is not None
        return await self.parts.saved_sessions.document(form)

    def _control(self) -> ServerControl:
        from qwen_dual.runtime.mcp import control_of

        return control_of(self.launch, self.parts)

    @property
    def resume_hint(self) -> str | None:
        """The command that goes on with what is latest; None where nothing is saved."""
        return resume_hint(self.parts.recorder, self.latest.id)

    def end(self) -> None:
        """Publishes ``session_end``; idempotent. Nothing is published after it."""
        self.parts.session.end()

    async def aclose(self) -> None:
        """Ends what the session started: commands, connections, files; idempotent."""
        self.end()
        self._registry.remove(self.latest)
        with anyio.CancelScope(shield=True):
            await self.parts.aclose()
            if self.launch.telemetry is not None:
                from qwen_dual.core.threads import in_thread

                await in_thread(self.launch.telemetry.close, abandon=False)
        self.launch.close_log()
