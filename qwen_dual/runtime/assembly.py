"""Puts the parts of a session together: models, tools, rules, the recorder, the commands.

What is loaded after the first paint (what the settings say in full, the context files) is ``late``'s.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct, field

from qwen_dual.core.commands.builtin import register
from qwen_dual.core.session.session import Session
from qwen_dual.core.session.stats import Stats
from qwen_dual.core.threads import in_thread
from qwen_dual.models.deferred import DeferredModel
from qwen_dual.runtime.environment import system_prompt
from qwen_dual.runtime.foreseen import may_have_agents, may_have_definitions
from qwen_dual.runtime.in_force import apply_settings, set_up_modes
from qwen_dual.runtime.sandboxing import make_sandbox
from qwen_dual.runtime.saved import keep_commands, keep_files, make_recorder, offer_saved, points_in
from qwen_dual.settings import keys
from qwen_dual.tools.agent import AgentTool
from qwen_dual.tools.capture import Limits
from qwen_dual.tools.toolset import toolset

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from qwen_dual.chats.recorder import Recorder
    from qwen_dual.chats.running import RunningSession
    from qwen_dual.core.session.worker import Needed
    from qwen_dual.core.tools.agent_tasks import Agents
    from qwen_dual.definitions.styles import OutputStyle
    from qwen_dual.mcp.servers import Servers
    from qwen_dual.mcp.transports import TransportFactory
    from qwen_dual.protocol.content_shapes import MentionedImage
    from qwen_dual.protocol.events import Event
    from qwen_dual.rewind.keeper import SessionFiles
    from qwen_dual.runtime.agents import SessionAgents
    from qwen_dual.runtime.commands.saved_sessions import SavedSessions
    from qwen_dual.runtime.commands.trust import TrustCommand
    from qwen_dual.runtime.context_files import ContextFile
    from qwen_dual.runtime.definitions import Definitions
    from qwen_dual.runtime.hooking import Hooking
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.mcp_control import McpControl
    from qwen_dual.runtime.mentionable import Mentionable
    from qwen_dual.runtime.planning import Planning
    from qwen_dual.sandbox.confine import Sandbox
    from qwen_dual.tools.toolset import Toolset


MAY_CHANGE = ("user", "result")
"""Events after which the work tree may be another: a tool has run, or a turn has ended."""


class Parts(Struct):
    """A session and what belongs to it.

    Attributes:
        wanted: set when what a prompt needs is to be loaded: a prompt waits, or the UI is there.
        loaded: set when that is done; prompts wait for it.
        stopped: set when the session's task has ended.
        trust: the command about the folder, once there is a front end.
        complete: set when the UI has added its slash commands; those that come in wait for it.
        unusable: what was wrong with what was loaded for prompts.
        warnings: about rules that cannot be used.
        sandbox: what commands are confined by, if anything.
        running: tells other programs of the session, once that is loaded.
        mcp: what steers the MCP servers; None as long as nobody had to (``mcp.control_of``).
        servers: the MCP servers; None as long as there was none (``mcp.servers_of``).
        sdk: reaches those that live in the program which runs this one; None where there is none.
        spawn: begins what goes on as long as the session; None while that does not run.
        hooking: its hooks, once there are any.
        planning: its plans, once there are any (``planning.planning_of``).
        agents: its sub-agents, once there is one, or a file of one.
        context_files: those in force.
        definitions: the skills and commands that people wrote, once there are any.
        style: the name of the output style in force; None where none is.
        mentionable: what it completes from, once somebody asked (``mentionable.mentionable_of``).
        completions_changed: called when commands know more of their arguments than before.
        base_system: the system prompt without what servers say of their use.
        prompted: the ``user`` event of the latest prompt.
        saved_sessions: those that one can go on with, once there is a front end.
        files: what its calls changed, once one may have (``kept_files.files_of``).
    """

    session: Session
    tools: Toolset
    recorder: Recorder | None = None
    wanted: anyio.Event = field(default_factory=anyio.Event)
    loaded: anyio.Event = field(default_factory=anyio.Event)
    complete: anyio.Event = field(default_factory=anyio.Event)
    stopped: anyio.Event = field(default_factory=anyio.Event)
    trust: TrustCommand | None = None
    unusable: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sandbox: Sandbox | None = None
    running: RunningSession | None = None
    servers: Servers | None = None
    sdk: TransportFactory | None = None
    mcp: McpControl | None = None
    spawn: Callable[[Callable[[], Coroutine[Any, Any, None]]], object] | None = None
    hooking: Hooking | None = None
    planning: Planning | None = None
    agents: SessionAgents | None = None
    context_files: Sequence[ContextFile] = ()
    definitions: Definitions | None = None
    style: str | None = None
    mentionable: Mentionable | None = None
    completions_changed: Callable[[], object] = lambda: None
    base_system: str = ""
    prompted: Event | None = None
    files: SessionFiles | None = None
    saved_sessions: SavedSessions | None = None

    def begin(self, spawn: Callable[[Callable[[], Coroutine[Any, Any, None]]], object]) -> None:
        """Lets what goes on as long as the session be begun; servers may have been added before."""
        self.spawn = spawn
        for part in (self.servers, self.mcp):
            if part is not None:
                spawn(part.run)

    def say_first(self, text: str | None = None) -> None:
        """Makes the system prompt ``text``, or what it was, and what servers say of their use."""
        if text is not None:
            self.base_system = text
        more = "" if self.mcp is None else self.mcp.instructions()
        self.session.system = self.base_system + more

    def signed_in(self, where: str) -> None:
        """Has hooks hear that the person signed in somewhere."""
        if self.hooking is not None:
            self.hooking.signed_in(where)

    @property
    def running_tasks(self) -> int:
        """How many commands and agents go on in the background."""
        agents = 0 if self.agents is None else self.agents.crew.beside
        return self.tools.running_tasks() + agents

    def flush(self) -> None:
        """Saves what is about to be shown."""
        if self.recorder is not None:
            self.recorder.flush()

    async def aclose(self) -> None:
        """Ends what the session started: commands, connections; gives the chat free."""
        await self.tools.aclose()
        for model in self.session.models.values():
            if isinstance(model, DeferredModel):
                await model.aclose()
        if self.recorder is not None:
            self.recorder.close()
        if self.running is not None:
            self.running.close()
        if self.files is not None:
            await in_thread(self.files.close, only_if=self.files.opened, abandon=False)


def assemble(launch: Launch, schedule: Callable[[Callable[[], None]], object]) -> Parts:
    """Makes the session of ``launch``.

    Args:
        launch: what was decided before.
        schedule: runs a callable a little later on the loop.

    Raises:
        NoSuchSession: the chat to go on with is open elsewhere.
    """
    settings = launch.settings
    stats = Stats()
    launch.bus.subscribe(stats, name="/stats", on_error="keep", streamed=False)

    sandbox = make_sandbox(launch)
    tools = toolset(
        launch.cwd,
        launch.env,
        limits=Limits(
            _bound(settings.get(keys.OUTPUT_CHARS)),
            _bound(settings.get(keys.OUTPUT_LINES)),
        ),
        shell_timeout_ms=round(settings.get(keys.SHELL_TIMEOUT)),
        proxy=settings.get(keys.PROXY_URL),
        sandbox=sandbox,
    )

    async def expand(text: str) -> Sequence[str | MentionedImage]:
        return await _expand(parts, text)

    def keep(rule: str, scope: str) -> None:
        from qwen_dual.settings.keep import keep_rule

        keep_rule(rule, scope, launch.cwd, launch.home)

    async def ready(needed: Needed) -> None:
        await _make_ready(launch, parts, needed)

    session = Session(
        launch.bus,
        cwd=launch.cwd,
        models=launch.choice.models,
        tools=[*tools.tools, agent_tool(launch, lambda: parts)],
        system=system_of(launch),
        approval_mode=launch.approval_mode,
        expand=expand,
        keep_rule=keep,
        detach=tools.detach_commands,
        ready=ready,
        text_calls=settings.get(keys.TEXT_TOOL_CALLS),
    )
    session.reviews_all = lambda: launch.settings.get(keys.REVIEW)
    tools.hide(session.policy.hides)
    tools.workspace.state = os.path.realpath(launch.home)
    tools.workspace.channels = frozenset(map(os.path.realpath, launch.outside.paths))
    register(session, stats)
    warnings = apply_settings(launch, session, tools)
    parts = Parts(session, tools, warnings=warnings, sandbox=sandbox, base_system=session.system)
    set_up_modes(launch, parts)
    _record(launch, parts, schedule)

    keep_files(launch, parts)
    offer_saved(launch, parts)
    launch.bus.subscribe(
        partial(_follow_session, launch, parts),
        name="What follows the session",
        on_error="keep",
        streamed=False,
    )

    if launch.chat is not None:
        session.conversation.replace(launch.chat.history)
        session.points.replace(points_in(launch.chat))
    if (begun := launch.begun) is not None:
        session.begin(begun.prompt, begun.turn_id)
    return parts


async def _expand(parts: Parts, text: str) -> Sequence[str | MentionedImage]:
    """What a prompt mentions, as the model is to be told it."""
    if "@" not in text:  # to look for more takes a pattern that is slow to compile
        return ()
    session = parts.session
    attached: Sequence[str | MentionedImage] = ()
    if parts.servers is not None:
        from qwen_dual.runtime.mcp_mentions import attach_resources

        resources = await attach_resources(text, parts.servers)
        text, attached = resources.rest, resources.blocks
        for remark in resources.remarks:
            session.notice(remark, "warning")
    mentioned = await parts.tools.expand_mentions(text)
    for remark in mentioned.remarks:
        session.notice(remark, "warning")
    return [*attached, *mentioned.blocks]


async def _make_ready(launch: Launch, parts: Parts, needed: Needed) -> None:
    """Returns once what is needed is loaded; says what of it cannot be used."""
    if needed == "command":
        await parts.complete.wait()
        if may_have_definitions(launch):  # it may be one of those
            parts.wanted.set()
            await parts.loaded.wait()
    else:
        parts.wanted.set()
        await parts.loaded.wait()
        if parts.servers is not None and launch.spec.await_servers:
            await parts.servers.settled()
    for wrong in await _look_again(launch, parts, needed):
        parts.session.notice(wrong, "warning")


def _follow_session(launch: Launch, parts: Parts, event: Event) -> None:
    """An observer: another conversation takes another workspace and log; what ran may have changed branches."""
    if event.get("subtype") == "session_changed":
        parts.tools.forget()
        if parts.agents is not None:
            parts.agents.crew.forget()
        now = launch.workspace.of_session(event["data"]["to"], launch.withheld)
        launch.workspace, parts.tools.workspace.env = now, now.env
        if launch.log is not None:
            launch.log.follow(event["data"]["to"])
    if event["type"] in MAY_CHANGE:
        launch.branch.look_again()


async def _look_again(launch: Launch, parts: Parts, needed: Needed) -> list[str]:
    """Looks for what people wrote as files and have changed; returns what of it cannot be used."""
    wrong: list[str] = []
    if needed == "prompt" and (parts.agents is not None or may_have_agents(launch)):
        from qwen_dual.runtime.agents import agents_of

        wrong += await agents_of(launch, parts).refresh()
    if parts.definitions is not None or may_have_definitions(launch):
        from qwen_dual.runtime.definitions import refresh

        wrong += await refresh(launch, parts)
    return wrong


def agent_tool(launch: Launch, parts: Callable[[], Parts]) -> AgentTool:
    """The tool that sets agents to work, which are put together once a model wants one."""

    def crew() -> Agents:
        from qwen_dual.runtime.agents import agents_of

        return agents_of(launch, parts()).crew

    def listed() -> Sequence[tuple[str, str]] | None:
        agents = parts().agents
        return None if agents is None else agents.roster.listing()

    def taken(call_id: str) -> bool:
        """Whether a call of the chat that goes on has this id."""
        return any(
            block.get("id") == call_id
            for message in parts().session.history
            for block in message["content"]
        )

    return AgentTool(crew, listed, taken)


def _record(launch: Launch, parts: Parts, schedule: Callable[[Callable[[], None]], object]) -> None:
    """Has the session saved, unless the settings say not to."""
    session = parts.session
    keep_commands(launch, parts)
    if not launch.settings.get(keys.CHAT_RECORDING):
        return
    parts.recorder = make_recorder(
        session, launch.home, schedule, lambda: launch.branch.name, launch.chat
    )
    launch.bus.subscribe(
        parts.recorder,
        name="The recorder",
        on_error="drop",
        on_failure=parts.recorder.fail,
        missed=True,
        behind=lambda: parts.recorder is not None and parts.recorder.behind,
    )
    session.on_content = parts.recorder.expanded


def system_of(launch: Launch, style: OutputStyle | None = None) -> str:
    """What the model is told first: the command line's words where it has any.

    Args:
        launch: what was decided.
        style: how it is to write; of no effect on the words of the command line.
    """
    text = launch.spec.system_prompt
    if text is None:
        coding = style is None or style.keeps_coding
        text = system_prompt(launch.cwd, launch.branch.name, coding=coding)
        text += "" if style is None else f"\n\n# Output style: {style.name}\n\n{style.text}"
    more = launch.spec.append_system_prompt
    return text if more is None else f"{text}\n\n{more}"


def _bound(limit: int) -> int:
    """A limit of the settings, where -1 is none."""
    return limit if limit > 0 else sys.maxsize
